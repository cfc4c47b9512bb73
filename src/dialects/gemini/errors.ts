import { isObject, type JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { camelKeys, numberField, objectsField, stringField } from './wire.ts';

/** `type` of errors that carry no status word of Google's: an HTML page, a proxy's text. */
const UNNAMED_TYPE = 'GCPVertexAIBackendError';

/** Google's status words by HTTP status (https://cloud.google.com/apis/design/errors#handling_errors). */
const STATUS_WORD: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
  529: 'UNAVAILABLE',
};

const HTTP_STATUS: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  DATA_LOSS: 500,
  UNKNOWN: 500,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** Google's status word for an HTTP status. */
export function statusWord(status: number): string {
  return STATUS_WORD[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
}

/** Reads Google's error object (`google.rpc.Status`); `status` is the HTTP status it came with. */
export function decodeErrorObject(error: JsonObject, status: number): ProviderError {
  const word = stringField(error, 'status');
  const code = numberField(error, 'code');
  const result: ProviderError = {
    status: httpStatus(status, code, word),
    type: word ?? UNNAMED_TYPE,
    message: stringField(error, 'message') ?? `The provider answered with status ${status}.`,
  };
  for (const raw of objectsField(error, 'details')) {
    const detail = camelKeys(raw);
    const type = stringField(detail, '@type') ?? '';
    if (type.endsWith('google.rpc.ErrorInfo')) {
      const reason = stringField(detail, 'reason');
      if (reason !== undefined) result.code = reason;
    } else if (type.endsWith('google.rpc.RetryInfo')) {
      const seconds = durationSeconds(stringField(detail, 'retryDelay'));
      if (seconds !== undefined) result.retryAfterSeconds = seconds;
    } else if (type.endsWith('google.rpc.BadRequest')) {
      const field = stringField(objectsField(detail, 'fieldViolations')[0] ?? {}, 'field');
      if (field) result.param = field;
    }
  }
  return result;
}

/** An error inside a stream comes with HTTP 200: its own code, or its status word, tells the status. */
function httpStatus(status: number, code: number | undefined, word: string | undefined): number {
  if (status >= 400) return status;
  if (code !== undefined && code >= 400 && code < 600) return code;
  return (word !== undefined && Object.hasOwn(HTTP_STATUS, word) ? HTTP_STATUS[word] : undefined) ?? 500;
}

/** Whole seconds, rounded up, of a protobuf duration such as `34.07s`. */
function durationSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !text.endsWith('s')) return undefined;
  const seconds = Number(text.slice(0, -1));
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds) : undefined;
}

function decode(
  status: number,
  header: (name: string) => string | undefined,
  body: JsonObject | undefined,
  text: string,
): ProviderError {
  const error = decodeBody(status, body ?? firstOfArray(text), text);
  if (error.retryAfterSeconds === undefined) {
    const value = header('retry-after');
    const seconds = value === undefined || value === '' ? Number.NaN : Number(value);
    if (Number.isFinite(seconds) && seconds >= 0) error.retryAfterSeconds = Math.ceil(seconds);
  }
  return error;
}

function decodeBody(status: number, body: JsonObject | undefined, text: string): ProviderError {
  if (body === undefined) {
    return { status, type: UNNAMED_TYPE, message: text || `The provider answered with status ${status}.` };
  }
  const error = body['error'];
  if (isObject(error)) return decodeErrorObject(error, status);
  // Google's token endpoints answer {"error": "invalid_grant", "error_description": "…"}.
  if (typeof error === 'string') {
    return { status, type: UNNAMED_TYPE, message: stringField(body, 'error_description') ?? error, code: error };
  }
  return { status, type: UNNAMED_TYPE, message: stringField(body, 'message') ?? JSON.stringify(body) };
}

/** Streaming methods called without `alt=sse` answer errors as `[{"error": …}]`. */
function firstOfArray(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && isObject(value[0]) ? value[0] : undefined;
  } catch {
    // Not JSON after all: the text itself is the message.
    return undefined;
  }
}

function encode(error: ErrorAnswer): JsonObject {
  // A provider's own word is kept when it is one of Google's; other vendors' types mean nothing to a Gemini client.
  const status =
    error.source === 'provider' && Object.hasOwn(HTTP_STATUS, error.type) ? error.type : statusWord(error.status);
  const body: JsonObject = { code: error.status, message: error.message, status };
  const details: JsonObject[] = [];
  if (error.source === 'gateway') {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: error.code.toUpperCase(),
      domain: 'aigw',
    });
  }
  if (error.retryAfterSeconds !== undefined) {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${Number(error.retryAfterSeconds.toFixed(3))}s`,
    });
  }
  if (error.param !== undefined) {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: error.param, description: error.message }],
    });
  }
  if (details.length > 0) body['details'] = details;
  return { error: body };
}

/** How errors look in Google's APIs (https://google.aip.dev/193). */
export const errors: ErrorDialect = {
  encode,
  encodeInStream: (error) => `data: ${JSON.stringify(encode(error))}\r\n\r\n`,
  decode,
};
