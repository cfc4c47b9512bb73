import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCalendars, toCounter } from '../../filters/limits/amounts.ts';
import type { LimitView } from '../../filters/limits/limit.ts';
import { bearer, createPort, createStores, NOW, startAdmin } from '../harness.test.ts';

const VIEWER = bearer('viewer');
const OPERATOR = bearer('operator');

const VIEW: LimitView = {
  organization: 'acme',
  team: 'search',
  user: undefined,
  key: undefined,
  endUser: undefined,
  claims: undefined,
  model: 'gpt-4o',
  sentModel: undefined,
  operation: 'chat',
  method: 'POST',
  path: '/v1/chat/completions',
  service: 'default',
  route: 'r',
  cluster: '',
  ip: '10.0.0.1',
  header: () => undefined,
};

const AMOUNTS = {
  inputTokens: 1500,
  outputTokens: 500,
  cachedInputTokens: 0,
  cacheCreationInputTokens: 0,
  reasoningTokens: 0,
  nanoUsd: 12_500_000_000,
  sentModel: '',
  cluster: '',
  route: '',
};

/** Stores whose counters have seen one request of the team `acme/search`. */
async function createUsed(scope: Parameters<typeof createStores>[0]) {
  const stores = await createStores(scope);
  const extras = { extra: () => 0 };
  const counters = stores.limits
    .filter(({ scope: { path } }) => path !== 'solo')
    .map(({ limit }) => toCounter(limit, VIEW, { amounts: AMOUNTS, nowMs: NOW, calendars: createCalendars(), extras }))
    .filter((counter) => counter !== undefined);
  stores.counters.charge(
    counters,
    counters.map(({ amount }) => amount),
    NOW,
  );
  return stores;
}

interface Shown {
  id: string;
  name: string;
  kind: string;
  scope: { path: string };
  limit: string;
  increase: string;
  state: { used: string; remaining: string } | null;
}

test('every limit and budget is listed with where it stands', async (context) => {
  const { call } = await startAdmin(context, await createUsed(context));
  const { status, body } = await call({ path: '/api/v1/limits', headers: VIEWER });
  assert.equal(status, 200);
  assert.deepEqual(
    body.limits.map(({ kind, scope, limit, state }: Shown) => [kind, scope.path, limit, state?.used, state?.remaining]),
    [
      ['budget', 'acme', '5000.000000000', '12.500000000', '4987.500000000'],
      ['rate_limit', 'acme/search', '2000000', '2000', '1998000'],
      ['rate_limit', 'acme/search', '60', undefined, undefined],
      ['budget', 'solo', '1.000000000', '0.000000000', '1.000000000'],
    ],
  );
  assert.deepEqual(body.limits[2].dimensions, ['model']);
  const narrowed = async (query: string) =>
    (await call({ path: `/api/v1/limits?${query}`, headers: VIEWER })).body.limits.map(
      ({ scope }: Shown) => scope.path,
    );
  assert.deepEqual(await narrowed('scope=acme'), ['acme', 'acme/search', 'acme/search']);
  assert.deepEqual(await narrowed('scope=acm'), []);
  assert.deepEqual(await narrowed('kind=budget'), ['acme', 'solo']);
  const first = await call({ path: '/api/v1/limits?limit=3', headers: VIEWER });
  assert.deepEqual(await narrowed(`after=${first.body.next}`), ['solo']);
  assert.equal((await call({ path: '/api/v1/limits?after=bm8', headers: VIEWER })).status, 400);
});

test('a limit that counts by dimensions is looked at for given values', async (context) => {
  const { call } = await startAdmin(context, await createUsed(context));
  const path = '/api/v1/limits/state?id=by%20model';
  const { status, body, text } = await call({ path: `${path}&value=model%3Dgpt-4o`, headers: VIEWER });
  assert.equal(status, 200, text);
  assert.deepEqual([body.name, body.state.used], ['by model', '1']);
  assert.equal((await call({ path: `${path}&value=model%3Dother`, headers: VIEWER })).body.state.used, '0');
  for (const [query, message] of [
    ['', /has no model/],
    ['&value=model', /DIMENSION=VALUE/],
    ['&value=model%3D', /has no model/],
    ['&value=model%3Dx&value=team%3Dy', /does not count by "team"; it counts by model/],
  ] as const) {
    const wrong = await call({ path: `${path}${query}`, headers: VIEWER });
    assert.equal(wrong.status, 400, query);
    assert.match(wrong.body.error.message, message);
  }
  assert.equal((await call({ path: '/api/v1/limits/state?id=none', headers: VIEWER })).status, 404);
});

test('reset: the counter is empty afterwards', async (context) => {
  const { call } = await startAdmin(context, await createUsed(context));
  const reset = (body: object) => call({ method: 'POST', path: '/api/v1/limits/reset', headers: OPERATOR, body });
  const { status, body } = await reset({ limit: 'acme budget' });
  assert.deepEqual([status, body.state.used], [200, '0.000000000']);
  const one = await reset({ limit: 'by model', values: { model: 'gpt-4o' } });
  assert.equal(one.body.state.used, '0');
  assert.equal((await reset({ limit: 'by model' })).status, 400);
  assert.equal((await reset({ limit: 'by model', values: { model: 1 } })).status, 400);
});

test('a budget is increased for a time, and the increase taken back', async (context) => {
  const stores = await createUsed(context);
  const server = await startAdmin(context, stores);
  const increase = (body: object) =>
    server.call({ method: 'POST', path: '/api/v1/limits/overrides', headers: OPERATOR, body });
  const { status, body, text } = await increase({
    limit: 'acme budget',
    amount: '500.25',
    until: '48h',
    reason: 'launch',
  });
  assert.equal(status, 201, text);
  assert.deepEqual(
    [body.amount, body.measure, body.created_by, body.active, body.until],
    ['500.250000000', 'usd', 'operator-token', true, new Date(NOW + 48 * 3_600_000).toISOString()],
  );
  assert.equal(stores.told.limits, 1);
  const [stored] = (await stores.keys.listOverrides({})).overrides;
  const id = stores.limits.find(({ scope }) => scope.path === 'acme')?.limit.id ?? '';
  assert.deepEqual([stored?.scope, stored?.unit, stored?.amount], [id, 'usd_nano', 500_250_000_000]);
  // What the gateway then adds shows in the list.
  stores.extras.set(id, 500_250_000_000);
  const listed = (await server.call({ path: '/api/v1/limits?scope=acme&limit=1', headers: VIEWER })).body.limits[0];
  assert.deepEqual([listed.increase, listed.state.remaining], ['500.250000000', '5487.750000000']);
  const active = () => server.call({ path: '/api/v1/limits/overrides?active=true', headers: VIEWER });
  assert.equal((await active()).body.overrides.length, 1);
  const path = `/api/v1/limits/overrides/${body.id}`;
  server.clock.nowMs += 1000;
  const ended = await server.call({ method: 'DELETE', path, headers: OPERATOR });
  assert.deepEqual([ended.status, ended.body.active], [200, false]);
  assert.equal((await active()).body.overrides.length, 0);
  assert.equal((await server.call({ path: '/api/v1/limits/overrides', headers: VIEWER })).body.overrides.length, 1);
  assert.equal((await server.call({ method: 'DELETE', path: `${path}x`, headers: OPERATOR })).status, 404);
  for (const [change, param] of [
    [{ amount: 0 }, 'amount'],
    [{ amount: -5 }, 'amount'],
    [{ amount: '1e3' }, 'amount'],
    [{ amount: '9007200' + '000' }, 'amount'],
    [{ until: 'now' }, 'until'],
    [{ until: '400d' }, 'until'],
    [{ from: 'now+3d' }, 'until'],
    [{ reason: '' }, 'reason'],
    [{ scope: 'acme' }, 'scope'],
  ] as const) {
    const wrong = await increase({ limit: 'acme budget', amount: 5, until: '48h', reason: 'r', ...change });
    assert.deepEqual([wrong.status, wrong.body.error.param], [400, param], wrong.text);
  }
});

test('counters that do not answer are 503, no limits 501', async (context) => {
  const { port } = await createStores(context);
  const limits = port.limits?.();
  assert.ok(limits !== undefined);
  const peek = () => Promise.reject(new Error('redis is away'));
  const { call } = await startAdmin(context, { port: { ...port, limits: () => ({ ...limits, peek }) } });
  assert.equal((await call({ path: '/api/v1/limits', headers: VIEWER })).status, 503);
  const bare = await startAdmin(context, { port: createPort() });
  assert.equal((await bare.call({ path: '/api/v1/limits', headers: VIEWER })).status, 501);
});
