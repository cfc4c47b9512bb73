import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleRecord } from '../../stores/ledger/sample-records.test.ts';
import { bearer, createPort, createStores, NOW, startAdmin } from '../harness.test.ts';

const VIEWER = bearer('viewer');
const HOUR_MS = 3_600_000;

test('sums by dimensions: exact money, only what is asked for', async (context) => {
  const { port, ledger } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  const tokens = { ...sampleRecord('x').tokens, input: 100, cacheRead: 10, output: 20, reasoning: 5 };
  await ledger.append([
    sampleRecord('a', { timeMs: NOW - HOUR_MS, team: 'search', costNanoUsd: 12_345_678_900, tokens }),
    sampleRecord('b', { timeMs: NOW - HOUR_MS, team: 'search', costNanoUsd: 1 }),
    sampleRecord('c', { timeMs: NOW - HOUR_MS, team: 'ads', costNanoUsd: null, priced: 'unknown', status: 502 }),
    sampleRecord('d', { timeMs: NOW - 40 * 24 * HOUR_MS, team: 'ads', costNanoUsd: 5 }),
  ]);
  const { status, body } = await call({ path: '/api/v1/usage?by=team,model&from=now-7d&to=now', headers: VIEWER });
  assert.equal(status, 200);
  assert.deepEqual(body.by, ['team', 'model']);
  assert.equal(body.from, new Date(NOW - 7 * 24 * HOUR_MS).toISOString());
  assert.deepEqual(
    body.groups.map((one: { group: object; requests: number; errors: number; cost_usd: string; unpriced: number }) => [
      one.group,
      one.requests,
      one.errors,
      one.cost_usd,
      one.unpriced,
    ]),
    [
      [{ team: 'ads', model: 'gpt-4o-mini' }, 1, 1, '0.000000000', 1],
      [{ team: 'search', model: 'gpt-4o-mini' }, 2, 0, '12.345678901', 0],
    ],
  );
  assert.deepEqual(
    [body.groups[1].tokens.input, body.groups[1].tokens.reasoning, body.groups[1].tokens.total],
    [110, 5, 145],
  );
  const only = await call({ path: '/api/v1/usage?team=ads&status=200&status=502', headers: VIEWER });
  assert.deepEqual([only.body.groups[0].requests, only.body.from, only.body.groups[0].group], [2, null, {}]);
  const largest = await call({ path: '/api/v1/usage?by=team&order=cost&limit=1', headers: VIEWER });
  assert.equal(largest.body.groups[0].group.team, 'search');
  const rest = await call({
    path: `/api/v1/usage?by=team&order=cost&limit=1&after=${largest.body.next}`,
    headers: VIEWER,
  });
  assert.deepEqual([rest.body.groups[0].group.team, rest.body.next], ['ads', null]);
});

test('money beyond 2^53 billionths stays exact', async (context) => {
  const { port, ledger } = await createStores(context);
  const total = await ledger.total();
  const usage = {
    query: async () => ({
      groups: [{ group: {}, sums: { ...total, costNanoUsd: 98_765_432_109_876_543_210n } }],
      next: undefined,
    }),
    records: async () => ({ records: [], next: undefined }),
  };
  const { call } = await startAdmin(context, { port: { ...port, usage: async () => usage } });
  const { text } = await call({ path: '/api/v1/usage', headers: VIEWER });
  assert.match(text, /"cost_usd":"98765432109\.876543210"/);
});

test('single records, newest first, by pages', async (context) => {
  const { port, ledger } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  await ledger.append([
    sampleRecord('a', { timeMs: NOW - 1000, bodies: { request: 'private text', response: null }, tags: { x: 'y' } }),
    sampleRecord('b', { timeMs: NOW - 500, status: 429, costNanoUsd: null, timeToFirstTokenMs: 40 }),
  ]);
  const first = await call({ path: '/api/v1/usage/records?limit=1', headers: VIEWER });
  assert.deepEqual(
    [first.body.records[0].id, first.body.records[0].cost_usd, first.body.records[0].first_token_ms],
    ['b', null, 40],
  );
  const second = await call({ path: `/api/v1/usage/records?after=${first.body.next}`, headers: VIEWER });
  assert.deepEqual(
    [second.body.records[0].id, second.body.records[0].cost_usd, second.body.records[0].tags],
    ['a', '0.000004500', { x: 'y' }],
  );
  assert.ok(!second.text.includes('private text'), 'bodies are not shown');
  const failed = await call({ path: '/api/v1/usage/records?failed=true', headers: VIEWER });
  assert.deepEqual(
    failed.body.records.map(({ id }: { id: string }) => id),
    ['b'],
  );
});

test('a query that is not right is refused with the name of its parameter', async (context) => {
  const { port } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  for (const [query, param] of [
    ['by=colour', 'by'],
    ['by=team,team', 'by'],
    ['from=yesterday', 'from'],
    ['from=2026-13-01', 'from'],
    ['from=now&to=now-1d', 'from'],
    ['to=1e99', 'to'],
    ['teem=search', 'teem'],
    ['status=ok', 'status'],
    ['order=name', 'order'],
    ['limit=-1', 'limit'],
    ['after=AAAA', 'after'],
    ['__proto__=x', '__proto__'],
    ['constructor=x', 'constructor'],
  ] as const) {
    const { status, body } = await call({ path: `/api/v1/usage?${query}`, headers: VIEWER });
    assert.equal(status, 400, query);
    assert.equal(body.error.param, param, JSON.stringify(body));
  }
});

test('without a ledger the answer names what to configure; with one that is away it says so', async (context) => {
  const bare = await startAdmin(context, { port: createPort() });
  const { status, body } = await bare.call({ path: '/api/v1/usage', headers: VIEWER });
  assert.deepEqual([status, body.error.code], [501, 'not_configured']);
  assert.match(body.error.message, /`stores\.ledger`/);
  const { port, database } = await createStores(context);
  const server = await startAdmin(context, { port });
  await database.close();
  const away = await server.call({ path: '/api/v1/usage', headers: VIEWER });
  assert.deepEqual([away.status, away.body.error.code], [503, 'store_unavailable']);
});
