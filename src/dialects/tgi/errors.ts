import type { JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { boundedText, readOpenAiErrorBody } from '../openai/errors.ts';
import { textOf } from '../openai/fields.ts';
import { readRetryAfter } from '../openai/retry-after.ts';

/** TGI's `error_type` and the statuses they come with. */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  validation: 422,
  generation: 424,
  overloaded: 429,
  incomplete_generation: 500,
  template_error: 422,
  no_permit: 429,
};

function errorType(status: number): string {
  if (status === 429 || status === 503) return 'overloaded';
  return status >= 500 || status === 424 ? 'generation' : 'validation';
}

function encode(error: ErrorAnswer): JsonObject {
  const own = error.source === 'provider' && Object.hasOwn(STATUS_OF_TYPE, error.type);
  return { error: error.message, error_type: own ? error.type : errorType(error.status) };
}

/** Reads `{error, error_type}`; inside a stream (`status` undefined) the type tells the status. */
export function readTgiError(body: JsonObject, status?: number): ProviderError {
  const type = textOf(body['error_type']);
  const known = type !== undefined && Object.hasOwn(STATUS_OF_TYPE, type) ? STATUS_OF_TYPE[type] : undefined;
  const code = status ?? known ?? 500;
  const error = readOpenAiErrorBody(code, body);
  return { ...error, type: type ?? error.type };
}

function decode(
  status: number,
  header: (name: string) => string | undefined,
  body: JsonObject | undefined,
  text: string,
): ProviderError {
  const error: ProviderError =
    body === undefined ? { status, type: errorType(status), message: boundedText(text) } : readTgiError(body, status);
  const wait = readRetryAfter(header);
  if (wait !== undefined) error.retryAfterSeconds = wait;
  return error;
}

/** Errors of TGI: `{"error": …, "error_type": …}`, in streams too. */
export const tgiErrors: ErrorDialect = {
  encode,
  encodeInStream: (error) => `data: ${JSON.stringify(encode(error))}\n\n`,
  decode,
};
