import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralReasoning } from '../neutral/request.ts';

/**
 * Words of the chat completions API (https://developers.openai.com/api/reference/resources/chat) and of its common
 * extensions. Fields outside these sets are kept as they are.
 */

/** Request fields with a neutral meaning. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'stop',
  'n',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'thinking',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
]);

/** Message fields with a neutral meaning. */
export const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'tool_calls',
  'function_call',
  'tool_call_id',
  'reasoning_content',
  'reasoning',
  'thinking_blocks',
  'annotations',
  'cache_control',
]);

/** Fields of an answer's top level with a neutral meaning. */
export const RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'service_tier',
]);

const EFFORTS: Readonly<Record<string, NeutralReasoning['effort']>> = {
  none: 'none',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
};

/** A `reasoning_effort` that is known; `undefined` for a word of the future. */
export function knownEffort(word: string): NeutralReasoning['effort'] | undefined {
  return Object.hasOwn(EFFORTS, word) ? EFFORTS[word] : undefined;
}

/**
 * Fields of a message that have no neutral meaning travel as one opaque part of this form, so that
 * other dialects can name them in a warning.
 */
export function messageFields(fields: JsonObject): JsonObject {
  return { message_fields: fields };
}

/** The fields in an opaque part made by `messageFields`. */
export function messageFieldsOf(value: JsonValue): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const fields = value['message_fields'];
  return typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? fields : undefined;
}

/** An id for a call of the API's former `function_call` form, which had none: the message's place stands for it. */
export function legacyCallId(messageIndex: number): string {
  return `call_message_${messageIndex}`;
}

/** Google's place for a thought signature on a tool call of its OpenAI-compatible API. */
export function signatureExtra(signature: string): JsonObject {
  return { google: { thought_signature: signature } };
}

/** The thought signature in a tool call's `extra_content`. */
export function signatureOfExtra(extra: JsonValue | undefined): string | undefined {
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra)) return undefined;
  const google = extra['google'];
  if (typeof google !== 'object' || google === null || Array.isArray(google)) return undefined;
  const signature = google['thought_signature'];
  return typeof signature === 'string' && signature !== '' ? signature : undefined;
}
