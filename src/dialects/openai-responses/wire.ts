import type { JsonObject } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { NeutralOrigin } from '../neutral/request.ts';

/**
 * Words of OpenAI's Responses API (https://developers.openai.com/api/reference/resources/responses).
 * Fields outside these sets are kept as they are.
 */

/** This dialect's name, as in origins, extensions and opaque parts. */
export const RESPONSES = 'openai-responses';

/** This API in sentences about what of an answer it cannot show. */
export const RESPONSES_ANSWER: AnswerApi = { dialect: RESPONSES, title: 'the Responses API' };

/** `include` entry that asks for reasoning in a form that a stateless client can give back. */
export const INCLUDE_REASONING = 'reasoning.encrypted_content';

/** `include` entry that asks for log probabilities. */
export const INCLUDE_LOGPROBS = 'message.output_text.logprobs';

/** Request fields with a neutral meaning, or that are read by name. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'text',
  'reasoning',
  'include',
  'store',
  'previous_response_id',
  'conversation',
  'background',
  'prompt',
  'metadata',
  'user',
  'safety_identifier',
  'service_tier',
  'truncation',
]);

/** Fields of an answer with a neutral meaning, and those that only repeat what the request said. */
export const RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'error',
  'incomplete_details',
  'model',
  'output',
  'output_text',
  'usage',
  'service_tier',
]);

/** Marks a part with the item or content part it was read from. */
export function originOf(value: JsonObject): NeutralOrigin {
  return { dialect: RESPONSES, value };
}

/** The item or content part of this API a part was read from; `undefined` for another API's. */
export function ownValue(part: { origin?: NeutralOrigin }): JsonObject | undefined {
  return part.origin?.dialect === RESPONSES ? part.origin.value : undefined;
}

/** The longest `call_id` OpenAI takes, in characters. */
const MAX_CALL_ID = 64;

/**
 * An id of a call as OpenAI takes it. Another provider's longer id is replaced by one that the same id
 * always gives, so that call and output still meet.
 */
export function wireCallId(id: string): string {
  if (id.length <= MAX_CALL_ID) return id;
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return `${id.slice(0, MAX_CALL_ID - 9)}_${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** Free text for a custom tool as the arguments of a function: one field, `input`. */
export function wrapCustomInput(input: string): string {
  return JSON.stringify({ input });
}

/** The free text in arguments made by `wrapCustomInput`; arguments of another form are the text themselves. */
export function unwrapCustomInput(text: string): string {
  if (text.trim() === '') return '';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'input' in value && typeof value.input === 'string') {
      return value.input;
    }
  } catch {
    // Not JSON: a model wrote the bare text.
  }
  return text;
}
