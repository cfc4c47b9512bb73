import { type Answer, type CounterPort, isQuestionMessage, type Question, toWireError } from './counter-messages.ts';
import { type CounterStore, isAnswer, type LimitState, type Reservation, type ReserveResult } from './counter-store.ts';

/** A worker's share of the owner's counters. */
export interface CounterServer {
  /** Reservations that the worker holds. */
  readonly held: number;
  /** The worker is gone: gives back what it holds, and answers nothing any more. */
  dispose(nowMs: number): void;
}

/**
 * Answers the RemoteCounters at the other end of a port out of a store of this process. The answers to one message go
 * back in one message, except for those that the store itself has to wait for.
 */
export function serveCounters(store: CounterStore, port: CounterPort): CounterServer {
  return new PortServer(store, port);
}

class PortServer implements CounterServer {
  readonly #store: CounterStore;
  readonly #port: CounterPort;
  readonly #held = new Map<number, Reservation>();
  #disposed = false;

  constructor(store: CounterStore, port: CounterPort) {
    this.#store = store;
    this.#port = port;
    port.onMessage((message) => {
      if (isQuestionMessage(message)) this.#take(message.questions);
    });
  }

  get held(): number {
    return this.#held.size;
  }

  dispose(nowMs: number): void {
    this.#disposed = true;
    for (const reservation of this.#held.values()) this.#store.release(reservation, nowMs);
    this.#held.clear();
  }

  #take(questions: readonly Question[]): void {
    if (this.#disposed) return;
    const answers: Answer[] = [];
    for (const question of questions) {
      try {
        this.#answer(question, answers);
      } catch (error) {
        if ('id' in question) answers.push({ id: question.id, error: toWireError(error) });
      }
    }
    this.#send(answers);
  }

  #answer(question: Question, answers: Answer[]): void {
    switch (question.ask) {
      case 'reserve': {
        const { id, nowMs } = question;
        const result = this.#store.reserve(question.limits, nowMs, question.ttlMs);
        if (isAnswer(result)) answers.push(this.#admit(id, result, nowMs));
        else this.#later(id, result, (value) => this.#admit(id, value, nowMs));
        return;
      }
      case 'peek': {
        const { id } = question;
        const states = this.#store.peek(question.limits, question.nowMs);
        const answer = (value: readonly LimitState[]): Answer => ({ id, states: value });
        if (states instanceof Promise) this.#later(id, states, answer);
        else answers.push(answer(states));
        return;
      }
      case 'reset': {
        const { id } = question;
        const done = this.#store.reset(question.limit, question.nowMs);
        if (done instanceof Promise) this.#later(id, done, () => ({ id, done: true }));
        else answers.push({ id, done: true });
        return;
      }
      case 'settle': {
        const reservation = this.#take1(question.reservation);
        if (reservation !== undefined) this.#store.settle(reservation, question.amounts, question.nowMs);
        return;
      }
      case 'release': {
        const reservation = this.#take1(question.reservation);
        if (reservation !== undefined) this.#store.release(reservation, question.nowMs);
        return;
      }
      case 'charge':
        this.#store.charge(question.limits, question.amounts, question.nowMs);
        return;
      default:
        question satisfies never;
    }
  }

  #take1(id: number): Reservation | undefined {
    const reservation = this.#held.get(id);
    this.#held.delete(id);
    return reservation;
  }

  #admit(id: number, result: ReserveResult, nowMs: number): Answer {
    const { allowed, deniedIndex, states, degraded, reservation } = result;
    if (reservation !== undefined) {
      if (this.#disposed) this.#store.release(reservation, nowMs);
      else this.#held.set(id, reservation);
    }
    return { id, result: { allowed, deniedIndex, states, degraded } };
  }

  #later<Value>(id: number, value: Promise<Value>, answer: (value: Value) => Answer): void {
    value.then(
      (result) => this.#send([answer(result)]),
      (error: unknown) => this.#send([{ id, error: toWireError(error) }]),
    );
  }

  #send(answers: readonly Answer[]): void {
    if (answers.length > 0 && !this.#disposed) this.#port.send({ counters: 'answer', answers });
  }
}
