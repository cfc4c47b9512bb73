import type { JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { boundedText, readOpenAiErrorBody } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { readRetryAfter } from '../openai/retry-after.ts';

/** Anthropic's error types and the statuses they come with (https://platform.claude.com/docs/en/api/errors). */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Anthropic's error type for a status. */
export function errorTypeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'billing_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 504:
      return 'timeout_error';
    case 503:
    case 529:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}

/** The status an error event would have had; 500 for a type that is unknown. */
export function statusOfErrorType(type: string): number {
  return (Object.hasOwn(STATUS_OF_TYPE, type) ? STATUS_OF_TYPE[type] : undefined) ?? 500;
}

function encode(error: ErrorAnswer): JsonObject {
  // A provider's word stays only where it is one of this API's own: SDKs switch on it.
  const own = error.source === 'provider' && Object.hasOwn(STATUS_OF_TYPE, error.type);
  const type = own ? error.type : errorTypeOf(error.status);
  return { type: 'error', error: { type, message: error.message } };
}

/** Reads the inside of an error body or event. */
export function readAnthropicError(status: number, body: JsonObject): ProviderError {
  const inner = objectOf(body['error']);
  const type = textOf(inner?.['type']);
  const message = textOf(inner?.['message']);
  // Amazon and Google wrap this API and answer some errors in their own form.
  if (inner === undefined || message === undefined) {
    const foreign = readOpenAiErrorBody(status, body);
    const named = textOf(inner?.['type'] ?? body['type']) ?? errorTypeOf(status);
    return { ...foreign, type: named };
  }
  return { status, type: type ?? errorTypeOf(status), message: boundedText(message) };
}

function decode(
  status: number,
  header: (name: string) => string | undefined,
  body: JsonObject | undefined,
  text: string,
): ProviderError {
  const error: ProviderError =
    body === undefined
      ? { status, type: errorTypeOf(status), message: boundedText(text) }
      : readAnthropicError(status, body);
  const wait = readRetryAfter(header);
  if (wait !== undefined) error.retryAfterSeconds = wait;
  return error;
}

/** Errors of the Messages API. */
export const anthropicErrors: ErrorDialect = {
  encode,
  // SDKs show it with the error.
  headers: ({ requestId }) => (requestId === undefined ? [] : ['request-id', requestId]),
  encodeInStream: (error) => `event: error\ndata: ${JSON.stringify(encode(error))}\n\n`,
  decode,
};
