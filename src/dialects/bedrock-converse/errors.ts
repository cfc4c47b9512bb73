import type { JsonObject } from '../../json/types.ts';
import { encodeAwsEventStreamMessage } from '../../streams/aws-event-stream.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { asNumber, asObject, asString } from './wire.ts';

/** HTTP status of Bedrock's exceptions (API_runtime_Converse, errors common to AWS). */
const EXCEPTION_STATUS: Readonly<Record<string, number>> = {
  ValidationException: 400,
  ServiceQuotaExceededException: 400,
  AccessDeniedException: 403,
  UnrecognizedClientException: 403,
  InvalidSignatureException: 403,
  ExpiredTokenException: 403,
  ResourceNotFoundException: 404,
  ModelTimeoutException: 408,
  ModelErrorException: 424,
  ModelStreamErrorException: 424,
  ThrottlingException: 429,
  ModelNotReadyException: 429,
  InternalServerException: 500,
  ServiceUnavailableException: 503,
};

/** The exception a status stands for. */
const STATUS_EXCEPTION: Readonly<Record<number, string>> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
};

/** The exceptions that ConverseStream may send inside a stream; AWS SDKs know no others there. */
const STREAM_EXCEPTIONS = [
  'InternalServerException',
  'ModelStreamErrorException',
  'ValidationException',
  'ThrottlingException',
  'ServiceUnavailableException',
];

/** The type of an error answer that names none and is not JSON, as the reference system calls it. */
const UNNAMED_ERROR = 'AWSBedrockBackendError';

/**
 * Bedrock's errors: `{"message": …}`, the type in the header `x-amzn-errortype` up to a colon, or in the body's
 * `__type` after a `#`. We write both: AWS SDKs read one or the other.
 */
export const bedrockConverseErrors: ErrorDialect = {
  encode(error) {
    return { __type: exceptionName(error), message: error.message };
  },
  headers(error) {
    const type = ['x-amzn-errortype', exceptionName(error)];
    return error.requestId === undefined ? type : [...type, 'x-amzn-requestid', error.requestId];
  },
  encodeInStream(error) {
    const name = exceptionName(error);
    const type = STREAM_EXCEPTIONS.includes(name) ? name : streamException(error.status);
    const headers = {
      ':exception-type': type.charAt(0).toLowerCase() + type.slice(1),
      ':content-type': 'application/json',
      ':message-type': 'exception',
    };
    return encodeAwsEventStreamMessage(headers, new TextEncoder().encode(JSON.stringify({ message: error.message })));
  },
  decode(status, header, body, text) {
    const retryAfter = Number(header('retry-after') ?? Number.NaN);
    const named = header('x-amzn-errortype')?.split(':')[0] || typeInBody(body);
    return {
      status,
      type: named ?? (body === undefined ? UNNAMED_ERROR : (STATUS_EXCEPTION[status] ?? UNNAMED_ERROR)),
      message: messageOf(body) ?? text,
      ...(retryAfter >= 0 ? { retryAfterSeconds: retryAfter } : {}),
    };
  },
};

/**
 * Whether a frame of a Bedrock stream is an exception. The frame's event is the `:event-type`, or for an exception
 * frame the `:exception-type`: all of these, and no event, end in `Exception`.
 */
export function isExceptionEvent(event: string): boolean {
  return event.endsWith('Exception');
}

/** Reads an exception frame; its status is the one its exception has outside a stream, or the one it carries. */
export function decodeStreamException(event: string, body: JsonObject | undefined, text: string): ProviderError {
  const type = event.charAt(0).toUpperCase() + event.slice(1);
  const original = asNumber(body?.['originalStatusCode']);
  return {
    status: original !== undefined && original >= 400 && original < 600 ? original : (EXCEPTION_STATUS[type] ?? 500),
    type,
    message: messageOf(body) ?? (text === '' ? type : text),
  };
}

function messageOf(body: JsonObject | undefined): string | undefined {
  if (body === undefined) return undefined;
  // The services behind AWS's edge spell it both ways; a proxy in between may nest it.
  return (
    asString(body['message']) ??
    asString(body['Message']) ??
    asString(body['originalMessage']) ??
    asString(asObject(body['error'])?.['message'])
  );
}

function typeInBody(body: JsonObject | undefined): string | undefined {
  const type = asString(body?.['__type']) ?? asString(body?.['code']);
  return type?.slice(type.indexOf('#') + 1);
}

function exceptionName(error: ErrorAnswer): string {
  if (error.source === 'provider' && error.type.endsWith('Exception')) return error.type;
  const named = STATUS_EXCEPTION[error.status];
  if (named !== undefined) return named;
  return error.status >= 500 ? 'InternalServerException' : 'ValidationException';
}

function streamException(status: number): string {
  if (status === 429) return 'ThrottlingException';
  if (status === 503) return 'ServiceUnavailableException';
  if (status === 424 || status === 408) return 'ModelStreamErrorException';
  return status >= 500 ? 'InternalServerException' : 'ValidationException';
}
