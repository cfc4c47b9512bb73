import { appendLimitHeaders } from '../filters/limits/limit-headers.ts';
import type { ResponseHeaders } from './headers.ts';
import { serverTiming } from './server-timing.ts';
import { type Attempt, type ExchangeState, warningsOf } from './state.ts';

/** Longest `x-aigw-warnings` value: proxies on the way may bound header lines. */
const MAX_WARNINGS = 2048;

const UNSAFE = /[^\x20-\x7e]/;
const EACH_UNSAFE = /[^\x20-\x7e]/g;

/** A header value holds visible ASCII only. */
function headerSafe(text: string): string {
  return UNSAFE.test(text) ? text.replace(EACH_UNSAFE, '?') : text;
}

/** Appends the gateway's own answer headers. */
export function appendGatewayHeaders(state: ExchangeState, headers: string[], attempt = state.attempt): void {
  headers.push('x-aigw-request-id', state.id);
  if (attempt !== undefined) {
    headers.push('x-aigw-cluster', headerSafe(attempt.target.cluster.name), 'x-aigw-attempts', String(state.attempts));
    headers.push('server-timing', serverTiming(attempt));
  }
  if (state.held !== undefined) {
    appendLimitHeaders(headers, state.held, { dialect: state.dialect?.name, nowMs: state.startedAt });
  }
  const warnings = warningsOf(state, attempt);
  if (warnings.length > 0) {
    headers.push('x-aigw-warnings', headerSafe(warnings.join('; ').slice(0, MAX_WARNINGS)));
  }
}

/** The head of an answer made from a provider's. `contentType` replaces the provider's where the body was rewritten. */
export function answerHeaders(
  attempt: Attempt,
  upstream: ResponseHeaders,
  body: { changed: boolean; contentType?: string },
): string[] {
  const headers = upstream.forClient(body.changed);
  if (body.contentType !== undefined) headers.push('content-type', body.contentType);
  appendGatewayHeaders(attempt.state, headers, attempt);
  return headers;
}
