import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { type PostgresServer, postgresMissing, startPostgres } from '../../../test/support/postgres-server.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { openStore } from '../database/open-database.ts';
import type { SqlDatabase } from '../database/sql-database.ts';
import type { Ledger, UsageDimension, UsageGroup, UsageQuery } from './ledger.ts';
import { sampleRecord, sampleRecords } from './sample-records.test.ts';
import { createLedger } from './sql-ledger.ts';
import { HOUR_MS } from './usage-columns.ts';
import type { UsageRecord } from './usage-record.ts';

const T0 = Date.UTC(2026, 4, 1);
const HOSTILE = [
  "'; DROP TABLE aigw_usage; --",
  '" OR ""="',
  '$1',
  '?1',
  "\\'; SELECT 1",
  '%',
  '_',
  '{text}',
  '🦆',
  ')) --',
];

/** The sums of records by group, the plain way. */
function expected(records: readonly UsageRecord[], group: (record: UsageRecord) => string) {
  const sums = new Map<
    string,
    { requests: number; errors: number; input: number; output: number; cost: number; seconds: number }
  >();
  for (const record of records) {
    const name = group(record);
    const sum = sums.get(name) ?? { requests: 0, errors: 0, input: 0, output: 0, cost: 0, seconds: 0 };
    if (record.kind === 'request') sum.requests++;
    if (record.kind === 'request' && (record.status >= 400 || record.errorCode !== '')) sum.errors++;
    sum.input += record.tokens.input;
    sum.output += record.tokens.output;
    sum.cost += record.costNanoUsd ?? 0;
    sum.seconds += record.units.seconds;
    sums.set(name, sum);
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shown(groups: readonly UsageGroup[], by: readonly UsageDimension[]) {
  return Object.fromEntries(
    groups.map(({ group, sums }) => [
      by.map((name) => group[name]).join('|'),
      {
        requests: sums.requests,
        errors: sums.errors,
        input: sums.tokens.input,
        output: sums.tokens.output,
        cost: sums.costNanoUsd,
        seconds: sums.units.seconds,
      },
    ]),
  );
}

async function allGroups(ledger: Ledger, query: UsageQuery): Promise<UsageGroup[]> {
  const groups: UsageGroup[] = [];
  let after: string | undefined;
  do {
    const page = await ledger.query({ ...query, after });
    assert.ok(page.groups.length <= (query.limit ?? 100));
    groups.push(...page.groups);
    after = page.next;
  } while (after !== undefined);
  return groups;
}

const refused = (param: string) => (error: unknown) =>
  GatewayError.is(error) && error.code === 'invalid_request' && error.param === param;

function cases(address: (name: string) => string): void {
  let database: SqlDatabase;
  let ledger: Ledger;
  const records = sampleRecords(2000, T0, 40 * HOUR_MS);
  before(async () => {
    database = await openStore(address('main'));
    ledger = createLedger(database);
    for (let at = 0; at < records.length; at += 300) await ledger.append(records.slice(at, at + 300));
  });
  after(() => database.close());

  const groupings: [UsageDimension[], (record: UsageRecord) => string][] = [
    [['organization', 'team'], (r) => `${r.organization}|${r.team}`],
    [['user'], (r) => r.user],
    [['key', 'model'], (r) => `${r.keyId}|${r.sentModel || r.requestedModel}`],
    [['end_user'], (r) => r.endUser],
    [['end_user', 'operation', 'route'], (r) => `${r.endUser}|${r.operation}|${r.route}`],
    [['status', 'provider', 'cluster'], (r) => `${r.status}|${r.provider}|${r.cluster}`],
    [['requested_model', 'service'], (r) => `${r.requestedModel}|${r.service}`],
    [['hour'], (r) => `${new Date(r.timeMs).toISOString().slice(0, 13)}:00Z`],
    [['day', 'organization'], (r) => `${new Date(r.timeMs).toISOString().slice(0, 10)}|${r.organization}`],
    [['month'], (r) => new Date(r.timeMs).toISOString().slice(0, 7)],
  ];
  for (const [by, group] of groupings) {
    test(`sums by ${by.join(', ')}`, async () => {
      assert.deepEqual(shown(await allGroups(ledger, { by, limit: 7 }), by), expected(records, group));
    });
  }

  test('groups come in order, the largest first when asked', async () => {
    const by: UsageDimension[] = ['organization', 'user'];
    const groups = await allGroups(ledger, { by, limit: 3 });
    const names = groups.map(({ group }) => `${group.organization}|${group.user}`);
    assert.deepEqual(names, [...names].sort());
    for (const order of ['cost', 'requests', 'tokens'] as const) {
      const ranked = await allGroups(ledger, { by, order, limit: 3 });
      assert.deepEqual(new Set(ranked.map(({ group }) => `${group.organization}|${group.user}`)), new Set(names));
      const ranks = ranked.map(({ sums }) =>
        order === 'cost'
          ? sums.costNanoUsd
          : order === 'requests'
            ? sums.requests
            : sums.tokens.input + sums.tokens.cacheRead + sums.tokens.output,
      );
      assert.deepEqual(
        ranks,
        [...ranks].sort((a, b) => b - a),
      );
    }
  });

  test('ranges that cut an hour are exact', async () => {
    const cuts = [
      [T0 + 1_234_567, T0 + 30 * HOUR_MS + 7],
      [T0 + 5 * HOUR_MS, T0 + 9 * HOUR_MS + 1],
      [T0 + 5 * HOUR_MS + 1, T0 + 9 * HOUR_MS],
      [T0 + 5 * HOUR_MS + 10, T0 + 5 * HOUR_MS + 900_000],
      [T0 + 5 * HOUR_MS + 10, T0 + 6 * HOUR_MS + 900_000],
    ] as const;
    for (const [fromMs, toMs] of cuts) {
      const inside = records.filter((record) => record.timeMs >= fromMs && record.timeMs < toMs);
      for (const by of [['team'], ['end_user']] satisfies UsageDimension[][]) {
        const group = (record: UsageRecord) => (by[0] === 'team' ? record.team : record.endUser);
        const page = await ledger.query({ fromMs, toMs, by, limit: 1000 });
        assert.deepEqual(shown(page.groups, by), expected(inside, group));
        assert.deepEqual([page.fromMs, page.toMs], [fromMs, toMs]);
      }
    }
  });

  test('filters', async () => {
    const by: UsageDimension[] = ['model'];
    const page = await ledger.query({ by, filter: { organization: ['org-1', 'org-2'], status: 200 } });
    const inside = records.filter((r) => ['org-1', 'org-2'].includes(r.organization) && r.status === 200);
    assert.deepEqual(
      shown(page.groups, by),
      expected(inside, (r) => r.sentModel || r.requestedModel),
    );
    const user = await ledger.total({ filter: { end_user: 'end-1' } });
    assert.equal(user.requests, records.filter((r) => r.endUser === 'end-1' && r.kind === 'request').length);
    assert.equal((await ledger.total({ filter: { organization: [] } })).requests, 0);
  });

  test('the total is that of the records', async () => {
    const total = await ledger.total();
    const sum = (read: (record: UsageRecord) => number) => records.reduce((all, record) => all + read(record), 0);
    assert.equal(total.requests, records.filter((r) => r.kind === 'request').length);
    assert.equal(
      total.tokens.cacheRead,
      sum((r) => r.tokens.cacheRead),
    );
    assert.equal(
      total.tokens.outputImage,
      sum((r) => r.tokens.outputImage),
    );
    assert.equal(
      total.units.searchUnits,
      sum((r) => r.units.searchUnits),
    );
    assert.equal(
      total.costNanoUsd,
      sum((r) => r.costNanoUsd ?? 0),
    );
    assert.equal(total.unpriced, records.filter((r) => r.costNanoUsd === null).length);
    assert.equal(total.estimated, records.filter((r) => r.estimated).length);
    assert.equal(total.firstTokens, records.filter((r) => r.timeToFirstTokenMs !== null).length);
  });

  test('single records newest first, whole', async () => {
    const listed: UsageRecord[] = [];
    let after: string | undefined;
    do {
      const page = await ledger.records({ filter: { key: 'key-3' }, limit: 50, after });
      listed.push(...page.records);
      after = page.next;
    } while (after !== undefined);
    const wanted = records
      .filter((record) => record.keyId === 'key-3')
      .sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? 1 : -1));
    assert.deepEqual(
      listed,
      wanted.map(({ bodies: _, ...record }) => record),
    );
    const failed = await ledger.records({ failed: true, limit: 1000 });
    assert.ok(failed.records.length > 0 && failed.records.every((r) => r.status >= 400 || r.errorCode !== ''));
    const fine = await ledger.records({ failed: false, limit: 1000, fromMs: T0, toMs: T0 + HOUR_MS });
    assert.ok(
      fine.records.length > 0 &&
        fine.records.every((r) => r.status < 400 && r.errorCode === '' && r.timeMs < T0 + HOUR_MS),
    );
  });

  test('wrong arguments are told by name', async () => {
    const bad = (query: object) => ledger.query({ by: [], ...query } as UsageQuery);
    await assert.rejects(bad({ by: ['nobody'] }), refused('by'));
    await assert.rejects(bad({ by: ['__proto__'] }), refused('by'));
    await assert.rejects(bad({ by: ['team', 'team'] }), refused('by'));
    await assert.rejects(bad({ by: ['team) FROM aigw_usage; --'] }), refused('by'));
    await assert.rejects(bad({ order: 'cost; --' }), refused('order'));
    await assert.rejects(bad({ filter: { 'team = team OR team': 'x' } }), refused('filter'));
    await assert.rejects(bad({ filter: { day: '2026-05-01' } }), refused('filter'));
    await assert.rejects(bad({ filter: { status: '200 OR 1=1' } }), refused('filter'));
    await assert.rejects(bad({ filter: { team: { $ne: '' } } }), refused('filter'));
    await assert.rejects(bad({ limit: 0 }), refused('limit'));
    await assert.rejects(bad({ limit: 1e9 }), refused('limit'));
    await assert.rejects(bad({ fromMs: 5, toMs: 4 }), refused('from'));
    await assert.rejects(bad({ toMs: Number.NaN }), refused('to'));
    for (const after of ['', 'x', 'W10', Buffer.from('["usage:team:group",{}]').toString('base64url')]) {
      await assert.rejects(bad({ by: ['team'], after }), refused('after'));
      await assert.rejects(ledger.records({ after }), refused('after'));
    }
    const other = await ledger.query({ by: ['team'], limit: 1 });
    await assert.rejects(bad({ by: ['user'], after: other.next }), refused('after'));
  });

  test('hostile texts in every field are kept as they are', async () => {
    const place = createLedger(database);
    const hostile = HOSTILE.map((text, index) =>
      sampleRecord(`hostile-${index}-${text}`, {
        requestId: `hostile-${index}-${text}`,
        timeMs: T0 - HOUR_MS,
        service: text,
        route: text,
        cluster: text,
        provider: text,
        requestedModel: text,
        sentModel: text,
        answeredModel: text,
        organization: text,
        team: text,
        user: text,
        keyId: text,
        keyName: text,
        endUser: text,
        operation: text,
        clientDialect: text,
        errorCode: text,
        tags: { [text]: text },
        bodies: { request: text, response: null },
      }),
    );
    assert.deepEqual(await place.append(hostile), { inserted: hostile.length, ignored: 0 });
    for (const [index, text] of HOSTILE.entries()) {
      const found = await place.record(`hostile-${index}-${text}`);
      const { bodies, ...record } = hostile[index] as UsageRecord;
      assert.deepEqual(found, { record, bodies });
      const filter = {
        service: text,
        route: text,
        model: text,
        organization: text,
        key: text,
        end_user: text,
        operation: text,
      };
      const sums = await place.query({ by: ['organization', 'end_user'], filter });
      assert.deepEqual(
        sums.groups.map(({ group }) => group),
        [{ organization: text, end_user: text }],
      );
      const listed = await place.records({ filter });
      assert.equal(listed.records.length, 1);
    }
    assert.equal(await place.record("' OR 1=1 --"), undefined);
  });

  describe('a ledger of its own', () => {
    let own: Ledger;
    let ownDatabase: SqlDatabase;
    before(async () => {
      ownDatabase = await openStore(address('own'));
      own = createLedger(ownDatabase);
    });
    after(() => ownDatabase.close());

    test('a record counts once, however often and from how many it comes', async () => {
      const batch = sampleRecords(100, T0, HOUR_MS, 'once');
      const results = await Promise.all(Array.from({ length: 4 }, () => own.append([...batch, ...batch])));
      assert.equal(
        results.reduce((sum, { inserted }) => sum + inserted, 0),
        100,
      );
      assert.equal(
        results.reduce((sum, { ignored }) => sum + ignored, 0),
        700,
      );
      const total = await own.total({ filter: { organization: batch.map((record) => record.organization) } });
      assert.equal(
        total.tokens.input,
        batch.reduce((sum, record) => sum + record.tokens.input, 0),
      );
    });

    test('several writers to the same hours lock nobody out', async () => {
      const before = await own.total();
      const batches = Array.from({ length: 20 }, (_, index) => sampleRecords(50, T0, 3 * HOUR_MS, `w${index}`));
      await Promise.all(
        [0, 1, 2, 3].map(async (writer) => {
          // Each in an order of its own.
          for (const batch of batches.slice(writer * 5, writer * 5 + 5)) await own.append(batch.reverse());
        }),
      );
      const after = await own.total();
      const all = batches.flat();
      assert.equal(after.requests - before.requests, all.filter(({ kind }) => kind === 'request').length);
      assert.equal(
        after.tokens.input - before.tokens.input,
        all.reduce((sum, record) => sum + record.tokens.input, 0),
      );
    });

    test('numbers that no provider can mean are bounded, texts cut', async () => {
      const wild = sampleRecord('wild', {
        timeMs: T0,
        organization: 'wild',
        endUser: 'x'.repeat(5000),
        requestedModel: `${'m'.repeat(254)}🦆${'m'.repeat(5000)}`,
        sentModel: '',
        keyName: 'nul\0half\ud83e',
        costNanoUsd: 1e300,
        durationMs: Number.NaN,
        estimated: false,
        tags: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`tag-${index}`, 'v'.repeat(1000)])),
      });
      wild.tokens.input = Number.POSITIVE_INFINITY;
      wild.tokens.output = -5;
      await own.append([wild, { ...wild, id: `long-${'i'.repeat(500)}` }, { ...wild, id: `long-${'i'.repeat(501)}` }]);
      const { records: kept } = await own.records({ filter: { organization: 'wild' } });
      assert.equal(kept.length, 3);
      const record = kept.find(({ id }) => id === 'wild');
      assert.equal(record?.endUser.length, 256);
      assert.equal(record?.requestedModel, `${'m'.repeat(254)}\ufffd…`);
      assert.equal(record?.keyName, 'nul\ufffdhalf\ufffd');
      assert.deepEqual(
        [record?.tokens.input, record?.tokens.output, record?.costNanoUsd, record?.durationMs],
        [1e12, 0, 1e15, 0],
      );
      assert.equal(record?.estimated, true);
      assert.equal(Object.keys(record?.tags ?? {}).length, 32);
    });

    test('what is forgotten: bodies, records, then sums', async () => {
      const organization = 'old';
      const old = Array.from({ length: 20 }, (_, index) =>
        sampleRecord(`old-${index}`, {
          organization,
          timeMs: T0 - 100 * HOUR_MS + index * HOUR_MS,
          bodies: { request: 'q', response: 'a' },
        }),
      );
      await own.append(old);
      const cutMs = T0 - 95 * HOUR_MS;
      assert.equal(await own.prune(cutMs + 59, 'bodies'), 5);
      assert.equal((await own.record('old-4'))?.bodies, undefined);
      assert.deepEqual((await own.record('old-5'))?.bodies, { request: 'q', response: 'a' });
      assert.equal(await own.prune(cutMs + 59, 'records'), 5);
      assert.equal((await own.total({ filter: { organization } })).requests, 20);
      // Coming again it could not be told from a new one.
      assert.deepEqual(await own.append(old), { inserted: 0, ignored: 20 });
      assert.equal((await own.total({ filter: { organization } })).requests, 20);
      // The hour can no longer be cut: the page tells that it was taken whole.
      const page = await own.query({
        by: ['organization'],
        filter: { organization },
        fromMs: T0 - 97 * HOUR_MS + 5,
        toMs: T0,
      });
      assert.equal(page.fromMs, T0 - 97 * HOUR_MS);
      assert.equal(page.groups[0]?.sums.requests, 17);
      assert.ok((await own.prune(cutMs, 'rollups')) >= 5);
      assert.equal((await own.total({ filter: { organization } })).requests, 15);
      await assert.rejects(own.prune(Number.NaN, 'records'), refused('before'));
    });
  });
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-ledger-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  cases((name) => join(folder, `${name}.db`));
});

describe('PostgreSQL', { skip: postgresMissing() }, () => {
  let server: PostgresServer | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.close());
  cases((name) => server?.database(name) ?? '');
});
