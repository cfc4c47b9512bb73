import type { ErrorAnswer } from '../dialects/dialect.ts';
import type { ProviderError } from '../dialects/neutral/response.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { appendGatewayHeaders } from './answer-headers.ts';
import { commitAnswer } from './commit.ts';
import type { ExchangeState } from './state.ts';

/** A gateway's error as a client's dialect renders it. */
function toAnswer(error: GatewayError, requestId?: string): ErrorAnswer {
  return {
    status: error.status,
    type: error.type,
    code: error.code,
    message: error.publicMessage,
    param: error.param,
    source: 'gateway',
    retryAfterSeconds: error.retryAfterSeconds,
    requestId,
  };
}

/** The header that every API's clients obey (RFC 9110 section 10.2.3). */
export function retryAfter(seconds: number | undefined): string[] {
  return seconds === undefined ? [] : ['retry-after', String(Math.ceil(seconds))];
}

/** The failure of an attempt that a provider's own error means. */
export function providerError(error: ProviderError): GatewayError {
  return new GatewayError('provider_stream_error', error.message, {
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  });
}

/** The frames that end a stream already begun. */
export function inStreamError(state: ExchangeState, error: GatewayError): string | Uint8Array {
  return state.dialect?.errors.encodeInStream(toAnswer(error)) ?? '';
}

/** Answers with an error, in the dialect of the path; as plain text on paths outside every API. */
export function sendError(state: ExchangeState, error: GatewayError): void {
  state.error = error;
  const headers: string[] = [];
  let body: string;
  if (state.errorDialect === undefined) {
    headers.push('content-type', 'text/plain; charset=utf-8');
    body = error.publicMessage;
  } else {
    const { errors } = state.errorDialect;
    const answer = toAnswer(error, state.id);
    headers.push('content-type', 'application/json', ...(errors.headers?.(answer) ?? []));
    body = JSON.stringify(errors.encode(answer));
  }
  const bytes = Buffer.from(body);
  headers.push('content-length', String(bytes.length));
  headers.push(...retryAfter(error.retryAfterSeconds));
  if (error.status === 401) headers.push('www-authenticate', state.authenticator?.challenge ?? 'Bearer');
  if (error.code === 'method_not_allowed' && state.endpoint !== undefined)
    headers.push('allow', state.endpoint.methods.join(', '));
  appendGatewayHeaders(state, headers);
  // An unread body would be taken for the next request.
  if (state.body === undefined && state.request.method !== 'GET') headers.push('connection', 'close');
  commitAnswer(state, error.status, headers);
  state.response.end(bytes);
}
