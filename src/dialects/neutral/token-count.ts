import type { JsonObject } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralRequest } from './request.ts';

/** A question how many tokens an input has. */
export interface NeutralTokenCountRequest {
  /** The model's name as the target wants it. */
  model: string;
  input: NeutralCountedInput;
  /** Whether the client also wants the token ids and the text of each. */
  wantTokenTexts?: boolean;
  /** Fields of the client's API that have no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}

/** What is counted: bare text, or a conversation as the model would be given it. */
export type NeutralCountedInput =
  | { type: 'prompt'; text: string }
  /** The `model` inside stands back behind that of the count request. */
  | { type: 'messages'; request: NeutralRequest };

/** How many tokens it were. */
export interface NeutralTokenCountResponse {
  inputTokens: number;
  /** The part of `inputTokens` that a cache holds. */
  cachedTokens?: number;
  /** The token ids, from tokenizers that show them. */
  tokens?: number[];
  /** The text of each token. */
  tokenTexts?: string[];
  /** The longest input and output together that the model takes, where the server says. */
  maxModelTokens?: number;
  /** Response fields with no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}
