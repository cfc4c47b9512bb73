import { GatewayError } from '../../errors/gateway-error.ts';
import {
  type Answer,
  type CounterPort,
  fromWireError,
  isAnswerMessage,
  type Question,
  toWireLimit,
  type WireResult,
} from './counter-messages.ts';
import type { CounterLimit, CounterStore, LimitState, Reservation, ReserveResult } from './counter-store.ts';

class RemoteReservation implements Reservation {
  readonly limits: readonly CounterLimit[];
  readonly id: number;
  done: boolean;

  constructor(limits: readonly CounterLimit[], id: number) {
    this.limits = limits;
    this.id = id;
    this.done = false;
  }
}

/** How a RemoteCounters uses its channel. */
export interface RemoteCountersOptions {
  /**
   * How long settlements may wait for a question to go along with, which saves the owner from being woken for them. Those of
   * concurrency limits, whose places others wait for, never wait. Default 0.
   */
  settleDelayMs?: number;
}

interface Waiting {
  readonly take: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

/**
 * A CounterStore whose counters another process or thread of this machine holds (see serveCounters). All questions of one
 * turn of the event loop go in one message. Has no deadline of its own: GuardedCounters adds one where it is wanted.
 */
export class RemoteCounters implements CounterStore {
  readonly #port: CounterPort;
  readonly #waiting = new Map<number, Waiting>();
  #batch: Question[] = [];
  readonly #settleDelayMs: number;
  #next = 0;
  #closed = false;
  /** Whether the batch goes at the end of this turn. */
  #goesNow = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(port: CounterPort, options: RemoteCountersOptions = {}) {
    this.#port = port;
    this.#settleDelayMs = options.settleDelayMs ?? 0;
    port.onMessage((message) => {
      if (!isAnswerMessage(message)) return;
      for (const answer of message.answers) {
        const waiting = this.#waiting.get(answer.id);
        this.#waiting.delete(answer.id);
        waiting?.take(answer);
      }
    });
  }

  /** Questions without an answer yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  reserve(limits: readonly CounterLimit[], nowMs: number, ttlMs: number): Promise<ReserveResult> {
    const id = this.#next++;
    return this.#ask({ ask: 'reserve', id, limits: limits.map(toWireLimit), nowMs, ttlMs }, (answer) =>
      'result' in answer ? toResult(answer.result, limits, id) : undefined,
    );
  }

  settle(reservation: Reservation, amounts: readonly number[], nowMs: number): void {
    const own = ownReservation(reservation);
    if (own.done) return;
    own.done = true;
    this.#push({ ask: 'settle', reservation: own.id, amounts, nowMs }, this.#mayWait(own));
  }

  release(reservation: Reservation, nowMs: number): void {
    const own = ownReservation(reservation);
    if (own.done) return;
    own.done = true;
    this.#push({ ask: 'release', reservation: own.id, nowMs }, this.#mayWait(own));
  }

  charge(limits: readonly CounterLimit[], amounts: readonly number[], nowMs: number): void {
    this.#push({ ask: 'charge', limits: limits.map(toWireLimit), amounts, nowMs });
  }

  peek(limits: readonly CounterLimit[], nowMs: number): Promise<readonly LimitState[]> {
    const id = this.#next++;
    return this.#ask({ ask: 'peek', id, limits: limits.map(toWireLimit), nowMs }, (answer) =>
      'states' in answer ? answer.states : undefined,
    );
  }

  async reset(limit: CounterLimit, nowMs: number): Promise<void> {
    await this.#ask({ ask: 'reset', id: this.#next++, limit: toWireLimit(limit), nowMs }, (answer) =>
      'done' in answer ? true : undefined,
    );
  }

  /** Sends what is left and rejects what waits, with `store_unavailable`; call it also when the owner is gone. */
  close(): void {
    this.#flush();
    this.#closed = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { fail } of waiting) fail(gone());
  }

  #ask<Value>(
    question: Question & { readonly id: number },
    read: (answer: Answer) => Value | undefined,
  ): Promise<Value> {
    if (this.#closed) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const take = (answer: Answer) => {
        if ('error' in answer) return reject(fromWireError(answer.error));
        const value = read(answer);
        if (value === undefined) reject(new Error('the owner of the counters answered another question'));
        else resolve(value);
      };
      this.#waiting.set(question.id, { take, fail: reject });
      this.#push(question);
    });
  }

  #mayWait(reservation: RemoteReservation): boolean {
    return this.#settleDelayMs > 0 && !reservation.limits.some(({ kind }) => kind === 'concurrency');
  }

  #push(question: Question, mayWait = false): void {
    if (this.#closed) return;
    this.#batch.push(question);
    if (this.#goesNow) return;
    if (mayWait) {
      this.#timer ??= setTimeout(() => this.#flush(), this.#settleDelayMs);
      return;
    }
    this.#goesNow = true;
    // After the input and output of this turn: whatever else it asks goes along.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#goesNow = false;
    if (this.#batch.length === 0 || this.#closed) return;
    const questions = this.#batch;
    this.#batch = [];
    this.#port.send({ counters: 'ask', questions });
  }
}

function toResult(result: WireResult, limits: readonly CounterLimit[], id: number): ReserveResult {
  return {
    allowed: result.allowed,
    deniedIndex: result.deniedIndex,
    states: result.states,
    reservation: result.allowed ? new RemoteReservation(limits, id) : undefined,
    degraded: result.degraded,
  };
}

function gone(): GatewayError {
  return new GatewayError('store_unavailable', 'The limits of this request cannot be checked at the moment.');
}

function ownReservation(reservation: Reservation): RemoteReservation {
  if (reservation instanceof RemoteReservation) return reservation;
  throw new TypeError('this reservation was given by another store');
}
