import type { Target } from '../snapshot/snapshot.ts';
import type { AttemptResult } from '../telemetry/metric-families.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import type { ExchangeState } from './state.ts';

/** How an attempt counts in `aigw_attempts_total`. */
export function attemptResult(state: ExchangeState, outcome: AttemptOutcome): AttemptResult {
  if (state.clientGone) return 'aborted';
  if (outcome.kind === 'done') return state.error === undefined ? 'ok' : 'stream_error';
  if (outcome.kind === 'refused') {
    const { status } = outcome.refusal;
    if (status === 429) return 'rate_limited';
    return status >= 500 ? 'server_error' : 'client_error';
  }
  switch (outcome.failure) {
    case 'connect':
    case 'tls':
    case 'timeout-connect':
      return 'connect_error';
    case 'reset':
      return 'reset';
    case 'timeout-head':
    case 'timeout-idle':
      return 'timeout';
    case 'protocol':
      return 'bad_response';
    case 'unexpressible':
      return 'client_error';
    case 'unsigned':
      return 'credential_error';
    case 'answer':
      return outcome.error.code === 'provider_stream_error' ? 'stream_error' : 'bad_response';
    case 'aborted':
      return 'aborted';
    default:
      return outcome.failure satisfies never;
  }
}

/** Whether the route's retry policy lets another target try after this outcome. */
export function mayRetry(state: ExchangeState, outcome: AttemptOutcome): boolean {
  const retry = state.route?.retry;
  if (retry === undefined || outcome.kind === 'done' || state.clientGone || state.phase === 'committed') return false;
  const requestMs = state.route?.timeouts.requestMs ?? 0;
  if (requestMs > 0 && state.runtime.monotonic() >= state.startedMonotonic + requestMs) return false;
  if (outcome.kind === 'refused') return retry.onStatus.has(outcome.refusal.status);
  switch (outcome.failure) {
    case 'connect':
    case 'timeout-connect':
    case 'tls':
      return retry.onConnect;
    case 'reset':
    case 'protocol':
    case 'answer':
      return retry.onReset;
    case 'timeout-head':
    case 'timeout-idle':
      return retry.onTimeout;
    case 'unexpressible':
    case 'unsigned':
      return true;
    case 'aborted':
      return false;
    default:
      return outcome.failure satisfies never;
  }
}

/** Milliseconds to wait before the next attempt: none for another target, growing with each round for the same. */
export function backoffMs(state: ExchangeState, next: Target, random: number): number {
  const retry = state.route?.retry;
  if (retry === undefined || next !== state.attempt?.target) return 0;
  const base = Math.min(retry.maxBackoffMs, retry.backoffMs * 2 ** Math.max(0, state.attempts - 1));
  return base * (0.5 + random / 2);
}
