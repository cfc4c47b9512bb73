import type { CounterName } from './counter-name.ts';
import type { CounterKind, CounterLimit, LimitState } from './counter-store.ts';

/**
 * A sliding window is cut into 60 slots. What is admitted counts with its whole slot until that slot lies entirely
 * outside the window, so no window of `windowMs` ever holds more than the limit, and room returns at most `windowMs / 60`
 * late. 61 slots are kept at most.
 */
export const SLOTS = 60;

/** The slot of a moment, counted from the epoch. */
export function slotAt(timeMs: number, windowMs: number): number {
  return Math.floor((timeMs * SLOTS) / windowMs);
}

/** The first millisecond in which a slot no longer counts. */
export function slotLeavesAt(slot: number, windowMs: number): number {
  return Math.ceil(((slot + SLOTS + 1) * windowMs) / SLOTS);
}

/** An amount as it is counted: whole, not negative, finite. */
export function wholeAmount(amount: number | undefined): number {
  return amount !== undefined && amount > 0 ? Math.min(Math.ceil(amount), Number.MAX_SAFE_INTEGER) : 0;
}

/** What a limit's `used` is held against: the bucket's burst, else the limit. */
export function capacityOf(limit: CounterLimit): number {
  const capacity = limit.kind === 'bucket' ? (limit.burst ?? limit.limit) : limit.limit;
  return capacity > 0 ? Math.min(capacity, Number.MAX_SAFE_INTEGER) : 0;
}

/** The length that a window or bucket counts with: at least a millisecond. */
export function windowOf(limit: CounterLimit): number {
  return limit.windowMs >= 1 ? limit.windowMs : 1;
}

/** A limit's refill per `windowOf`, made fit to divide by. */
export function rateOf(limit: CounterLimit): number {
  return limit.limit > 0 ? Math.min(limit.limit, Number.MAX_SAFE_INTEGER) : 0;
}

/** One counter in memory. All of its numbers are read and written by the functions of this file. */
export class Counter {
  readonly key: string;
  readonly kind: CounterKind;
  readonly windowMs: number;
  /** What counts now. Bucket: what is missing to full, at `atMs`, possibly broken. */
  used: number;
  /** Bucket: up to when it has been refilled. Period: its start. */
  atMs: number;
  /** Period: its end. */
  endMs: number;
  /** Bucket: its refill per `windowMs` at the last look. */
  rate: number;
  /** Window: slot of `amounts[0]`, slot of now, slot of the last charge. */
  first: number;
  current: number;
  last: number;
  /** Window: what each slot from `first` on holds. */
  amounts: number[];
  /** Bucket: see `refund`. */
  lows: number[] | undefined;
  /** Reservations in flight. */
  held: number;
  /** The store that keeps it; undefined once that has dropped it. */
  home: object | undefined;
  /** The name that remembers it. */
  name: CounterName | undefined;

  constructor(limit: CounterLimit) {
    this.key = limit.key;
    this.kind = limit.kind;
    this.windowMs = windowOf(limit);
    this.used = 0;
    this.atMs = 0;
    this.endMs = 0;
    this.rate = 0;
    this.first = 0;
    this.current = 0;
    this.last = 0;
    this.amounts = [];
    this.lows = limit.kind === 'bucket' ? [] : undefined;
    this.held = 0;
    this.home = undefined;
    this.name = undefined;
  }
}

/** Whether a counter counts what the limit says; a limit whose kind or window changed starts a new one. */
export function counts(counter: Counter, limit: CounterLimit): boolean {
  return counter.kind === limit.kind && (limit.kind !== 'window' || counter.windowMs === windowOf(limit));
}

/** Brings a counter to now: slots leave, the bucket refills, a new period begins. A clock that went back stands still. */
export function advance(counter: Counter, limit: CounterLimit, nowMs: number): void {
  switch (counter.kind) {
    case 'window':
      advanceWindow(counter, nowMs);
      return;
    case 'bucket': {
      counter.rate = rateOf(limit);
      if (nowMs > counter.atMs) {
        counter.used = Math.max(0, counter.used - ((nowMs - counter.atMs) * counter.rate) / windowOf(limit));
        counter.atMs = nowMs;
        if (counter.lows !== undefined) lower(counter.lows, counter.used);
      }
      return;
    }
    case 'period': {
      const start = limit.periodStartMs ?? 0;
      if (start > counter.atMs) {
        counter.used = 0;
        counter.atMs = start;
      }
      counter.endMs = limit.periodEndMs ?? 0;
      return;
    }
    case 'concurrency':
      return;
    default:
      counter.kind satisfies never;
  }
}

function advanceWindow(counter: Counter, nowMs: number): void {
  counter.current = Math.max(slotAt(nowMs, counter.windowMs), counter.last);
  const drop = counter.current - SLOTS - counter.first;
  if (drop <= 0 || counter.amounts.length === 0) return;
  if (drop >= counter.amounts.length) {
    counter.amounts = [];
    counter.used = 0;
    return;
  }
  for (let index = 0; index < drop; index++) counter.used -= counter.amounts[index] ?? 0;
  counter.amounts.copyWithin(0, drop);
  counter.amounts.length -= drop;
  counter.first += drop;
}

/** Adds an amount now; the counter has been advanced. */
export function charge(counter: Counter, amount: number): void {
  if (amount === 0) return;
  counter.used += amount;
  if (counter.kind !== 'window') return;
  counter.last = counter.current;
  if (counter.amounts.length === 0) {
    counter.amounts = [amount];
    counter.first = counter.current;
    return;
  }
  const index = counter.current - counter.first;
  while (counter.amounts.length <= index) counter.amounts.push(0);
  counter.amounts[index] = (counter.amounts[index] ?? 0) + amount;
}

/** Adds the amount of a reservation, which may be given back later. */
export function reserve(counter: Counter, amount: number): void {
  const before = counter.used;
  charge(counter, amount);
  if (counter.lows === undefined || amount === 0) return;
  const lows = counter.lows;
  const top = lows.length - 2;
  if (top < 0 || lows[top] !== counter.atMs) {
    if (top >= 2 * (MAX_LOWS - 1)) lows.splice(2, 2);
    lows.push(counter.atMs, counter.used);
  } else if (lows[top + 1] === before) lows[top + 1] = counter.used;
}

/**
 * Takes back an amount that was charged at `sinceMs`, so that the counter stands as if it had never been charged; the
 * counter has been advanced. Of a window, only what has not left it, looked for from its slot on: a clock that ran back
 * charges later slots than it says.
 */
export function giveBack(counter: Counter, amount: number, sinceMs: number): void {
  if (counter.lows !== undefined) {
    counter.used = Math.max(0, counter.used - refund(counter.lows, amount, sinceMs));
    return;
  }
  if (counter.kind !== 'window') {
    counter.used = Math.max(0, counter.used - amount);
    return;
  }
  takeSlots(counter, amount, slotAt(sinceMs, counter.windowMs));
}

/** Takes an amount off whatever counts, oldest first; the counter has been advanced. */
export function credit(counter: Counter, amount: number): void {
  if (counter.kind === 'window') takeSlots(counter, amount, counter.current - SLOTS);
  else counter.used = Math.max(0, counter.used - amount);
  if (counter.lows !== undefined) lower(counter.lows, counter.used);
}

function takeSlots(counter: Counter, amount: number, slot: number): void {
  if (slot < counter.current - SLOTS) return;
  let rest = amount;
  for (let index = Math.max(0, slot - counter.first); index < counter.amounts.length && rest > 0; index++) {
    const part = Math.min(rest, counter.amounts[index] ?? 0);
    counter.amounts[index] = (counter.amounts[index] ?? 0) - part;
    counter.used -= part;
    rest -= part;
  }
}

/** So many of a bucket's lows are kept apart; beyond it the older of two stands for both, which gives back less. */
const MAX_LOWS = 32;

/**
 * What of an amount that a bucket was charged at a moment can be given back: no more than the least that the bucket has
 * been missing since, as the rest has been refilled already, into a bucket that without the charge would have been full.
 * `lows` holds pairs of a moment and the least since then, both rising; a charge older than the first is refilled whole.
 * Afterwards they are what they would be without the amount.
 */
function refund(lows: number[], amount: number, sinceMs: number): number {
  let from = lows.length - 2;
  while (from >= 0 && (lows[from] ?? 0) > sinceMs) from -= 2;
  if (from < 0) return 0;
  const back = Math.min(amount, lows[from + 1] ?? 0);
  for (let index = from; index < lows.length; index += 2) lows[index + 1] = (lows[index + 1] ?? 0) - back;
  const least = lows[from + 1] ?? 0;
  let first = from;
  while (first > 0 && (lows[first - 1] ?? 0) >= least) first -= 2;
  // The moments from `first` on have the same least now; one at which nothing was missing needs no entry.
  if (least <= 0) lows.splice(0, from + 2);
  else if (first < from) {
    lows[first + 1] = least;
    lows.splice(first + 2, from - first);
  }
  return back;
}

/** Notes that a bucket is missing only so much now. */
function lower(lows: number[], used: number): void {
  let since: number | undefined;
  while (lows.length > 0 && (lows[lows.length - 1] ?? 0) > used) {
    since = lows[lows.length - 2];
    lows.length -= 2;
  }
  if (since !== undefined && used > 0) lows.push(since, used);
}

/** Sets a counter to nothing used. */
export function empty(counter: Counter): void {
  counter.used = 0;
  counter.amounts = [];
  if (counter.lows !== undefined) counter.lows = [];
}

/** From when on a counter says nothing that a new one would not; `Infinity` while something is in flight. */
export function idleAt(counter: Counter): number {
  if (counter.held > 0) return Number.POSITIVE_INFINITY;
  if (counter.used === 0) return 0;
  switch (counter.kind) {
    case 'window':
      return slotLeavesAt(counter.last, counter.windowMs);
    case 'bucket':
      return counter.rate > 0
        ? counter.atMs + (counter.used * counter.windowMs) / counter.rate
        : Number.MAX_SAFE_INTEGER;
    case 'period':
      return counter.endMs;
    case 'concurrency':
      return Number.POSITIVE_INFINITY;
    default:
      return counter.kind satisfies never;
  }
}

/** Whether the amount fits, at least 1 of it. Written so that NaN does not. */
export function fits(counter: Counter, limit: CounterLimit, amount: number): boolean {
  return counter.used + (amount === 0 ? 1 : amount) <= capacityOf(limit);
}

/** Where a counter stands; it has been advanced. */
export function stateOf(
  counter: Counter,
  limit: CounterLimit,
  { nowMs, exceeded }: { nowMs: number; exceeded: boolean },
): LimitState {
  const capacity = capacityOf(limit);
  const used = Math.ceil(counter.used);
  const resetMs = resetOf(counter, limit, nowMs);
  return {
    limit: capacity,
    used,
    remaining: Math.max(0, Math.floor(capacity - used)),
    resetMs,
    retryAfterMs: exceeded ? retryOf(counter, limit, { nowMs, resetMs }) : 0,
    exceeded,
  };
}

/** A state from a counter's whole numbers. */
export function limitState(
  limit: CounterLimit,
  used: number,
  { resetMs, retryAfterMs, exceeded }: { resetMs: number; retryAfterMs: number; exceeded: boolean },
): LimitState {
  const capacity = capacityOf(limit);
  return {
    limit: capacity,
    used,
    remaining: Math.max(0, Math.floor(capacity - used)),
    resetMs,
    retryAfterMs,
    exceeded,
  };
}

function resetOf(counter: Counter, limit: CounterLimit, nowMs: number): number {
  switch (counter.kind) {
    case 'window':
      return counter.used === 0 ? 0 : Math.max(0, slotLeavesAt(counter.last, counter.windowMs) - nowMs);
    case 'bucket':
      return refillMs(counter.used, limit);
    case 'period':
      return Math.max(0, (limit.periodEndMs ?? 0) - nowMs);
    case 'concurrency':
      return 0;
    default:
      return counter.kind satisfies never;
  }
}

/** How long a bucket takes to refill an amount; one that never refills: its `windowMs`. */
function refillMs(amount: number, limit: CounterLimit): number {
  const rate = rateOf(limit);
  if (amount === 0) return 0;
  return rate > 0 ? Math.ceil((amount * windowOf(limit)) / rate) : windowOf(limit);
}

function retryOf(
  counter: Counter,
  limit: CounterLimit,
  { nowMs, resetMs }: { nowMs: number; resetMs: number },
): number {
  const capacity = capacityOf(limit);
  const amount = wholeAmount(limit.amount);
  const need = amount === 0 ? 1 : amount;
  if (need > capacity) return resetMs;
  if (counter.kind === 'bucket') return refillMs(counter.used + need - capacity, limit);
  if (counter.kind !== 'window') return resetMs;
  let over = counter.used + need - capacity;
  for (let index = 0; index < counter.amounts.length; index++) {
    over -= counter.amounts[index] ?? 0;
    if (over <= 0) return Math.max(0, slotLeavesAt(counter.first + index, counter.windowMs) - nowMs);
  }
  return resetMs;
}
