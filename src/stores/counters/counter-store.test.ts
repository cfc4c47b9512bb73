import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { redisSkip, startRedisServer } from '../../../test/support/redis-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import type { CounterPort } from './counter-messages.ts';
import type { CounterLimit, CounterStore, Reservation } from './counter-store.ts';
import { GuardedCounters } from './guarded-counters.ts';
import { MemoryCounters } from './memory-counters.ts';
import { RedisCounters } from './redis-counters.ts';
import { RemoteCounters } from './remote-counters.ts';
import { serveCounters } from './serve-counters.ts';

const HOUR = 3_600_000;
const T = 1_700_000_000_000;

/** Moments are given by the cases; windows are hours, so that no key of Redis lapses on its own meanwhile. */
interface Opened {
  store: CounterStore;
  close(): Promise<void>;
}

function portOf(port: MessagePort): CounterPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => {
      port.on('message', listener);
    },
  };
}

function overChannel(owner: CounterStore): Opened {
  const { port1, port2 } = new MessageChannel();
  serveCounters(owner, portOf(port1));
  const store = new RemoteCounters(portOf(port2));
  return {
    store,
    close: async () => {
      store.close();
      port1.close();
      await owner.close();
    },
  };
}

const redis = redisSkip === false ? await startRedisServer({ after }) : undefined;
let opened = 0;

async function openRedisCounters(): Promise<RedisCounters> {
  const store = new RedisCounters({ url: redis?.url ?? '', clock: 'caller', prefix: `case${opened++}:` });
  await waitFor('the connection', () => store.stats().ready);
  return store;
}

const stores: { name: string; skip: string | false; open: () => Promise<Opened> }[] = [
  {
    name: 'memory',
    skip: false,
    open: async () => {
      const store = new MemoryCounters();
      return { store, close: async () => store.close() };
    },
  },
  { name: 'memory over a channel', skip: false, open: async () => overChannel(new MemoryCounters()) },
  {
    name: 'redis',
    skip: redisSkip,
    open: async () => {
      const store = await openRedisCounters();
      return { store, close: () => store.close() };
    },
  },
  {
    name: 'redis, guarded',
    skip: redisSkip,
    open: async () => {
      const store = new GuardedCounters({ store: await openRedisCounters(), onFailure: 'deny', deadlineMs: 5000 });
      return { store, close: () => store.close() };
    },
  },
  { name: 'redis over a channel', skip: redisSkip, open: async () => overChannel(await openRedisCounters()) },
];

function limitOf(limit: Partial<CounterLimit>): CounterLimit {
  return { key: 'k', kind: 'window', limit: 10, windowMs: HOUR, amount: 1, enforce: true, ...limit };
}

function granted(reservation: Reservation | undefined): Reservation {
  assert.ok(reservation !== undefined, 'the request was refused');
  return reservation;
}

const cases: Record<string, (store: CounterStore) => Promise<void>> = {
  'admits exactly the limit, and says what is left': async (store) => {
    const limit = limitOf({ limit: 3 });
    for (let index = 1; index <= 3; index++) {
      const { allowed, deniedIndex, states, degraded } = await store.reserve([limit], T, HOUR);
      assert.deepEqual({ allowed, deniedIndex, degraded }, { allowed: true, deniedIndex: -1, degraded: false });
      assert.deepEqual(states, [
        { limit: 3, used: index, remaining: 3 - index, resetMs: states[0]?.resetMs, retryAfterMs: 0, exceeded: false },
      ]);
    }
    const refused = await store.reserve([limit], T, HOUR);
    assert.equal(refused.allowed, false);
    assert.equal(refused.deniedIndex, 0);
    assert.equal(refused.reservation, undefined);
    assert.equal(refused.states[0]?.used, 3);
    assert.equal(refused.states[0]?.exceeded, true);
  },
  'reserves on all counters or on none': async (store) => {
    const wide = limitOf({ key: 'wide', limit: 100 });
    const narrow = limitOf({ key: 'narrow', limit: 1 });
    assert.equal((await store.reserve([wide, narrow], T, HOUR)).allowed, true);
    const refused = await store.reserve([wide, narrow], T, HOUR);
    assert.equal(refused.deniedIndex, 1);
    assert.deepEqual(
      (await store.peek([wide, narrow], T)).map(({ used }) => used),
      [1, 1],
    );
  },
  'admits many that ask at once exactly to the limit': async (store) => {
    const limit = limitOf({ limit: 7 });
    const results = await Promise.all(Array.from({ length: 50 }, () => store.reserve([limit], T, HOUR)));
    assert.equal(results.filter(({ allowed }) => allowed).length, 7);
  },
  'settles with less and with more': async (store) => {
    const limit = limitOf({ limit: 100, amount: 40 });
    const first = await store.reserve([limit], T, HOUR);
    const second = await store.reserve([limit], T, HOUR);
    store.settle(granted(first.reservation), [10], T);
    assert.equal((await store.peek([limit], T))[0]?.used, 50);
    store.settle(granted(second.reservation), [95], T);
    const [state] = await store.peek([limit], T);
    assert.equal(state?.used, 105);
    assert.equal(state?.remaining, 0);
    assert.equal((await store.reserve([limitOf({ limit: 100, amount: 0 })], T, HOUR)).allowed, false);
  },
  'an amount left out of a settlement stays as reserved': async (store) => {
    const limit = limitOf({ amount: 4 });
    store.settle(granted((await store.reserve([limit], T, HOUR)).reservation), [], T);
    assert.equal((await store.peek([limit], T))[0]?.used, 4);
  },
  'a second settlement or release changes nothing': async (store) => {
    const limit = limitOf({ amount: 4 });
    const settled = granted((await store.reserve([limit], T, HOUR)).reservation);
    const released = granted((await store.reserve([limit], T, HOUR)).reservation);
    store.settle(settled, [3], T);
    store.settle(settled, [9], T);
    store.release(settled, T);
    store.release(released, T);
    store.release(released, T);
    store.settle(released, [9], T);
    assert.equal((await store.peek([limit], T))[0]?.used, 3);
  },
  'a release gives everything back': async (store) => {
    const limits = [
      limitOf({ key: 'w', amount: 3 }),
      limitOf({ key: 'b', kind: 'bucket', amount: 3 }),
      limitOf({ key: 'p', kind: 'period', windowMs: 0, periodStartMs: T, periodEndMs: T + HOUR, amount: 3 }),
      limitOf({ key: 'c', kind: 'concurrency', windowMs: 0, amount: 3 }),
    ];
    store.release(granted((await store.reserve(limits, T, HOUR)).reservation), T);
    assert.deepEqual(
      (await store.peek(limits, T)).map(({ used }) => used),
      [0, 0, 0, 0],
    );
  },
  'a reservation that nobody settles is given back': async (store) => {
    const limits = [limitOf({ amount: 3 }), limitOf({ key: 'c', kind: 'concurrency', windowMs: 0 })];
    await store.reserve(limits, T, 1000);
    const used = async (now: number) => (await store.peek(limits, now)).map((state) => state.used);
    assert.deepEqual(await used(T + 999), [3, 1]);
    assert.deepEqual(await used(T + 1000), [0, 0]);
  },
  'settled after it expired, the whole amount counts': async (store) => {
    const limits = [limitOf({ amount: 3 }), limitOf({ key: 'c', kind: 'concurrency', windowMs: 0 })];
    const { reservation } = await store.reserve(limits, T, 1000);
    await store.peek(limits, T + 1500);
    store.settle(granted(reservation), [5, 1], T + 2000);
    assert.deepEqual(
      (await store.peek(limits, T + 2000)).map(({ used }) => used),
      [5, 0],
    );
  },
  'a window gives room back after its length, at most a sixtieth late': async (store) => {
    const limit = limitOf({ limit: 1 });
    await store.reserve([limit], T + 17, 10 * HOUR);
    const refused = await store.reserve([limit], T + 18, HOUR);
    const wait = refused.states[0]?.retryAfterMs ?? 0;
    assert.ok(wait >= HOUR - 1 && wait <= HOUR + HOUR / 60, `${wait} ms`);
    assert.equal((await store.reserve([limit], T + 18 + wait - 1, HOUR)).allowed, false);
    assert.equal((await store.reserve([limit], T + 18 + wait, HOUR)).allowed, true);
  },
  'a bucket refills continuously up to its burst': async (store) => {
    const limit = limitOf({ kind: 'bucket', limit: 60, burst: 5 });
    for (let index = 0; index < 5; index++) assert.equal((await store.reserve([limit], T, HOUR)).allowed, true);
    const refused = await store.reserve([limit], T, HOUR);
    assert.deepEqual(refused.states, [
      { limit: 5, used: 5, remaining: 0, resetMs: 300_000, retryAfterMs: 60_000, exceeded: true },
    ]);
    assert.equal((await store.reserve([limit], T + 59_999, HOUR)).allowed, false);
    assert.equal((await store.reserve([limit], T + 60_000, HOUR)).allowed, true);
    assert.equal((await store.peek([limit], T + 10 * HOUR))[0]?.remaining, 5);
  },
  'a period begins anew, and what belongs to the last one does not count in it': async (store) => {
    const period = (start: number, amount: number) =>
      limitOf({ kind: 'period', windowMs: 0, periodStartMs: start, periodEndMs: start + HOUR, amount });
    const { reservation, states } = await store.reserve([period(T, 10)], T + 1000, 10 * HOUR);
    assert.equal(states[0]?.resetMs, HOUR - 1000);
    assert.equal((await store.reserve([period(T, 1)], T + 1000, HOUR)).allowed, false);
    const next = T + HOUR;
    await store.reserve([period(next, 4)], next, HOUR);
    store.settle(granted(reservation), [20], next);
    assert.equal((await store.peek([period(next, 0)], next))[0]?.used, 4);
  },
  'concurrency counts what is in flight': async (store) => {
    const limit = limitOf({ kind: 'concurrency', windowMs: 0, limit: 2 });
    const first = await store.reserve([limit], T, 10 * HOUR);
    await store.reserve([limit], T, 10 * HOUR);
    assert.equal((await store.reserve([limit], T + 5 * HOUR, HOUR)).allowed, false);
    store.settle(granted(first.reservation), [1], T + 5 * HOUR);
    assert.equal((await store.reserve([limit], T + 5 * HOUR, HOUR)).allowed, true);
  },
  'shadow mode counts and tells, and never refuses': async (store) => {
    const limit = limitOf({ limit: 1, enforce: false });
    await store.reserve([limit], T, HOUR);
    const { allowed, states } = await store.reserve([limit], T, HOUR);
    assert.equal(allowed, true);
    assert.equal(states[0]?.exceeded, true);
    assert.equal(states[0]?.used, 2);
  },
  'an amount of 0 asks whether something is left': async (store) => {
    const limit = limitOf({ limit: 5, amount: 0 });
    assert.equal((await store.reserve([limit], T, HOUR)).allowed, true);
    store.charge([limit], [5], T);
    assert.equal((await store.reserve([limit], T, HOUR)).allowed, false);
  },
  'an amount above the limit is refused, however long it waits': async (store) => {
    const { allowed, states } = await store.reserve([limitOf({ amount: 11 })], T, HOUR);
    assert.equal(allowed, false);
    assert.deepEqual(states, [{ limit: 10, used: 0, remaining: 10, resetMs: 0, retryAfterMs: 0, exceeded: true }]);
  },
  'charges count, and negative ones give back': async (store) => {
    const limits = [
      limitOf({ amount: 0 }),
      limitOf({ key: 'p', kind: 'period', windowMs: 0, periodStartMs: T, periodEndMs: T + HOUR, amount: 0 }),
    ];
    store.charge(limits, [6, 60], T);
    store.charge(limits, [-4, -100], T + 1);
    assert.deepEqual(
      (await store.peek(limits, T + 1)).map(({ used }) => used),
      [2, 0],
    );
  },
  'a reset counts from nothing': async (store) => {
    const limit = limitOf({ amount: 10 });
    await store.reserve([limit], T, HOUR);
    await store.reset(limit, T);
    assert.equal((await store.peek([limit], T))[0]?.used, 0);
    assert.equal((await store.reserve([limit], T, HOUR)).allowed, true);
  },
  'a higher limit keeps what was counted': async (store) => {
    await store.reserve([limitOf({ amount: 10 })], T, HOUR);
    const { allowed, states } = await store.reserve([limitOf({ limit: 15, amount: 5 })], T, HOUR);
    assert.equal(allowed, true);
    assert.equal(states[0]?.used, 15);
  },
  'broken numbers never open a limit': async (store) => {
    assert.equal((await store.reserve([limitOf({ limit: Number.NaN })], T, HOUR)).allowed, false);
    assert.equal((await store.reserve([limitOf({ limit: -5 })], T, HOUR)).allowed, false);
    const negative = await store.reserve([limitOf({ amount: -5 })], T, HOUR);
    assert.equal(negative.states[0]?.used, 0);
    const broken = await store.reserve([limitOf({ amount: 1.2 })], T, HOUR);
    store.settle(granted(broken.reservation), [Number.NaN], T);
    assert.equal((await store.peek([limitOf({})], T))[0]?.used, 0);
    const half = await store.reserve([limitOf({ amount: 1.2 })], T, HOUR);
    assert.equal(half.states[0]?.used, 2);
  },
  'takes odd keys as they are': async (store) => {
    const keys = ['', 'a b', 'ü\n"\\', '}{', '[1]', 'x'.repeat(1000)];
    const limits = keys.map((key) => limitOf({ key, limit: 1 }));
    const { reservation } = await store.reserve(limits, T, 1000);
    assert.ok(reservation);
    assert.equal((await store.reserve(limits, T, 1000)).allowed, false);
    assert.equal((await store.reserve(limits, T + 1000, 1000)).allowed, true, 'the first has expired');
  },
  'without limits everything passes': async (store) => {
    const { allowed, reservation } = await store.reserve([], T, HOUR);
    assert.equal(allowed, true);
    store.settle(granted(reservation), [], T);
    assert.deepEqual(await store.peek([], T), []);
  },
};

for (const { name, skip, open } of stores) {
  describe(name, { skip }, () => {
    for (const [title, run] of Object.entries(cases)) {
      test(title, async () => {
        const { store, close } = await open();
        try {
          await run(store);
        } finally {
          await close();
        }
      });
    }
    test('refuses the reservation of another store', async () => {
      const { store, close } = await open();
      const { reservation } = new MemoryCounters().reserve([], T, HOUR);
      const foreign = name === 'memory' ? { limits: [] } : granted(reservation);
      assert.throws(() => store.settle(foreign, [], T), /another store/);
      assert.throws(() => store.release(foreign, T), /another store/);
      await close();
    });
  });
}
