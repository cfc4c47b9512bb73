import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redisSkip, startRedisServer } from '../../../test/support/redis-server.ts';
import { waitFor } from '../../../test/support/wait.ts';
import type { CounterLimit, CounterStore, Reservation } from './counter-store.ts';
import { MemoryCounters } from './memory-counters.ts';
import { RedisCounters } from './redis-counters.ts';

const T = 1_700_000_000_000;
const WINDOW = 7_200_000;
/** A power of two, so that a bucket's arithmetic is exact in whatever order it is done. */
const REFILL = 2 ** 22;
const PERIOD = 2 ** 22;

type Pick = { counter: number; amount: number; enforce: boolean };

/** One of the five counters, as a caller would describe it at that moment. */
function limitOf(run: string, { counter, amount, enforce }: Pick, now: number): CounterLimit {
  const base = { key: `${run}${counter}`, amount, enforce, windowMs: 0 };
  const start = Math.floor(now / PERIOD) * PERIOD;
  switch (counter) {
    case 0:
      return { ...base, kind: 'window', limit: 9, windowMs: WINDOW };
    case 1:
      return { ...base, kind: 'window', limit: 14, windowMs: 100 * WINDOW };
    case 2:
      return { ...base, kind: 'bucket', limit: 4, burst: 8, windowMs: REFILL };
    case 3:
      return { ...base, kind: 'period', limit: 12, periodStartMs: start, periodEndMs: start + PERIOD };
    default:
      return { ...base, kind: 'concurrency', limit: 3 };
  }
}

interface Held {
  limits: readonly CounterLimit[];
  since: number;
  until: number;
  state: 'held' | 'expired' | 'done';
}

/** The contract in plain words: lists of what was counted when, nothing kept up to date. */
class Model {
  /** Windows: what was counted in which slot. */
  charges: { key: string; slot: number; amount: number }[] = [];
  /** Buckets: what was taken when. */
  taken: { amount: number; at: number }[] = [];
  periods = new Map<number, number>();
  inFlight = 0;
  held: Held[] = [];

  used(limit: CounterLimit, now: number): number {
    switch (limit.kind) {
      case 'window': {
        const first = Math.floor((now * 60) / limit.windowMs) - 60;
        return this.charges
          .filter(({ key, slot }) => key === limit.key && slot >= first)
          .reduce((sum, { amount }) => sum + amount, 0);
      }
      case 'bucket': {
        let missing = 0;
        let last = T;
        for (const { amount, at } of this.taken) {
          missing = Math.max(0, missing - (at - last) * (limit.limit / limit.windowMs)) + amount;
          last = at;
        }
        return Math.max(0, missing - (now - last) * (limit.limit / limit.windowMs));
      }
      case 'period':
        return this.periods.get(limit.periodStartMs ?? 0) ?? 0;
      case 'concurrency':
        return this.inFlight;
    }
  }

  add(limit: CounterLimit, amount: number, now: number): void {
    const start = limit.periodStartMs ?? 0;
    if (limit.kind === 'window')
      this.charges.push({ key: limit.key, slot: Math.floor((now * 60) / limit.windowMs), amount });
    else if (limit.kind === 'bucket') this.taken.push({ amount, at: now });
    else if (limit.kind === 'period') this.periods.set(start, (this.periods.get(start) ?? 0) + amount);
    else this.inFlight += amount;
  }

  take(limit: CounterLimit, amount: number, { since, now }: { since: number; now: number }): void {
    const start = limit.periodStartMs ?? 0;
    if (limit.kind === 'window') {
      const from = Math.floor((since * 60) / limit.windowMs);
      if (from < Math.floor((now * 60) / limit.windowMs) - 60) return;
      let rest = amount;
      const later = this.charges.filter(({ key, slot }) => key === limit.key && slot >= from);
      for (const charge of later.sort((a, b) => a.slot - b.slot)) {
        const part = Math.min(rest, charge.amount);
        charge.amount -= part;
        rest -= part;
      }
    } else if (limit.kind === 'bucket') {
      // As if it had been taken less in the first place.
      const charge = this.taken.find(({ at }) => at === since);
      if (charge !== undefined) charge.amount -= amount;
    } else if (limit.kind === 'period') {
      this.periods.set(start, Math.max(0, (this.periods.get(start) ?? 0) - amount));
    } else this.inFlight = Math.max(0, this.inFlight - amount);
  }

  expire(now: number): void {
    const due = this.held.filter(({ state, until }) => state === 'held' && until <= now);
    for (const held of due.sort((a, b) => a.until - b.until)) {
      held.state = 'expired';
      for (const limit of held.limits) this.take(limit, limit.amount, { since: held.since, now });
    }
  }

  reserve(limits: readonly CounterLimit[], now: number, ttl: number): Held | undefined {
    this.expire(now);
    const full = limits.some(
      (limit) => limit.enforce && this.used(limit, now) + Math.max(1, limit.amount) > capacity(limit),
    );
    if (full) return undefined;
    for (const limit of limits) this.add(limit, limit.amount, now);
    const held: Held = { limits, since: now, until: now + ttl, state: 'held' };
    this.held.push(held);
    return held;
  }

  finish(held: Held, amounts: readonly number[] | undefined, now: number): void {
    this.expire(now);
    if (held.state === 'done' || (held.state === 'expired' && amounts === undefined)) {
      held.state = 'done';
      return;
    }
    const late = held.state === 'expired';
    held.state = 'done';
    held.limits.forEach((limit, index) => {
      const real = limit.kind === 'concurrency' ? 0 : (amounts?.[index] ?? 0);
      const surplus = late ? real : real - limit.amount;
      if (surplus > 0) this.add(limit, surplus, now);
      else this.take(limit, -surplus, { since: held.since, now });
    });
  }
}

function capacity(limit: CounterLimit): number {
  return limit.burst ?? limit.limit;
}

type Step =
  | { do: 'reserve'; picks: Pick[]; ttl: number }
  | { do: 'settle'; which: number; amounts: number[] }
  | { do: 'release'; which: number }
  | { do: 'charge'; counter: number; amount: number }
  | { do: 'wait'; ms: number }
  | { do: 'look' };

const counter = fc.integer({ min: 0, max: 4 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('reserve' as const),
        picks: fc.uniqueArray(fc.record({ counter, amount: fc.integer({ min: 0, max: 5 }), enforce: fc.boolean() }), {
          selector: (pick) => pick.counter,
          minLength: 1,
        }),
        ttl: fc.integer({ min: 1000, max: 2 * WINDOW }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        which: fc.nat(20),
        amounts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 5, maxLength: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(20) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('charge' as const),
        counter: fc.integer({ min: 0, max: 3 }),
        amount: fc.integer({ min: 1, max: 6 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.oneof(
          fc.nat(1000),
          fc.constantFrom(WINDOW, WINDOW + WINDOW / 60, WINDOW - WINDOW / 60),
          fc.nat(3 * WINDOW),
        ),
      }),
    },
  ),
  { minLength: 5, maxLength: 40, size: 'max' },
);

const ALL: readonly Pick[] = [0, 1, 2, 3, 4].map((index) => ({ counter: index, amount: 2, enforce: true }));

/** Plays the steps against the stores and the model at once; throws where they differ. */
async function play(stores: readonly CounterStore[], sequence: readonly Step[], run: string): Promise<void> {
  const model = new Model();
  const held: { own: (Reservation | undefined)[]; model: Held }[] = [];
  let now = T;
  for (const step of [...sequence, { do: 'look' as const }]) {
    // Each step has a moment of its own: a bucket that is given back to and asked in the same one gives back less.
    now++;
    switch (step.do) {
      case 'reserve': {
        const limits = step.picks.map((pick) => limitOf(run, pick, now));
        const expected = model.reserve(limits, now, step.ttl);
        const results = await Promise.all(stores.map((store) => store.reserve(limits, now, step.ttl)));
        for (const result of results) {
          assert.equal(result.allowed, expected !== undefined, 'allowed');
          assert.deepEqual(result.states, results[0]?.states);
          result.states.forEach((state, index) => {
            const limit = limits[index] as CounterLimit;
            if (result.allowed && limit.enforce)
              assert.ok(state.used <= capacity(limit), 'over the limit at admission');
          });
        }
        if (expected !== undefined) held.push({ own: results.map(({ reservation }) => reservation), model: expected });
        break;
      }
      case 'settle':
      case 'release': {
        const one = held[step.which % Math.max(1, held.length)];
        if (one === undefined) break;
        const amounts = step.do === 'settle' ? step.amounts : undefined;
        model.finish(one.model, amounts, now);
        one.own.forEach((reservation, index) => {
          if (reservation === undefined) return;
          if (amounts === undefined) stores[index]?.release(reservation, now);
          else stores[index]?.settle(reservation, amounts, now);
        });
        break;
      }
      case 'charge': {
        const limit = limitOf(run, { counter: step.counter, amount: 0, enforce: true }, now);
        model.expire(now);
        model.add(limit, step.amount, now);
        for (const store of stores) store.charge([limit], [step.amount], now);
        break;
      }
      case 'wait':
        now += step.ms;
        break;
      // Looking brings stores up to date, so it is not done after every step.
      case 'look':
        break;
      default:
        step satisfies never;
    }
    if (step.do !== 'look') continue;
    const limits = ALL.map((pick) => limitOf(run, pick, now));
    model.expire(now);
    const expected = limits.map((limit) => Math.ceil(model.used(limit, now)));
    const seen = await Promise.all(stores.map((store) => store.peek(limits, now)));
    for (const states of seen) {
      assert.deepEqual(
        states.map(({ used }) => used),
        expected,
      );
      assert.deepEqual(states, seen[0]);
    }
  }
}

test('memory does what the model says', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => play([new MemoryCounters()], sequence, `m${run++}:`)),
    { numRuns: 400 },
  );
});

test('memory and Redis do what the model says, to the last field', { skip: redisSkip }, async (t) => {
  const server = await startRedisServer(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      // Its own clock starts anew in each run, so what an earlier one left must not expire into it.
      const store = new RedisCounters({ url: server.url, clock: 'caller', prefix: `run${run++}:` });
      await waitFor('the connection', () => store.stats().ready);
      try {
        await play([new MemoryCounters(), store], sequence, '');
      } finally {
        await store.close();
      }
    }),
    { numRuns: 250 },
  );
});

test('no window of its length ever holds more than the limit', () => {
  const gaps = fc.array(fc.tuple(fc.oneof(fc.nat(50), fc.nat(900), fc.nat(5000)), fc.integer({ min: 1, max: 4 })), {
    minLength: 50,
    maxLength: 200,
  });
  fc.assert(
    fc.property(
      gaps,
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 12 }),
      (moments, windowMs, limit) => {
        const store = new MemoryCounters();
        const admitted: { at: number; amount: number }[] = [];
        let now = T;
        for (const [gap, amount] of moments) {
          now += gap;
          const asked: CounterLimit = { key: 'k', kind: 'window', limit, windowMs, amount, enforce: true };
          if (store.reserve([asked], now, 1e9).allowed) admitted.push({ at: now, amount });
        }
        for (const { at } of admitted) {
          const inside = admitted.filter((other) => other.at > at - windowMs && other.at <= at);
          assert.ok(inside.reduce((sum, { amount }) => sum + amount, 0) <= limit);
        }
      },
    ),
    { numRuns: 100 },
  );
});
