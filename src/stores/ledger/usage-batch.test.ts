import assert from 'node:assert/strict';
import test from 'node:test';
import { CommonPool } from './common-pool.ts';
import { QueuedBlock } from './queued-block.ts';
import { sampleRecord, sampleRecords } from './sample-records.test.ts';
import { UsageBatch } from './usage-batch.ts';

const WITH_BODIES = sampleRecord('bodies', { bodies: { request: 'asked', response: null }, endUser: 'eve' });
const RECORDS = [
  ...sampleRecords(200, 0, 1000),
  WITH_BODIES,
  sampleRecord('part', { kind: 'attempt', requestId: 'bodies', costNanoUsd: null, timeToFirstTokenMs: null }),
];

test('what is packed comes out as it went in', () => {
  const batch = new CommonPool().pack(RECORDS);
  assert.equal(batch.length, RECORDS.length);
  assert.deepEqual([...batch], RECORDS);
  assert.deepEqual([...batch.withBodies()], [WITH_BODIES]);
});

test('a batch whose memory serves again has nothing of what it held', () => {
  const pool = new CommonPool();
  const batch = new UsageBatch();
  for (const record of RECORDS) batch.add(record, pool.of(record));
  batch.clear();
  assert.deepEqual([...batch], []);
  const plain = Array.from({ length: RECORDS.length }, (_, index) => sampleRecord(`plain-${index}`));
  for (const record of plain) batch.add(record, pool.of(record));
  assert.deepEqual([...batch], plain);
});

test('records alike share one object, and every difference parts them', () => {
  const pool = new CommonPool();
  const record = sampleRecord('a');
  const common = pool.of(record);
  assert.equal(pool.of(sampleRecord('b', { durationMs: 99, timeMs: 5, tags: { ...record.tags } })), common);
  for (const [name, value] of Object.entries(common)) {
    const other = name === 'tags' ? { a: 'b' } : typeof value === 'boolean' ? !value : `${value}1`;
    const different = { ...record, [name]: other };
    assert.notEqual(pool.of(different), common, name);
    assert.deepEqual([...pool.pack([different])], [different]);
  }
});

test('names that clients and providers make long are not remembered', () => {
  const pool = new CommonPool();
  const long = sampleRecord('a', { requestedModel: 'm'.repeat(300) });
  assert.notEqual(pool.of(long), pool.of(long));
});

test('what is remembered is bounded', () => {
  const pool = new CommonPool();
  const first = pool.of(sampleRecord('a', { requestedModel: 'model-0' }));
  for (let index = 1; index < 10_000; index++) pool.of(sampleRecord('a', { requestedModel: `model-${index}` }));
  assert.equal(pool.of(sampleRecord('a', { requestedModel: 'model-0' })), first);
  pool.of(sampleRecord('a', { requestedModel: 'one too many' }));
  assert.notEqual(pool.of(sampleRecord('a', { requestedModel: 'model-0' })), first);
});

test('the rest of a block are the records that have not left', () => {
  const pool = new CommonPool();
  const block = new QueuedBlock();
  for (const record of RECORDS) block.add(record, pool.of(record), undefined);
  assert.deepEqual(block.unsaved(3), RECORDS.slice(0, 3));
  assert.equal(block.leave(3, 2), 2);
  assert.equal(block.isWhole, false);
  assert.equal(block.remaining, RECORDS.length - 2);
  const rest = block.rest();
  assert.deepEqual([...rest.records], RECORDS.slice(2));
  assert.equal(rest.bytes, block.bytes);
  assert.equal(rest.isWhole, true);
});
