import { ERROR_CODES, type ErrorCode } from '../../errors/codes.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { CounterLimit, LimitState, ReserveResult } from './counter-store.ts';

/** One side of a channel between two processes or threads; messages arrive whole and in order, as structured clones or JSON. */
export interface CounterPort {
  send(message: unknown): void;
  /** Takes the messages from here on; called once. */
  onMessage(listener: (message: unknown) => void): void;
}

/** A reservation as it is named on the channel: by the number of the question that asked for it. */
export type Question =
  | {
      readonly ask: 'reserve';
      readonly id: number;
      readonly limits: readonly CounterLimit[];
      readonly nowMs: number;
      readonly ttlMs: number;
    }
  | { readonly ask: 'peek'; readonly id: number; readonly limits: readonly CounterLimit[]; readonly nowMs: number }
  | { readonly ask: 'reset'; readonly id: number; readonly limit: CounterLimit; readonly nowMs: number }
  | {
      readonly ask: 'settle';
      readonly reservation: number;
      readonly amounts: readonly number[];
      readonly nowMs: number;
    }
  | { readonly ask: 'release'; readonly reservation: number; readonly nowMs: number }
  | {
      readonly ask: 'charge';
      readonly limits: readonly CounterLimit[];
      readonly amounts: readonly number[];
      readonly nowMs: number;
    };

/** An admission as it crosses the channel: the reservation stays with the owner. */
export type WireResult = Pick<ReserveResult, 'allowed' | 'deniedIndex' | 'states' | 'degraded'>;

/** The answer to one question that has an id. */
export type Answer =
  | { readonly id: number; readonly result: WireResult }
  | { readonly id: number; readonly states: readonly LimitState[] }
  | { readonly id: number; readonly done: true }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

/** A limit as it crosses the channel: without the name, on which a store of this process remembers things of its own. */
export function toWireLimit(limit: CounterLimit): CounterLimit {
  const { key, kind, limit: most, windowMs, burst, periodStartMs, periodEndMs, amount, enforce } = limit;
  return { key, kind, limit: most, windowMs, burst, periodStartMs, periodEndMs, amount, enforce };
}

/** What goes from a worker to the owner of the counters: everything of one turn of its event loop. */
export interface QuestionMessage {
  readonly counters: 'ask';
  readonly questions: readonly Question[];
}

/** What comes back. */
export interface AnswerMessage {
  readonly counters: 'answer';
  readonly answers: readonly Answer[];
}

/** Whether a message is one of a worker's; others on the same channel are left alone. */
export function isQuestionMessage(message: unknown): message is QuestionMessage {
  return isOurs(message) && message.counters === 'ask' && 'questions' in message && Array.isArray(message.questions);
}

/** Whether a message is one of the owner's. */
export function isAnswerMessage(message: unknown): message is AnswerMessage {
  return isOurs(message) && message.counters === 'answer' && 'answers' in message && Array.isArray(message.answers);
}

function isOurs(message: unknown): message is { counters: unknown } {
  return typeof message === 'object' && message !== null && 'counters' in message;
}

/** An error as it crosses the channel: its code and public message. */
export function toWireError(error: unknown): { code: string; message: string } {
  const { code, publicMessage } = GatewayError.from(error);
  return { code, message: publicMessage };
}

/** The error that the other side had. */
export function fromWireError(error: { code: string; message: string }): GatewayError {
  return new GatewayError(isErrorCode(error.code) ? error.code : 'internal_error', error.message);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
