import type { CounterName } from './counter-name.ts';

/**
 * How a counter counts.
 * - `window`: sliding; what is admitted leaves one `windowMs` later.
 * - `bucket`: a token bucket of `burst` that refills `limit` per `windowMs`, continuously.
 * - `period`: from `periodStartMs` to `periodEndMs`, then anew.
 * - `concurrency`: what is in flight.
 */
export type CounterKind = 'window' | 'bucket' | 'period' | 'concurrency';

/**
 * One limit that a request has to pass, with the amount it asks for. Limits and amounts are whole numbers in the
 * counter's unit (requests, tokens, millionths of a dollar), exact up to 2^53; a broken amount is rounded up, one that
 * is negative or no number counts 0, a limit that is no number admits nothing.
 */
export interface CounterLimit {
  /** Names the counter, dimension values included. The keys of one call differ. */
  readonly key: string;
  /** The same name as an object, where the caller keeps one. */
  readonly name?: CounterName | undefined;
  readonly kind: CounterKind;
  readonly limit: number;
  /** Window: its length. Bucket: the time in which `limit` refills. Else 0. */
  readonly windowMs: number;
  /** Bucket only: its capacity; default `limit`. */
  readonly burst?: number | undefined;
  /** Period only: its bounds in epoch milliseconds. */
  readonly periodStartMs?: number | undefined;
  readonly periodEndMs?: number | undefined;
  /** What is asked for; 0 only checks that something is left. Finite, as are the limits: it may have to cross JSON. */
  readonly amount: number;
  /** False: counted and reported, never refused (shadow mode). */
  readonly enforce: boolean;
}

/** Where a counter stands: after the request if it was admitted, without it if it was refused or only looked at. */
export interface LimitState {
  /** The capacity: `burst` of a bucket, else `limit`. */
  readonly limit: number;
  /** Reserved and settled together; above `limit` after an overshoot. */
  readonly used: number;
  /** Never below 0. */
  readonly remaining: number;
  /** Milliseconds until nothing is used, if nothing is added; a period: until its end; concurrency: 0, unknown. */
  readonly resetMs: number;
  /**
   * Milliseconds until the amount asked for fits, if nothing is added: 0 when it does, or when nobody knows
   * (concurrency). For an amount above the limit: `resetMs`.
   */
  readonly retryAfterMs: number;
  /** Whether the amount asked for did not fit; true without a refusal in shadow mode. */
  readonly exceeded: boolean;
}

/** What a store gave to a request that was admitted; goes back to the same store, once. */
export interface Reservation {
  /** The limits as they were given; the caller leaves them and the array as they are until it settles. */
  readonly limits: readonly CounterLimit[];
}

/** The answer to a reservation. */
export interface ReserveResult {
  readonly allowed: boolean;
  /** The first enforced limit that refused, or -1. */
  readonly deniedIndex: number;
  /** One for each limit, in order. */
  readonly states: readonly LimitState[];
  /** Present exactly when `allowed`. */
  readonly reservation: Reservation | undefined;
  /** True when the shared store did not answer and this process decided alone. */
  readonly degraded: boolean;
}

/**
 * Counters behind rate limits, budgets and concurrency limits. A request reserves on all its counters at once, all or
 * nothing, before its attempt; afterwards it settles with what it really used, or releases.
 *
 * - At every admission the sum of what is reserved and settled, the new amount included, is at most the limit. So with
 *   amounts of 1 and a limit of N exactly N are in at once, however many ask together. Settling may exceed the limit: the
 *   overshoot is at most the sum of (real - reserved) over the reservations in flight, is visible in `used`, and is
 *   refused against.
 * - A reservation counts from its admission. Settled with less, the rest is given back as if never taken: of a window what
 *   has not left it, of a bucket what has not been refilled to no use. Settled with more, the surplus counts from the
 *   settlement, but in a period always in the period of the admission.
 * - A reservation that is neither settled nor released within its `ttlMs` is given back; settled later, the whole real
 *   amount counts from then (concurrency: nothing).
 * - `settle`, `release` and `charge` never throw or block; a second one for a reservation does nothing.
 */
export interface CounterStore {
  /** Asks for the amounts of all limits at once. `nowMs` is epoch milliseconds. Rejects or throws only when no answer is to be had. */
  reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): ReserveResult | Promise<ReserveResult>;
  /** Turns a reservation into real amounts, in the order of its limits; one left out stays as reserved. */
  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void;
  /** Gives a reservation back. */
  release(reservation: Reservation, nowMs: number): void;
  /**
   * Counts amounts without a reservation, unconditionally (usage known later, a correction). Negative amounts give
   * back, oldest first. Concurrency counters are left alone.
   */
  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void;
  /** Where the counters stand; changes nothing. */
  peek(limits: readonly CounterLimit[], nowMs: number): readonly LimitState[] | Promise<readonly LimitState[]>;
  /** Sets a counter to nothing used. What is in flight then is settled against what is counted from here on, never below 0. */
  reset(limit: CounterLimit, nowMs: number): void | Promise<void>;
  /** Ends timers and connections, after what is still to be settled has been sent (bounded). */
  close(): void | Promise<void>;
}

/** Whether a store answered at once. */
export function isAnswer(result: ReserveResult | Promise<ReserveResult>): result is ReserveResult {
  return !(result instanceof Promise);
}
