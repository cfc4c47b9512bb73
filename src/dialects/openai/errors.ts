import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { textOf } from './fields.ts';
import { readRetryAfter } from './retry-after.ts';

/** The most of a provider's error text that is passed on, in characters. */
const MAX_MESSAGE = 2000;

/** `type` of a provider's error that is not JSON. */
const UNREADABLE_TYPE = 'OpenAIBackendError';

function defaultType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** A provider's text cut to a bounded length, without outer white space. */
export function boundedText(text: string): string {
  // Cut first: trimming must not walk through megabytes of an error page.
  return text
    .slice(0, MAX_MESSAGE * 2)
    .trim()
    .slice(0, MAX_MESSAGE);
}

function encode(error: ErrorAnswer): JsonObject {
  if (error.source === 'provider') {
    const inner: JsonObject = { type: error.type, code: String(error.status), message: error.message };
    if (error.param !== undefined) inner['param'] = error.param;
    return { type: 'error', error: inner };
  }
  return {
    error: { message: error.message, type: error.type, param: error.param ?? null, code: error.code },
    type: 'error',
  };
}

/** SDKs show `x-request-id` with the error and wait for `retry-after-ms` rather than for whole seconds. */
function headers({ requestId, retryAfterSeconds }: ErrorAnswer): string[] {
  const written = requestId === undefined ? [] : ['x-request-id', requestId];
  if (retryAfterSeconds !== undefined) written.push('retry-after-ms', String(Math.round(retryAfterSeconds * 1000)));
  return written;
}

/** FastAPI's `detail`: a sentence, or a list of `{loc, msg}`. */
function detailText(detail: JsonValue): string {
  if (typeof detail === 'string') return detail;
  if (Array.isArray(detail)) {
    const lines = detail.map((item) => {
      if (!isObject(item)) return JSON.stringify(item);
      const place = Array.isArray(item['loc']) ? item['loc'].join('.') : '';
      const message = textOf(item['msg']) ?? JSON.stringify(item);
      return place === '' ? message : `${place}: ${message}`;
    });
    return lines.join('; ');
  }
  return JSON.stringify(detail);
}

function codeText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** The words of an error object: OpenAI's inner one, or a bare `{message, type, code}`. */
function readErrorFields(status: number, fields: JsonObject): ProviderError {
  const message =
    textOf(fields['message']) ?? (fields['detail'] === undefined ? undefined : detailText(fields['detail'] ?? null));
  const error: ProviderError = {
    status,
    type: textOf(fields['type']) || defaultType(status),
    message: boundedText(message ?? JSON.stringify(fields)),
  };
  const code = codeText(fields['code']);
  if (code !== undefined) error.code = code;
  const param = textOf(fields['param']);
  if (param !== undefined && param !== '') error.param = param;
  return error;
}

/**
 * Reads the body of an OpenAI-style error: `{error: {...}}`, `{error: "text"}`, a bare
 * `{message, type, code}` (vLLM) or `{detail}` (FastAPI).
 */
export function readOpenAiErrorBody(status: number, body: JsonObject): ProviderError {
  const inner = body['error'];
  if (isObject(inner)) return readErrorFields(status, inner);
  if (typeof inner === 'string' && inner !== '') {
    return { status, type: defaultType(status), message: boundedText(textOf(body['message']) ?? inner) };
  }
  return readErrorFields(status, body);
}

/** Gemini's OpenAI endpoint wraps its error object in a list. */
function firstOfList(text: string): JsonObject | undefined {
  const start = text.trimStart();
  if (!start.startsWith('[') || text.length > 65_536) return undefined;
  try {
    const list: unknown = JSON.parse(start);
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    return isObject(first) ? first : undefined;
  } catch {
    return undefined;
  }
}

function decode(
  status: number,
  header: (name: string) => string | undefined,
  body: JsonObject | undefined,
  text: string,
): ProviderError {
  const object = body ?? firstOfList(text);
  const error: ProviderError =
    object === undefined
      ? { status, type: UNREADABLE_TYPE, message: boundedText(text) }
      : readOpenAiErrorBody(status, object);
  const wait = readRetryAfter(header);
  if (wait !== undefined) error.retryAfterSeconds = wait;
  return error;
}

/**
 * Errors of the OpenAI family. The gateway's own have OpenAI's four fields; a provider's have the
 * shape that users of the reference system know, with the HTTP status as `code`. In a stream the
 * error is the last event; `[DONE]` does not follow, since the answer is not whole.
 */
export const openaiErrors: ErrorDialect = {
  encode,
  headers,
  encodeInStream: (error) => `data: ${JSON.stringify(encode(error))}\n\n`,
  decode,
};

/** A provider's error on its way to a client. */
export function toErrorAnswer(error: ProviderError): ErrorAnswer {
  return {
    status: error.status,
    type: error.type,
    code: error.code ?? String(error.status),
    message: error.message,
    param: error.param,
    source: 'provider',
  };
}
