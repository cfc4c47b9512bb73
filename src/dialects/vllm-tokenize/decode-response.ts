import type { JsonValue } from '../../json/types.ts';
import type { ProviderAnswer } from '../family-dialects.ts';
import type { NeutralTokenCountResponse } from '../neutral/token-count.ts';
import { otherFields } from '../openai/fields.ts';
import { requireCount } from '../token-count/conversation.ts';

const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['count', 'max_model_len', 'tokens', 'token_strs']);

function listOf<T>(value: JsonValue | undefined, isItem: (item: JsonValue) => item is T & JsonValue): T[] | undefined {
  return Array.isArray(value) && value.every(isItem) ? value : undefined;
}

/** Reads the answer of `POST /tokenize`. */
export function decodeResponses(answers: readonly ProviderAnswer[]): NeutralTokenCountResponse {
  const body = answers[0]?.body ?? {};
  const response: NeutralTokenCountResponse = { inputTokens: requireCount(answers, 'count') };
  const tokens = listOf(body['tokens'], (item): item is number => typeof item === 'number');
  if (tokens !== undefined) response.tokens = tokens;
  const texts = listOf(body['token_strs'], (item): item is string => typeof item === 'string');
  if (texts !== undefined) response.tokenTexts = texts;
  if (typeof body['max_model_len'] === 'number') response.maxModelTokens = body['max_model_len'];
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { 'vllm-tokenize': rest };
  return response;
}
