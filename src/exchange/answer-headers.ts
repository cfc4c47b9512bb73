import { appendLimitHeaders } from '../filters/limits/limit-headers.ts';
import type { LimitState } from '../stores/counters/counter-store.ts';
import type { ResponseHeaders } from './headers.ts';
import type { Attempt, ExchangeState, HeldLimits } from './state.ts';

/** Longest `x-aigw-warnings` value: proxies on the way may bound header lines. */
const MAX_WARNINGS = 2048;

/** A header value holds visible ASCII only. */
function headerSafe(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

function appendHeldLimits(state: ExchangeState, held: HeldLimits, headers: string[]): void {
  const standing = held.limits.map((limit, index) => ({ limit, state: held.states[index] as LimitState }));
  appendLimitHeaders(headers, standing, { dialect: state.dialect?.name, nowMs: state.startedAt });
}

/** Appends the gateway's own answer headers. */
export function appendGatewayHeaders(state: ExchangeState, headers: string[], attempt = state.attempt): void {
  headers.push('x-aigw-request-id', state.id);
  if (attempt !== undefined) {
    headers.push('x-aigw-cluster', headerSafe(attempt.target.cluster.name), 'x-aigw-attempts', String(state.attempts));
    const upstream = state.runtime.monotonic() - attempt.startedMonotonic;
    const total = state.runtime.monotonic() - state.startedMonotonic;
    headers.push('server-timing', `upstream;dur=${upstream.toFixed(1)}, total;dur=${total.toFixed(1)}`);
  }
  if (state.held !== undefined) appendHeldLimits(state, state.held, headers);
  if (state.warnings.length > 0) {
    headers.push('x-aigw-warnings', headerSafe(state.warnings.join('; ').slice(0, MAX_WARNINGS)));
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
