import { refusalReason } from '../../dialects/refusal-reason.ts';
import { readRetryAfterMs } from '../../routing/health/retry-after.ts';
import type { RetryPolicy } from '../../snapshot/snapshot.ts';
import type { AttemptResult } from '../../telemetry/metric-families.ts';
import type { ExchangeState } from '../state.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOutcome, ProviderRefusal } from './attempt-outcome.ts';
import { isClientCredential } from './observe-health.ts';

/** How an attempt counts in `aigw_attempts_total`. */
export function attemptResult(attempt: Attempt, outcome: AttemptOutcome): AttemptResult {
  const { state } = attempt;
  if (attempt.lost) return 'lost';
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
    case 'busy':
      return 'busy';
    case 'answer':
      return outcome.error.code === 'provider_stream_error' ? 'stream_error' : 'bad_response';
    case 'aborted':
      return 'aborted';
    default:
      return outcome.failure satisfies never;
  }
}

/** Whether a refusal is one of those that the route sends elsewhere beside its statuses. */
function isRetriedReason(retry: RetryPolicy, refusal: ProviderRefusal): boolean {
  if (!retry.onContextLength && !retry.onContentPolicy) return false;
  const reason = refusalReason(refusal.error);
  return reason === 'context_length' ? retry.onContextLength : reason === 'content_policy' && retry.onContentPolicy;
}

/** Whether the provider refused the gateway's own key: no fault of the client's. */
function isKeyRefused(attempt: Attempt, status: number): boolean {
  return (status === 401 || status === 403) && !isClientCredential(attempt);
}

/** Whether the route's retry policy lets another target try after this outcome. */
export function mayRetry(attempt: Attempt, outcome: AttemptOutcome): boolean {
  const { state } = attempt;
  const retry = state.route?.retry;
  if (retry === undefined || outcome.kind === 'done' || state.clientGone || state.phase === 'committed') return false;
  if (!state.hasTime(0)) return false;
  if (outcome.kind === 'refused') {
    const { refusal } = outcome;
    return (
      retry.onStatus.has(refusal.status) || isKeyRefused(attempt, refusal.status) || isRetriedReason(retry, refusal)
    );
  }
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
    case 'busy':
      return true;
    case 'aborted':
      return false;
    default:
      return outcome.failure satisfies never;
  }
}

/** Whether another endpoint or key of the same cluster may do better: the connection or the key was at fault. */
export function isLaneFault(outcome: AttemptOutcome): boolean {
  if (outcome.kind === 'refused') return [401, 402, 403, 429, 502, 503, 504].includes(outcome.refusal.status);
  if (outcome.kind === 'done') return false;
  switch (outcome.failure) {
    case 'connect':
    case 'timeout-connect':
    case 'tls':
    case 'reset':
    case 'protocol':
    case 'timeout-head':
    case 'unsigned':
      return true;
    default:
      return false;
  }
}

/** Milliseconds before the same target is tried again, growing with each attempt, with jitter. */
export function backoffMs(state: ExchangeState): number {
  const retry = state.route?.retry;
  if (retry === undefined) return 0;
  const base = Math.min(retry.maxBackoffMs, retry.backoffMs * 2 ** Math.max(0, state.attempts - 1));
  return base * (0.5 + state.runtime.random() / 2);
}

/** Milliseconds that a provider asked to wait, as far as the route waits for it. */
export function retryAfterMs(attempt: Attempt, outcome: AttemptOutcome): number {
  if (outcome.kind !== 'refused') return 0;
  const { headers, status } = outcome.refusal;
  if (status !== 429 && status !== 503) return 0;
  const { runtime, route } = attempt.state;
  const asked = readRetryAfterMs((name) => headers.get(name), runtime.now()) ?? 0;
  return asked <= (route?.retry.maxRetryAfterMs ?? 0) ? asked : 0;
}
