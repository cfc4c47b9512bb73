import type { JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { boundedText, readOpenAiErrorBody } from '../openai/errors.ts';
import { textOf } from '../openai/fields.ts';
import { readRetryAfter } from '../openai/retry-after.ts';

/** Names for the statuses that Cohere answers with: its own errors carry a sentence only (https://docs.cohere.com/reference/errors). */
const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  498: 'invalid_token_error',
  499: 'request_cancelled',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** A name for an error of that status. */
export function cohereErrorType(status: number): string {
  return TYPE_OF_STATUS[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

function encode(error: ErrorAnswer): JsonObject {
  return { message: error.message };
}

function decode(
  status: number,
  header: (name: string) => string | undefined,
  body: JsonObject | undefined,
  text: string,
): ProviderError {
  const type = cohereErrorType(status);
  const error: ProviderError =
    body === undefined
      ? { status, type, message: boundedText(text) }
      : // Servers that copy the API answer in OpenAI's form, with a type of their own.
        { ...readOpenAiErrorBody(status, body), ...(textOf(body['message']) === undefined ? {} : { type }) };
  const wait = readRetryAfter(header);
  if (wait !== undefined) error.retryAfterSeconds = wait;
  return error;
}

/** The event that ends a chat stream with an error: `message-end` with the finish reason `ERROR`. */
function encodeInStream(error: ErrorAnswer): string {
  const event = { type: 'message-end', delta: { finish_reason: 'ERROR', error: error.message } };
  return `event: message-end\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Errors of Cohere's v2 API: `{"message": …}`, in streams a `message-end` with an error. */
export const cohereErrors: ErrorDialect = { encode, encodeInStream, decode };
