import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redisSkip, startRedisServer } from '../../../test/support/redis-server.ts';
import { nextTurn, waitFor } from '../../../test/support/wait.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { CounterLimit, CounterStore, Reservation, ReserveResult } from './counter-store.ts';
import { GuardedCounters } from './guarded-counters.ts';
import { MemoryCounters } from './memory-counters.ts';
import { RedisCounters } from './redis-counters.ts';

const T = 1_700_000_000_000;

function limitOf(limit: Partial<CounterLimit> = {}): CounterLimit {
  return { key: 'k', kind: 'window', limit: 2, windowMs: 60_000, amount: 1, enforce: true, ...limit };
}

function budget(amount: number): CounterLimit {
  return limitOf({ key: 'usd', kind: 'period', limit: 1000, periodStartMs: T, periodEndMs: T + 1e9, amount });
}

/** A shared store that answers when told to. */
class SlowStore implements CounterStore {
  readonly inner = new MemoryCounters();
  mode: 'answer' | 'fail' | 'hang' = 'answer';
  asked = 0;
  readonly late: (() => void)[] = [];

  #answer<Value>(value: () => Value): Promise<Value> {
    this.asked++;
    if (this.mode === 'fail') return Promise.reject(new Error('gone'));
    if (this.mode === 'answer') return Promise.resolve(value());
    return new Promise((resolve) => {
      this.late.push(() => resolve(value()));
    });
  }

  reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): Promise<ReserveResult> {
    return this.#answer(() => this.inner.reserve(limits, nowMs, ttlMs));
  }
  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void {
    this.inner.settle(reservation, amounts, nowMs);
  }
  release(reservation: Reservation, nowMs: number): void {
    this.inner.release(reservation, nowMs);
  }
  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void {
    this.inner.charge(limits, amounts, nowMs);
  }
  peek(limits: readonly CounterLimit[], nowMs: number) {
    return this.#answer(() => this.inner.peek(limits, nowMs));
  }
  reset(limit: CounterLimit, nowMs: number) {
    return this.#answer(() => this.inner.reset(limit, nowMs));
  }
  close(): void {
    this.inner.close();
  }
}

const isUnavailable = (error: unknown) =>
  GatewayError.is(error) && error.code === 'store_unavailable' && error.status === 503 && !error.retryable;

test('passes answers on while the store works', async (t) => {
  const guard = new GuardedCounters({ store: new SlowStore(), onFailure: 'deny' });
  t.after(() => guard.close());
  const results = [];
  for (let index = 0; index < 3; index++) results.push(await guard.reserve([limitOf()], T, 1000));
  assert.deepEqual(
    results.map(({ allowed, degraded }) => [allowed, degraded]),
    [
      [true, false],
      [true, false],
      [false, false],
    ],
  );
});

test('deny: a request that cannot be checked is refused with 503', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'deny', deadlineMs: 20, threshold: 2, probeMs: 60_000 });
  t.after(() => guard.close());
  store.mode = 'fail';
  await assert.rejects(async () => guard.reserve([limitOf()], T, 1000), isUnavailable);
  store.mode = 'hang';
  await assert.rejects(async () => guard.reserve([limitOf()], T, 1000), isUnavailable);
  const asked = store.asked;
  assert.throws(() => guard.reserve([limitOf()], T, 1000), isUnavailable, 'the circuit is open: refused at once');
  await assert.rejects(guard.peek([limitOf()], T), isUnavailable);
  assert.equal(store.asked, asked);
});

test('allow: requests pass, are marked, and are counted here', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow' });
  t.after(() => guard.close());
  store.mode = 'fail';
  for (let index = 1; index <= 4; index++) {
    const result = await guard.reserve([limitOf()], T, 1000);
    assert.deepEqual([result.allowed, result.degraded, result.states[0]?.used], [true, true, index]);
    assert.equal(result.states[0]?.exceeded, index > 2);
  }
});

test('allow with local enforcement: each process holds the limits on its own', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow', enforceLocally: true, probeMs: 60_000 });
  t.after(() => guard.close());
  store.mode = 'fail';
  const results = [];
  for (let index = 0; index < 10; index++) results.push(await guard.reserve([limitOf()], T, 1000));
  assert.equal(results.filter(({ allowed }) => allowed).length, 2);
  assert.ok(results.every(({ degraded }) => degraded));
});

test('an admission that comes too late is given back', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow', deadlineMs: 10 });
  t.after(() => guard.close());
  store.mode = 'hang';
  const { degraded } = await guard.reserve([limitOf()], T, 1e9);
  assert.equal(degraded, true);
  assert.equal(guard.stats().inFlight, 1);
  for (const answer of store.late) answer();
  await nextTurn();
  assert.equal(store.inner.stats().reservations, 0);
  assert.equal(store.inner.peek([limitOf()], T)[0]?.used, 0);
  assert.deepEqual([guard.stats().inFlight, guard.stats().timeouts], [0, 1]);
});

test('what stays unanswered is bounded, and beyond it nobody waits', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow', maxInFlight: 3, deadlineMs: 20, threshold: 100 });
  t.after(() => guard.close());
  store.mode = 'hang';
  const waiting = [1, 2, 3].map(() => guard.reserve([limitOf()], T, 1000));
  const fourth = guard.reserve([limitOf()], T, 1000);
  assert.ok(!(fourth instanceof Promise), 'decided at once');
  assert.equal(fourth.degraded, true);
  await Promise.all(waiting);
  assert.equal(store.asked, 3);
  assert.ok(!(guard.reserve([limitOf()], T, 1000) instanceof Promise), 'the late ones still count');
});

test('the circuit opens, leaves the store alone, and closes after a probe', async (t) => {
  const store = new SlowStore();
  const changes: string[] = [];
  const guard = new GuardedCounters({
    store,
    onFailure: 'allow',
    threshold: 3,
    probeMs: 10,
    onChange: (state) => changes.push(state),
  });
  t.after(() => guard.close());
  store.mode = 'fail';
  for (let index = 0; index < 3; index++) await guard.reserve([limitOf()], T, 1000);
  assert.equal(guard.stats().open, true);
  const result = guard.reserve([limitOf()], T, 1000);
  assert.ok(!(result instanceof Promise), 'decided at once');
  await waitFor('probes', () => store.asked >= 5);
  assert.deepEqual(changes, ['open']);
  store.mode = 'answer';
  await waitFor('the circuit to close', () => !guard.stats().open);
  assert.deepEqual(changes, ['open', 'closed']);
  assert.equal((await guard.reserve([limitOf()], T, 1000)).degraded, false);
});

test('single failures among answers do not open the circuit', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow' });
  t.after(() => guard.close());
  for (let index = 0; index < 200; index++) {
    store.mode = index % 10 === 0 ? 'fail' : 'answer';
    await guard.reserve([limitOf({ limit: 1e6 })], T, 1000);
  }
  assert.equal(guard.stats().open, false);
  assert.equal(guard.stats().failures, 20);
});

test('what was used while the store was away is charged to its budgets, not to its windows', async (t) => {
  const store = new SlowStore();
  const guard = new GuardedCounters({ store, onFailure: 'allow' });
  t.after(() => guard.close());
  store.mode = 'fail';
  const limits = [limitOf(), budget(10)];
  const settled = await guard.reserve(limits, T, 1000);
  const released = await guard.reserve(limits, T, 1000);
  assert.ok(settled.reservation && released.reservation);
  guard.settle(settled.reservation, [1, 25], T);
  guard.settle(settled.reservation, [1, 25], T);
  guard.release(released.reservation, T);
  guard.settle(released.reservation, [1, 25], T);
  assert.deepEqual(
    store.inner.peek(limits, T).map(({ used }) => used),
    [0, 25],
  );
});

test('a store that answers at once costs no promise', (t) => {
  const guard = new GuardedCounters({ store: new MemoryCounters(), onFailure: 'deny' });
  t.after(() => guard.close());
  assert.ok(!(guard.reserve([limitOf()], T, 1000) instanceof Promise));
});

test('Redis stops, and comes back: deadline held, circuit open, recovered', { skip: redisSkip }, async (t) => {
  const server = await startRedisServer(t);
  const redis = new RedisCounters({ url: server.url, staleMs: 300, closeMs: 100 });
  const guard = new GuardedCounters({ store: redis, onFailure: 'allow', deadlineMs: 100, probeMs: 50 });
  t.after(() => guard.close());
  await waitFor('the connection', () => redis.stats().ready);
  const limit = limitOf({ limit: 1e6 });
  assert.equal((await guard.reserve([limit], Date.now(), 60_000)).degraded, false);
  server.signal('SIGSTOP');
  const before = performance.now();
  const results = await Promise.all(Array.from({ length: 50 }, async () => guard.reserve([limit], Date.now(), 60_000)));
  const took = performance.now() - before;
  assert.ok(results.every(({ allowed, degraded }) => allowed && degraded));
  assert.ok(took < 1000, `${took} ms`);
  assert.equal(guard.stats().open, true);
  for (let index = 0; index < 5000; index++) {
    const result = await guard.reserve([limit], Date.now(), 60_000);
    if (result.reservation !== undefined) guard.settle(result.reservation, [1], Date.now());
  }
  assert.ok(redis.stats().pending <= 100, `${redis.stats().pending} commands wait`);
  server.signal('SIGCONT');
  await waitFor('recovery', () => !guard.stats().open);
  await waitFor('an answer', async () => !(await guard.reserve([limit], Date.now(), 60_000)).degraded);
  await redis.idle(5000);
  await waitFor('lost answers to be given back', async () => ((await redis.peek([limit], 0))[0]?.used ?? 99) <= 2);
});

test('an answer that came while this process was busy is no timeout', { skip: redisSkip }, async (t) => {
  const server = await startRedisServer(t);
  const redis = new RedisCounters({ url: server.url });
  const guard = new GuardedCounters({ store: redis, onFailure: 'deny', deadlineMs: 100 });
  t.after(() => guard.close());
  await waitFor('the connection', () => redis.stats().ready);
  const asked = guard.reserve([limitOf()], Date.now(), 60_000);
  await nextTurn();
  const end = performance.now() + 400;
  while (performance.now() < end);
  assert.equal((await asked).degraded, false);
});

test('Redis dies, and another one takes its place', { skip: redisSkip }, async (t) => {
  const first = await startRedisServer(t);
  const redis = new RedisCounters({ url: first.url, closeMs: 100 });
  const guard = new GuardedCounters({ store: redis, onFailure: 'deny', probeMs: 50 });
  t.after(() => guard.close());
  await waitFor('the connection', () => redis.stats().ready);
  await first.stop();
  await waitFor('the circuit to open', async () => {
    await assert.rejects(async () => guard.reserve([limitOf()], Date.now(), 1000), isUnavailable);
    return guard.stats().open;
  });
  await startRedisServer(t, { port: first.port });
  await waitFor('recovery', () => !guard.stats().open);
  assert.equal((await guard.reserve([limitOf()], Date.now(), 1000)).degraded, false);
});
