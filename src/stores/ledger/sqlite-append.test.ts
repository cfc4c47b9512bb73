import assert from 'node:assert/strict';
import test from 'node:test';
import { migrate } from '../database/migrate.ts';
import { MIGRATIONS } from '../database/migrations.ts';
import { openDatabase, openStore } from '../database/open-database.ts';
import { CommonPool } from './common-pool.ts';
import { sampleRecord, sampleRecords } from './sample-records.test.ts';
import { createLedger } from './sql-ledger.ts';
import { USAGE_COLUMNS } from './usage-columns.ts';
import type { UsageRecord } from './usage-record.ts';
import { toUsageRow } from './usage-row.ts';

const ALIKE = Array.from({ length: 125 }, (_, index) =>
  sampleRecord(`alike-${index}`, { timeMs: index, durationMs: index }),
);
function rowsOf(records: readonly UsageRecord[]) {
  const batch = new CommonPool().pack(records);
  return records.map((_, index) => toUsageRow(batch, index));
}

const BATCHES: Readonly<Record<string, readonly UsageRecord[]>> = {
  'one record': [sampleRecord('one')],
  'records alike': ALIKE,
  'records of different callers': ALIKE.map((record, index) => ({
    ...record,
    keyId: `key-${index % 7}`,
    tags: { index: String(index) },
  })),
  'records of different targets': ALIKE.map((record, index) => ({
    ...record,
    cluster: `cluster-${index % 3}`,
    stream: index % 2 === 0,
  })),
  'records of all kinds': sampleRecords(230, 0, 1000),
  'exactly one statement': ALIKE.slice(0, 50),
};

for (const [name, records] of Object.entries(BATCHES)) {
  test(`${name} come back as they were given, and once however often they are given`, async (context) => {
    const database = await openStore(':memory:');
    context.after(() => database.close());
    const ledger = createLedger(database);
    assert.deepEqual(await ledger.append(records), { inserted: records.length, ignored: 0 });
    assert.deepEqual(await ledger.append([...records, sampleRecord('new')]), { inserted: 1, ignored: records.length });
    for (const record of records)
      assert.deepEqual(await ledger.record(record.id).then((found) => found?.record), record);
    assert.equal((await ledger.total()).requests, records.filter(({ kind }) => kind === 'request').length + 1);
  });
}

test('an id that is twice in one statement counts once', async (context) => {
  const database = await openStore(':memory:');
  context.after(() => database.close());
  const twice = [...ALIKE.slice(0, 60), ...ALIKE.slice(0, 60)];
  assert.deepEqual(await createLedger(database).append(twice), { inserted: 60, ignored: 60 });
});

test('an id that only looks different twice counts once', async (context) => {
  const database = await openStore(':memory:');
  context.after(() => database.close());
  const ledger = createLedger(database);
  const odd = ['a\0', 'a\ud800', `a${'x'.repeat(200)}`].map((id) => sampleRecord(id));
  // Neither NUL nor half a surrogate pair can be kept: both become U+FFFD.
  assert.deepEqual(await ledger.append(odd), { inserted: 2, ignored: 1 });
  assert.deepEqual(await ledger.append(odd), { inserted: 0, ignored: 3 });
});

test('what records of an hour have in common is stored once, by each process that stores it', async (context) => {
  const database = await openStore(':memory:');
  context.after(() => database.close());
  const contexts = () => database.query('SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM aigw_usage_context');
  const [one, other] = [createLedger(database), createLedger(database)];
  await one.append(ALIKE);
  await one.append(ALIKE.map((record) => ({ ...record, id: `again-${record.id}` })));
  assert.deepEqual(await contexts(), [{ n: 1, ids: 1 }]);
  await other.append([sampleRecord('elsewhere')]);
  assert.deepEqual(await contexts(), [{ n: 2, ids: 2 }]);
  await one.append([sampleRecord('later', { timeMs: 3_600_000 }), sampleRecord('tagged', { tags: { a: 'b' } })]);
  assert.deepEqual(await contexts(), [{ n: 4, ids: 4 }]);
  await one.prune(3_600_000, 'records');
  assert.deepEqual(await contexts(), [{ n: 1, ids: 1 }]);
});

test('the newest records are found without sorting, and one by its id without a scan', async (context) => {
  const database = await openStore(':memory:');
  context.after(() => database.close());
  const plan = async (sql: string) =>
    (await database.query(`EXPLAIN QUERY PLAN ${sql}`)).map(({ detail }) => String(detail)).join('; ');
  const newest =
    await plan(`SELECT * FROM aigw_usage WHERE time_ms >= 5 AND key_id IN ('a') AND (time_ms, id) < (9, 'x')
    ORDER BY time_ms DESC, id DESC LIMIT 5`);
  assert.match(newest, /SEARCH usage .*time_ms/);
  assert.doesNotMatch(newest, /TEMP B-TREE/);
  assert.doesNotMatch(await plan("SELECT * FROM aigw_usage WHERE id = 'x'"), /SCAN/);
});

test('records of the table that was one before come back whole, and are still known', async (context) => {
  const database = await openDatabase(':memory:');
  context.after(() => database.close());
  await migrate(database, MIGRATIONS.slice(0, 3));
  const records = sampleRecords(120, 0, 3 * 3_600_000);
  const columns = USAGE_COLUMNS.map(([name]) => name).join(', ');
  const places = USAGE_COLUMNS.map((_, index) => `$${index + 1}`).join(', ');
  await database.batch([{ sql: `INSERT INTO aigw_usage (${columns}) VALUES (${places})`, many: rowsOf(records) }]);
  await migrate(database);
  const ledger = createLedger(database);
  for (const record of records) assert.deepEqual(await ledger.record(record.id).then((found) => found?.record), record);
  assert.deepEqual(await ledger.append([...records, sampleRecord('new')]), { inserted: 1, ignored: 120 });
  const { records: newest } = await ledger.records({ limit: 1000 });
  assert.equal(newest.length, 121);
});
