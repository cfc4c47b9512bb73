import assert from 'node:assert/strict';
import test from 'node:test';
import { openStore } from '../database/open-database.ts';
import { sampleRecord, sampleRecords } from './sample-records.test.ts';
import { createLedger } from './sql-ledger.ts';
import { sqliteInserts } from './sqlite-inserts.ts';
import type { UsageRecord } from './usage-record.ts';
import { toUsageRow } from './usage-row.ts';

const ALIKE = Array.from({ length: 125 }, (_, index) =>
  sampleRecord(`alike-${index}`, { timeMs: index, durationMs: index }),
);
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

test('what rows share is bound once for fifty of them', () => {
  const [whole, rest] = sqliteInserts(ALIKE.map(toUsageRow));
  assert.equal(whole?.many?.length, 2);
  assert.equal(rest?.many?.length, 25);
  const columns = toUsageRow(sampleRecord('one')).length;
  assert.equal(rest?.many?.[0]?.length, columns);
  assert.equal(whole?.many?.[0]?.length, columns - 8 + 50 * 8);
});
