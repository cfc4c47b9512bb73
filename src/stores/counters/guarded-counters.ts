import { GatewayError } from '../../errors/gateway-error.ts';
import { Circuit } from './circuit.ts';
import {
  type CounterLimit,
  type CounterStore,
  isAnswer,
  type LimitState,
  type Reservation,
  type ReserveResult,
} from './counter-store.ts';
import { Deadlines } from './deadlines.ts';
import { MemoryCounters, type MemoryCountersOptions } from './memory-counters.ts';

/** How a shared store is guarded. */
export interface GuardedCountersOptions {
  /** The store to ask. It is closed with the guard. */
  store: CounterStore;
  /**
   * What happens to requests while the store does not answer. `allow`: they are admitted with `degraded: true`.
   * `deny`: they are refused with `store_unavailable`.
   */
  onFailure: 'allow' | 'deny';
  /**
   * With `allow`: whether this process enforces the limits on its own meanwhile, from zero, instead of only counting.
   * Default false.
   */
  enforceLocally?: boolean;
  /** How long a request waits for an answer. Default 100. */
  deadlineMs?: number;
  /** Questions the store may leave unanswered at a time, late ones included. Default 1024. */
  maxInFlight?: number;
  /** See Circuit. */
  threshold?: number;
  probeMs?: number;
  /** Bounds of the counters that stand in. */
  local?: MemoryCountersOptions;
  /** Told when the store is given up and when it is back. */
  onChange?: (state: 'open' | 'closed', cause: unknown) => void;
}

/** Figures for metrics. */
export interface GuardedCountersStats {
  readonly open: boolean;
  /** Questions without an answer yet. */
  readonly inFlight: number;
  /** Since the start: questions that were answered too late, that failed, and requests decided without the store. */
  readonly timeouts: number;
  readonly failures: number;
  readonly degraded: number;
}

/** A reservation made while the shared store was away. */
class LocalReservation implements Reservation {
  readonly limits: readonly CounterLimit[];
  readonly inner: Reservation;
  done: boolean;

  constructor(limits: readonly CounterLimit[], inner: Reservation) {
    this.limits = limits;
    this.inner = inner;
    this.done = false;
  }
}

const TOO_LATE = new Error('the store of the limits did not answer in time');

/**
 * Puts a bound on the time and memory that a shared store may cost. A question that is not answered within the deadline is
 * decided without the store; after several the circuit opens and the store is left alone until it answers a probe.
 * An answer that comes too late is released. What requests used meanwhile is charged to the shared store's period counters
 * (budgets) when it is back; windows and buckets begin where the store left them.
 */
export class GuardedCounters implements CounterStore {
  readonly #options: GuardedCountersOptions;
  readonly #store: CounterStore;
  readonly #local: MemoryCounters;
  readonly #deadlines: Deadlines;
  readonly #circuit: Circuit;
  readonly #maxInFlight: number;
  #inFlight = 0;
  #timeouts = 0;
  #failures = 0;
  #degraded = 0;

  constructor(options: GuardedCountersOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#local = new MemoryCounters(options.local);
    this.#deadlines = new Deadlines(options.deadlineMs ?? 100);
    this.#maxInFlight = options.maxInFlight ?? 1024;
    this.#circuit = new Circuit({
      probe: () => this.#ask(() => this.#store.peek([], Date.now())),
      ...(options.threshold === undefined ? {} : { threshold: options.threshold }),
      ...(options.probeMs === undefined ? {} : { probeMs: options.probeMs }),
      ...(options.onChange === undefined ? {} : { onChange: options.onChange }),
    });
  }

  /** Figures for metrics. */
  stats(): GuardedCountersStats {
    return {
      open: this.#circuit.open,
      inFlight: this.#inFlight,
      timeouts: this.#timeouts,
      failures: this.#failures,
      degraded: this.#degraded,
    };
  }

  reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): ReserveResult | Promise<ReserveResult> {
    if (this.#circuit.open || this.#inFlight >= this.#maxInFlight) {
      return this.#decide(limits, { nowMs, ttlMs, cause: undefined });
    }
    const result = this.#store.reserve(limits, nowMs, ttlMs);
    if (isAnswer(result)) return result;
    const late = (answer: ReserveResult) => {
      if (answer.reservation !== undefined) this.#store.release(answer.reservation, nowMs);
    };
    return this.#bound(result, late).then(
      (answer) => {
        this.#circuit.succeeded();
        return answer;
      },
      (cause: unknown) => {
        this.#circuit.failed(cause);
        return this.#decide(limits, { nowMs, ttlMs, cause });
      },
    );
  }

  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void {
    if (!(reservation instanceof LocalReservation)) {
      this.#store.settle(reservation, amounts, nowMs);
      return;
    }
    if (reservation.done) return;
    reservation.done = true;
    this.#local.settle(reservation.inner, amounts, nowMs);
    const budgets: CounterLimit[] = [];
    const used: number[] = [];
    for (let index = 0; index < reservation.limits.length; index++) {
      const limit = reservation.limits[index] as CounterLimit;
      if (limit.kind !== 'period') continue;
      budgets.push(limit);
      used.push(amounts[index] ?? limit.amount);
    }
    if (budgets.length > 0) this.#store.charge(budgets, used, nowMs);
  }

  release(reservation: Reservation, nowMs: number): void {
    if (reservation instanceof LocalReservation) {
      reservation.done = true;
      this.#local.release(reservation.inner, nowMs);
    } else this.#store.release(reservation, nowMs);
  }

  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void {
    this.#store.charge(limits, amounts, nowMs);
  }

  /** As the store's; rejects with `store_unavailable` when it does not answer. */
  async peek(limits: readonly CounterLimit[], nowMs: number): Promise<readonly LimitState[]> {
    return await this.#administer(() => this.#store.peek(limits, nowMs));
  }

  /** As the store's, and for the counters that stand in; rejects with `store_unavailable` when it does not answer. */
  async reset(limit: CounterLimit, nowMs: number): Promise<void> {
    this.#local.reset(limit, nowMs);
    await this.#administer(() => this.#store.reset(limit, nowMs));
  }

  async close(): Promise<void> {
    this.#circuit.close();
    await this.#store.close();
    this.#deadlines.close();
    this.#local.close();
  }

  async #administer<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer> {
    if (this.#circuit.open) throw unavailable(undefined);
    try {
      const answer = await this.#ask(question);
      this.#circuit.succeeded();
      return answer;
    } catch (cause) {
      this.#circuit.failed(cause);
      throw unavailable(cause);
    }
  }

  async #ask<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer> {
    if (this.#inFlight >= this.#maxInFlight) throw TOO_LATE;
    return await this.#bound(Promise.resolve(question()), undefined);
  }

  /** The answer if it comes in time. `late` gets one that comes after that. */
  #bound<Answer>(answer: Promise<Answer>, late: ((answer: Answer) => void) | undefined): Promise<Answer> {
    this.#inFlight++;
    return new Promise((resolve, reject) => {
      let over = false;
      const stop = this.#deadlines.start({
        timedOut: () => {
          over = true;
          this.#timeouts++;
          reject(TOO_LATE);
        },
      });
      answer.then(
        (value) => {
          this.#inFlight--;
          if (over) late?.(value);
          else {
            stop();
            resolve(value);
          }
        },
        (error: unknown) => {
          this.#inFlight--;
          if (over) return;
          stop();
          this.#failures++;
          reject(error);
        },
      );
    });
  }

  #decide(
    limits: readonly CounterLimit[],
    { nowMs, ttlMs, cause }: { nowMs: number; ttlMs: number; cause: unknown },
  ): ReserveResult {
    this.#degraded++;
    if (this.#options.onFailure === 'deny') throw unavailable(cause);
    const asked =
      this.#options.enforceLocally === true ? limits : limits.map((limit) => ({ ...limit, enforce: false }));
    const result = this.#local.reserve(asked, nowMs, ttlMs);
    return {
      allowed: result.allowed,
      deniedIndex: result.deniedIndex,
      states: result.states,
      reservation: result.reservation === undefined ? undefined : new LocalReservation(limits, result.reservation),
      degraded: true,
    };
  }
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('store_unavailable', 'The limits of this request cannot be checked at the moment.', {
    cause,
    retryAfterSeconds: 1,
  });
}
