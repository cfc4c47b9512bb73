import type { JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { openaiErrors, readOpenAiErrorBody } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';

/**
 * The `error` event. The reference documents its fields at the top, OpenAI sends them inside `error`,
 * and SDKs look for one or the other: both are written.
 */
export function errorEvent(error: ErrorAnswer, sequenceNumber?: number): string {
  const body: JsonObject = { type: 'error' };
  if (sequenceNumber !== undefined) body['sequence_number'] = sequenceNumber;
  const param = error.param ?? null;
  body['code'] = error.code;
  body['message'] = error.message;
  body['param'] = param;
  body['error'] = { type: error.type, code: error.code, message: error.message, param };
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
}

/** Errors of the Responses API: OpenAI's bodies, and an `error` event in streams. */
export const responsesErrors: ErrorDialect = {
  ...openaiErrors,
  encodeInStream: (error) => errorEvent(error),
};

/** Codes a response's own `error` may carry and clients act on; others become the one that fits the status. */
const KNOWN_CODES: ReadonlySet<string> = new Set([
  'server_error',
  'rate_limit_exceeded',
  'invalid_prompt',
  'context_length_exceeded',
  'insufficient_quota',
  'server_is_overloaded',
]);

/** The `error` of a response that failed. */
export function failedResponseError(error: ProviderError): JsonObject {
  const { code, status } = error;
  if (code !== undefined && KNOWN_CODES.has(code)) return { code, message: error.message };
  if (status === 429) return { code: 'rate_limit_exceeded', message: error.message };
  return { code: status >= 400 && status < 500 ? 'invalid_prompt' : 'server_error', message: error.message };
}

/** The HTTP status an error inside an answer would have had, from its code or its type. */
function statusOf(fields: JsonObject): number {
  const code = Number(fields['code'] ?? fields['status'] ?? Number.NaN);
  if (Number.isInteger(code) && code >= 400 && code <= 599) return code;
  const words = `${textOf(fields['type']) ?? ''} ${textOf(fields['code']) ?? ''}`;
  if (words.includes('rate_limit') || words.includes('too_many_requests') || words.includes('insufficient_quota')) {
    return 429;
  }
  if (words.includes('overloaded')) return 503;
  if (words.includes('server_error')) return 500;
  if (words.includes('invalid_') || words.includes('image_') || words.includes('context_length')) return 400;
  return 502;
}

/** Reads the `error` event, nested or flat, and the `error` of a failed response. */
export function readAnswerError(fields: JsonObject): ProviderError {
  const inner = objectOf(fields['error']) ?? fields;
  // The flat event's own `type` names the event.
  const { type, ...rest } = inner;
  const named: JsonObject = type === 'error' || type === undefined || type === null ? rest : inner;
  return readOpenAiErrorBody(statusOf(named), named);
}
