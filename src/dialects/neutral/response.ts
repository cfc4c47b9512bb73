import type { JsonObject } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralCitation } from './citations.ts';
import type { NeutralPart } from './request.ts';
import type { Usage } from './usage.ts';

/** Why generation stopped. `other` carries the provider's own word in `rawFinishReason`. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'stop-sequence' | 'pause' | 'other';

/** One answer of the model. */
export interface NeutralCandidate {
  index: number;
  content: NeutralPart[];
  finishReason: FinishReason;
  /** The provider's own word where `finishReason` says less. */
  rawFinishReason?: string;
  /** Which stop sequence ended the text. */
  stopSequence?: string;
  /** OpenAI-shaped log probabilities. */
  logprobs?: JsonObject;
}

/** A whole answer, whichever API it came from. */
export interface NeutralResponse {
  /** The provider's id; empty when it gave none. */
  id: string;
  /** The model that answered; empty when the provider does not say. */
  model: string;
  /** Unix seconds; absent when the provider does not say. */
  created?: number;
  candidates: NeutralCandidate[];
  /** Absent when the provider reported none. */
  usage?: Usage;
  serviceTier?: string;
  /** Response fields with no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}

/**
 * One step of a streamed answer. Order per candidate: `start`, then blocks (`*-start`, `*-delta`…,
 * `*-end`; `block` numbers them from 0 in order of appearance, blocks may interleave), then
 * `finish`. `usage` may come at any time, also more than once: each replaces the former. A stream
 * ends with `end` (whole), or `error`.
 */
export type NeutralEvent =
  | { type: 'start'; id: string; model: string; created?: number; serviceTier?: string }
  | { type: 'text-start'; candidate: number; block: number }
  | { type: 'text-delta'; candidate: number; block: number; text: string; logprobs?: JsonObject }
  | {
      type: 'text-end';
      candidate: number;
      block: number;
      origin?: NeutralEventOrigin;
      /** As in a text part. */
      citations?: NeutralCitation[];
    }
  | { type: 'refusal-delta'; candidate: number; block: number; text: string }
  | { type: 'reasoning-start'; candidate: number; block: number }
  | { type: 'reasoning-delta'; candidate: number; block: number; text: string }
  /** `signature` and `encrypted` as in NeutralReasoningPart; given once, whole. */
  | {
      type: 'reasoning-end';
      candidate: number;
      block: number;
      signature?: string;
      encrypted?: string;
      origin?: NeutralEventOrigin;
    }
  | { type: 'tool-call-start'; candidate: number; block: number; id: string; name: string; signature?: string }
  | { type: 'tool-call-delta'; candidate: number; block: number; arguments: string }
  | { type: 'tool-call-end'; candidate: number; block: number }
  /**
   * A provider's own block or event with no neutral event. `part` is given where it has a neutral part all the same,
   * as pictures and sound have.
   */
  | { type: 'opaque'; dialect: DialectName; candidate: number; block: number; value: JsonObject; part?: NeutralPart }
  | {
      type: 'finish';
      candidate: number;
      finishReason: FinishReason;
      rawFinishReason?: string;
      stopSequence?: string;
    }
  | { type: 'usage'; usage: Usage }
  /** A keep-alive from the provider; carries nothing. */
  | { type: 'ping' }
  | { type: 'error'; error: ProviderError }
  | { type: 'end' };

/** The dialect's own object behind a finished block. */
export interface NeutralEventOrigin {
  dialect: DialectName;
  value: JsonObject;
}

/** A provider's refusal, read from its error body, headers or error event. */
export interface ProviderError {
  /** HTTP status; for an error inside a stream the status it would have had. */
  status: number;
  /** The provider's own error type, such as `INVALID_ARGUMENT` or `ThrottlingException`. */
  type: string;
  message: string;
  /** The provider's own finer code, when it has one. */
  code?: string;
  /** The request field at fault, when the provider names it. */
  param?: string;
  retryAfterSeconds?: number;
}
