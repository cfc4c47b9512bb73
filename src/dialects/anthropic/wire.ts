import type { JsonObject } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { NeutralCacheMark } from '../neutral/request.ts';

/** Words of the Messages API (https://platform.claude.com/docs/en/api/messages). Fields outside these sets are kept as they are. */

/** Request fields with a neutral meaning. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'max_tokens',
  'messages',
  'system',
  'stream',
  'tools',
  'tool_choice',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
]);

/** Fields of an answer with a neutral meaning. */
export const RESPONSE_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'stop_reason',
  'stop_sequence',
  'usage',
]);

/** This API in sentences about what of an answer it cannot show. */
export const MESSAGES_ANSWER: AnswerApi = { dialect: 'anthropic', title: 'the Messages API' };

/** A cache mark as `cache_control`. */
export function cacheControl(cache: NeutralCacheMark): JsonObject {
  return cache.ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl: cache.ttl };
}

/** Ids of calls may hold letters, digits, `_` and `-` only; those of other providers may not keep to it. */
export function wireCallId(id: string): string {
  return FOREIGN_ID_CHARACTER.test(id) ? id.replace(FOREIGN_ID_CHARACTERS, '_') : id;
}

const FOREIGN_ID_CHARACTER = /[^a-zA-Z0-9_-]/;
const FOREIGN_ID_CHARACTERS = /[^a-zA-Z0-9_-]/g;
