import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterName } from './counter-name.ts';
import type { CounterLimit } from './counter-store.ts';
import { MemoryCounters } from './memory-counters.ts';

const T = 1_700_000_000_000;

function perMinute(key: string, limit = 1000): CounterLimit {
  return { key, kind: 'window', limit, windowMs: 60_000, amount: 1, enforce: true };
}

function budget(key: string): CounterLimit {
  const end = T + 30 * 86_400_000;
  return { key, kind: 'period', limit: 10, windowMs: 0, periodStartMs: T, periodEndMs: end, amount: 1, enforce: true };
}

function use(store: MemoryCounters, limit: CounterLimit, nowMs: number): void {
  const { reservation } = store.reserve([limit], nowMs, 60_000);
  if (reservation !== undefined) store.settle(reservation, [1], nowMs);
}

test('counters that say nothing any more are dropped in the course of later calls', () => {
  const store = new MemoryCounters();
  for (let index = 0; index < 5000; index++) use(store, perMinute(`client-${index}`), T);
  assert.equal(store.stats().counters, 5000);
  for (let index = 0; index < 5000; index++) use(store, perMinute('busy'), T + 62_000);
  assert.ok(store.stats().counters <= 1025, `${store.stats().counters} counters`);
  assert.equal(store.stats().evicted, 0);
});

test('a full table pushes out short windows before budgets, and says so', () => {
  const store = new MemoryCounters({ maxCounters: 50 });
  for (let index = 0; index < 10; index++) use(store, budget(`team-${index}`), T);
  for (let index = 0; index < 1000; index++) use(store, perMinute(`stranger-${index}`), T);
  assert.equal(store.stats().counters, 50);
  assert.equal(store.stats().evicted, 960);
  for (let index = 0; index < 10; index++) assert.equal(store.peek([budget(`team-${index}`)], T)[0]?.used, 1);
});

test('a full table never pushes out what is in flight', () => {
  const store = new MemoryCounters({ maxCounters: 3 });
  const limits = ['a', 'b', 'c', 'd', 'e'].map((key) => perMinute(key, 1));
  for (const limit of limits) assert.equal(store.reserve([limit], T, 1000).allowed, true);
  for (const limit of limits) assert.equal(store.reserve([limit], T, 1000).allowed, false);
  assert.equal(store.stats().counters, 5);
});

test('a call with more counters than the table holds keeps all of them', () => {
  const store = new MemoryCounters({ maxCounters: 2 });
  const limits = ['a', 'b', 'c', 'd'].map((key) => perMinute(key, 1));
  assert.equal(store.reserve(limits, T, 1000).allowed, true);
  assert.equal(store.reserve(limits, T, 1000).deniedIndex, 0);
});

test('reservations in flight are counted, and gone when they expired', () => {
  const store = new MemoryCounters();
  for (let index = 0; index < 100; index++) store.reserve([perMinute('k')], T + index, 1000);
  assert.equal(store.stats().reservations, 100);
  store.peek([], T + 1050);
  assert.equal(store.stats().reservations, 49);
  assert.equal(store.stats().expired, 51);
});

test('a reservation that expired is charged even when its counter was dropped meanwhile', () => {
  const store = new MemoryCounters();
  const { reservation } = store.reserve([perMinute('late')], T, 1000);
  for (let index = 0; index < 1500; index++) use(store, perMinute(`other-${index}`), T);
  for (let index = 0; index < 3000; index++) use(store, perMinute('busy'), T + 130_000);
  assert.ok(store.stats().counters < 1500);
  assert.ok(reservation);
  store.settle(reservation, [7], T + 130_000);
  assert.equal(store.peek([perMinute('late')], T + 130_000)[0]?.used, 7);
});

test('a clock that runs back refuses nothing twice and gives nothing away', () => {
  const store = new MemoryCounters();
  const window = perMinute('w', 2);
  const bucket: CounterLimit = { ...perMinute('b', 2), kind: 'bucket' };
  assert.equal(store.reserve([window, bucket], T, 1e6).allowed, true);
  const second = store.reserve([window, bucket], T - 50_000, 1e6);
  assert.equal(second.allowed, true);
  assert.equal(store.reserve([window], T - 40_000, 1e6).allowed, false);
  assert.equal(store.reserve([bucket], T - 40_000, 1e6).allowed, false);
  assert.ok(second.reservation);
  store.release(second.reservation, T - 30_000);
  assert.deepEqual(
    store.peek([window, bucket], T).map(({ used }) => used),
    [1, 2],
  );
});

test('a limit whose kind or window changed starts a counter of its own', () => {
  const store = new MemoryCounters();
  use(store, perMinute('k'), T);
  assert.equal(store.peek([{ ...perMinute('k'), windowMs: 120_000 }], T)[0]?.used, 0);
  assert.equal(store.peek([{ ...perMinute('k'), kind: 'concurrency' }], T)[0]?.used, 0);
  assert.equal(store.peek([perMinute('k')], T)[0]?.used, 1);
});

test('a name leads to the counter of its text, whichever names that has', () => {
  const store = new MemoryCounters();
  const [one, two] = [new CounterName('k'), new CounterName('k')];
  for (const name of [one, two, one, undefined]) use(store, { ...perMinute('k'), name }, T);
  assert.equal(store.peek([perMinute('k')], T)[0]?.used, 4);
  assert.equal(store.stats().counters, 1);
  assert.equal(one.counter, two.counter);
});

test('a name that two stores know leads each to its own counter', () => {
  const [first, second] = [new MemoryCounters(), new MemoryCounters()];
  const limit = { ...perMinute('k', 2), name: new CounterName('k') };
  const reserved = first.reserve([limit], T, 1000).reservation;
  for (let index = 0; index < 2; index++) assert.equal(second.reserve([limit], T, 1000).allowed, true);
  assert.equal(second.reserve([limit], T, 1000).allowed, false);
  assert.ok(reserved);
  first.release(reserved, T);
  assert.equal(first.peek([limit], T)[0]?.used, 0);
  assert.equal(second.peek([limit], T)[0]?.used, 2);
});

test('a name does not hold on to a counter that was dropped, pushed out, replaced or forgotten', () => {
  const store = new MemoryCounters({ maxCounters: 50 });
  const name = new CounterName('k');
  const limit = { ...perMinute('k'), name };
  use(store, limit, T);
  assert.ok(name.counter !== undefined);
  for (let index = 0; index < 1000; index++) use(store, perMinute(`stranger-${index}`), T);
  assert.equal(name.counter, undefined, 'pushed out');
  use(store, limit, T);
  assert.equal(store.peek([limit], T)[0]?.used, 1);
  const before = name.counter;
  use(store, { ...limit, windowMs: 120_000 }, T);
  assert.notEqual(name.counter, before, 'replaced');
  store.close();
  assert.equal(name.counter, undefined, 'forgotten');
  const large = new MemoryCounters();
  use(large, limit, T);
  for (let index = 0; index < 1500; index++) use(large, perMinute(`other-${index}`), T + 130_000);
  assert.equal(name.counter, undefined, 'dropped');
});

test('after close nothing is left', () => {
  const store = new MemoryCounters();
  const { reservation } = store.reserve([perMinute('k')], T, 1000);
  store.close();
  assert.deepEqual(store.stats(), { counters: 0, reservations: 0, expired: 0, evicted: 0 });
  assert.ok(reservation);
  store.settle(reservation, [1], T);
  assert.equal(store.stats().counters, 0);
});
