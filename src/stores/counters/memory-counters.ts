import {
  advance,
  Counter,
  charge,
  counts,
  credit,
  empty,
  fits,
  giveBack,
  idleAt,
  reserve,
  stateOf,
  wholeAmount,
} from './counter.ts';
import type { CounterLimit, CounterStore, LimitState, Reservation, ReserveResult } from './counter-store.ts';
import { ExpiryHeap } from './expiry-heap.ts';

/** How a MemoryCounters is bounded. */
export interface MemoryCountersOptions {
  /**
   * How many counters are kept; default 1,000,000 (about 0.5 KB each). A counter more pushes out, of 64 looked at, the
   * one whose count would lapse soonest, so that a flood of new keys costs short windows before long budgets. Counters
   * with something in flight are never pushed out; the bound gives way to them.
   */
  maxCounters?: number;
}

/** What a MemoryCounters holds and has done. */
export interface MemoryCountersStats {
  readonly counters: number;
  /** Reservations in flight. */
  readonly reservations: number;
  /** Reservations that were given back because nobody settled them in time. */
  readonly expired: number;
  /** Counters pushed out by the bound while they still counted: each may have admitted too much. */
  readonly evicted: number;
}

/** Counters that are looked at in each call, to drop those that say nothing any more. */
const SWEEP_STEPS = 2;
/** Below this many, idle counters may stay. */
const SWEEP_FROM = 1024;
const EVICT_STEPS = 64;

const HELD = 0;
const EXPIRED = 1;
const DONE = 2;

class MemoryReservation implements Reservation {
  readonly limits: readonly CounterLimit[];
  readonly counters: readonly Counter[];
  readonly admittedMs: number;
  readonly expiresMs: number;
  heapIndex: number;
  state: typeof HELD | typeof EXPIRED | typeof DONE;

  constructor(counters: readonly Counter[], limits: readonly CounterLimit[], times: { nowMs: number; ttlMs: number }) {
    this.limits = limits;
    this.counters = counters;
    this.admittedMs = times.nowMs;
    this.expiresMs = times.nowMs + times.ttlMs;
    this.heapIndex = -1;
    this.state = HELD;
  }
}

/**
 * A CounterStore in this process's memory. Answers at once, with values, and has no timers: expired reservations and idle
 * counters go in the course of later calls. The clock is the `nowMs` of the calls.
 */
export class MemoryCounters implements CounterStore {
  readonly #maxCounters: number;
  readonly #counters = new Map<string, Counter>();
  readonly #expiries = new ExpiryHeap<MemoryReservation>();
  #sweep: IterableIterator<Counter>;
  #expired = 0;
  #evicted = 0;

  constructor(options: MemoryCountersOptions = {}) {
    this.#maxCounters = options.maxCounters ?? 1_000_000;
    this.#sweep = this.#counters.values();
  }

  /** Figures for metrics. */
  stats(): MemoryCountersStats {
    return {
      counters: this.#counters.size,
      reservations: this.#expiries.size,
      expired: this.#expired,
      evicted: this.#evicted,
    };
  }

  reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): ReserveResult {
    this.#expire(nowMs);
    if (this.#counters.size > SWEEP_FROM) this.#dropIdle(nowMs);
    const counters: Counter[] = new Array(limits.length);
    let deniedIndex = -1;
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as CounterLimit;
      const counter = this.#counter(limit, nowMs);
      advance(counter, limit, nowMs);
      counters[index] = counter;
      // Held already here, so that making room for the next one does not push it out.
      counter.held++;
      if (deniedIndex === -1 && limit.enforce && !fits(counter, limit, wholeAmount(limit.amount))) deniedIndex = index;
    }
    const allowed = deniedIndex === -1;
    const states: LimitState[] = new Array(limits.length);
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as CounterLimit;
      const counter = counters[index] as Counter;
      const amount = wholeAmount(limit.amount);
      const exceeded = !fits(counter, limit, amount);
      if (allowed) reserve(counter, amount);
      else counter.held--;
      states[index] = stateOf(counter, limit, { nowMs, exceeded });
    }
    if (!allowed) return { allowed, deniedIndex, states, reservation: undefined, degraded: false };
    const reservation = new MemoryReservation(counters, limits, { nowMs, ttlMs });
    this.#expiries.add(reservation);
    return { allowed, deniedIndex, states, reservation, degraded: false };
  }

  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void {
    const own = ownReservation(reservation);
    this.#expire(nowMs);
    if (own.state === DONE) return;
    const held = own.state === HELD;
    if (held) this.#expiries.remove(own);
    own.state = DONE;
    for (let index = 0; index < own.counters.length; index++) {
      const limit = own.limits[index] as CounterLimit;
      // What is held stays in the table; after that the counter may have been dropped.
      const counter = held ? (own.counters[index] as Counter) : this.#counter(limit, nowMs);
      const reserved = wholeAmount(limit.amount);
      const given = amounts[index];
      const actual = given === undefined ? reserved : wholeAmount(given);
      if (held) counter.held--;
      if (isOver(counter, limit)) continue;
      if (counter.kind === 'concurrency') {
        if (held) giveBack(counter, reserved, own.admittedMs);
        continue;
      }
      advance(counter, limit, nowMs);
      const surplus = held ? actual - reserved : actual;
      if (surplus < 0) giveBack(counter, -surplus, own.admittedMs);
      else charge(counter, surplus);
    }
  }

  release(reservation: Reservation, nowMs: number): void {
    const own = ownReservation(reservation);
    this.#expire(nowMs);
    if (own.state !== HELD) {
      own.state = DONE;
      return;
    }
    this.#expiries.remove(own);
    own.state = DONE;
    this.#giveBack(own, nowMs);
  }

  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void {
    this.#expire(nowMs);
    for (let index = 0; index < limits.length; index++) {
      const limit = limits[index] as CounterLimit;
      const amount = amounts[index] ?? 0;
      if (limit.kind === 'concurrency') continue;
      const counter = this.#counter(limit, nowMs);
      if (isOver(counter, limit)) continue;
      advance(counter, limit, nowMs);
      if (amount < 0) credit(counter, wholeAmount(-amount));
      else charge(counter, wholeAmount(amount));
    }
  }

  peek(limits: readonly CounterLimit[], nowMs: number): readonly LimitState[] {
    this.#expire(nowMs);
    return limits.map((limit) => {
      const known = this.#counters.get(limit.key);
      const counter = known !== undefined && counts(known, limit) ? known : new Counter(limit);
      advance(counter, limit, nowMs);
      return stateOf(counter, limit, { nowMs, exceeded: !fits(counter, limit, wholeAmount(limit.amount)) });
    });
  }

  reset(limit: CounterLimit, nowMs: number): void {
    this.#expire(nowMs);
    const counter = this.#counters.get(limit.key);
    if (counter !== undefined) empty(counter);
  }

  /** Forgets everything. */
  close(): void {
    for (const counter of this.#counters.values()) this.#drop(counter);
    for (let item = this.#expiries.first(); item !== undefined; item = this.#expiries.first()) {
      this.#expiries.remove(item);
      item.state = DONE;
    }
  }

  #counter(limit: CounterLimit, nowMs: number): Counter {
    const remembered = limit.name?.counter;
    if (remembered instanceof Counter && remembered.home === this && counts(remembered, limit)) return remembered;
    const counter = this.#find(limit, nowMs);
    const { name } = limit;
    if (name !== undefined) {
      name.counter = counter;
      counter.name = name;
    }
    return counter;
  }

  #find(limit: CounterLimit, nowMs: number): Counter {
    const known = this.#counters.get(limit.key);
    if (known !== undefined && counts(known, limit)) return known;
    if (known !== undefined) this.#drop(known);
    else if (this.#counters.size >= this.#maxCounters) this.#evict(nowMs);
    const counter = new Counter(limit);
    counter.home = this;
    this.#counters.set(limit.key, counter);
    return counter;
  }

  /** Takes a counter out of the table and out of the name that remembers it, which may live longer. */
  #drop(counter: Counter): void {
    this.#counters.delete(counter.key);
    counter.home = undefined;
    if (counter.name?.counter === counter) counter.name.counter = undefined;
  }

  #expire(nowMs: number): void {
    for (;;) {
      const first = this.#expiries.first();
      if (first === undefined || first.expiresMs > nowMs) return;
      this.#expiries.remove(first);
      first.state = EXPIRED;
      this.#expired++;
      this.#giveBack(first, nowMs);
    }
  }

  #giveBack(reservation: MemoryReservation, nowMs: number): void {
    for (let index = 0; index < reservation.counters.length; index++) {
      const counter = reservation.counters[index] as Counter;
      const limit = reservation.limits[index] as CounterLimit;
      counter.held--;
      if (isOver(counter, limit)) continue;
      advance(counter, limit, nowMs);
      giveBack(counter, wholeAmount(limit.amount), reservation.admittedMs);
    }
  }

  #nextSwept(): Counter | undefined {
    const next = this.#sweep.next();
    if (next.done !== true) return next.value;
    this.#sweep = this.#counters.values();
    return undefined;
  }

  #dropIdle(nowMs: number): void {
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const counter = this.#nextSwept();
      if (counter !== undefined && idleAt(counter) <= nowMs) this.#drop(counter);
    }
  }

  #evict(nowMs: number): void {
    let soonest: Counter | undefined;
    let soonestAt = Number.POSITIVE_INFINITY;
    for (let step = 0; step < EVICT_STEPS && soonestAt > nowMs; step++) {
      const counter = this.#nextSwept();
      const at = counter === undefined ? Number.POSITIVE_INFINITY : idleAt(counter);
      if (at < soonestAt) {
        soonest = counter;
        soonestAt = at;
      }
    }
    if (soonest === undefined) return;
    this.#drop(soonest);
    if (soonestAt > nowMs) this.#evicted++;
  }
}

/** Whether the period of a limit is over for its counter: what belongs to it is of no more interest. */
function isOver(counter: Counter, limit: CounterLimit): boolean {
  return counter.kind === 'period' && counter.atMs > (limit.periodStartMs ?? 0);
}

function ownReservation(reservation: Reservation): MemoryReservation {
  if (reservation instanceof MemoryReservation) return reservation;
  throw new TypeError('this reservation was given by another store');
}
