import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { NeutralOrigin } from '../neutral/request.ts';

/** Words of Cohere's chat API (https://docs.cohere.com/reference/chat). Fields outside these sets are kept as they are. */

/** This dialect's name, as in origins, extensions and opaque parts. */
export const COHERE = 'cohere-chat';

/** This API in sentences about what of an answer it cannot show. */
export const COHERE_ANSWER: AnswerApi = { dialect: COHERE, title: "Cohere's chat" };

/** Request fields with a neutral meaning. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'tools',
  'strict_tools',
  'tool_choice',
  'documents',
  'response_format',
  'thinking',
  'max_tokens',
  'temperature',
  'p',
  'k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'stop_sequences',
  'logprobs',
]);

/** Fields of an answer with a neutral meaning. */
export const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['id', 'message', 'finish_reason', 'usage', 'logprobs']);

/** Marks a thought that the API calls the plan of a turn that calls tools. */
export const TOOL_PLAN: NeutralOrigin = { dialect: COHERE, value: { type: 'tool_plan' } };

/** Whether a thought was a tool plan. */
export function isToolPlan(origin: NeutralOrigin | undefined): boolean {
  return origin?.dialect === COHERE && origin.value['type'] === 'tool_plan';
}

/** The citations kept beside a part. */
export function citationsOf(origin: NeutralOrigin | undefined): JsonValue[] {
  const citations = origin?.dialect === COHERE ? origin.value['citations'] : undefined;
  return Array.isArray(citations) ? citations : [];
}

/** An origin with these citations beside what it holds already. */
export function withCitations(origin: NeutralOrigin | undefined, citations: readonly JsonValue[]): NeutralOrigin {
  const value: JsonObject = origin?.dialect === COHERE ? origin.value : {};
  return { dialect: COHERE, value: { ...value, citations: [...citationsOf(origin), ...citations] } };
}
