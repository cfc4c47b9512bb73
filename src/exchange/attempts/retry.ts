import { refusalReason } from '../../dialects/refusal-reason.ts';
import { keyVerdict } from '../../routing/health/key-health.ts';
import { readRetryAfterMs } from '../../routing/health/retry-after.ts';
import type { RetryPolicy } from '../../snapshot/snapshot.ts';
import type { AttemptResult } from '../../telemetry/metric-families.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { AttemptOutcome, ProviderRefusal } from './attempt-outcome.ts';
import type { LaneFault } from './choose-lane.ts';
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

/** Whether the provider refused the gateway's own key, or lets it do no more: no fault of the client's. */
function isKeyRefused(attempt: Attempt, refusal: ProviderRefusal): boolean {
  const verdict = keyVerdict(refusal.status, refusal.error.code ?? refusal.error.type);
  return (verdict === 'refused' || verdict === 'exhausted') && !isClientCredential(attempt);
}

/** Whether the route's retry policy lets another target try after this outcome. */
export function mayRetry(attempt: Attempt, outcome: AttemptOutcome): boolean {
  const { state } = attempt;
  const retry = state.route?.retry;
  if (retry === undefined || outcome.kind === 'done' || state.clientGone || state.phase === 'committed') return false;
  if (!state.hasTime(0)) return false;
  if (outcome.kind === 'refused') {
    const { refusal } = outcome;
    return retry.onStatus.has(refusal.status) || isKeyRefused(attempt, refusal) || isRetriedReason(retry, refusal);
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

/** What of a way into its cluster was at fault, so that another way may do better; undefined: nothing of it. */
export function laneFault(outcome: AttemptOutcome): LaneFault | undefined {
  if (outcome.kind === 'done') return undefined;
  if (outcome.kind === 'refused') {
    switch (outcome.refusal.status) {
      case 401:
      case 402:
      case 403:
        return 'key';
      case 429:
        return 'either';
      case 502:
      case 503:
      case 504:
        return 'endpoint';
      default:
        return undefined;
    }
  }
  switch (outcome.failure) {
    case 'connect':
    case 'timeout-connect':
    case 'tls':
    case 'reset':
    case 'protocol':
    case 'timeout-head':
      return 'endpoint';
    case 'unsigned':
      return 'key';
    default:
      return undefined;
  }
}

/** Milliseconds before the same target is tried again, growing with each attempt, with jitter. */
export function backoffMs(state: ExchangeState): number {
  const retry = state.route?.retry;
  if (retry === undefined) return 0;
  const base = Math.min(retry.maxBackoffMs, retry.backoffMs * 2 ** Math.max(0, state.attempts - 1));
  return base * (0.5 + state.runtime.random() / 2);
}

/** Remembers how long a provider asked to be left alone: with a 429, or when it is overloaded. */
export function noteRetryAfter(attempt: Attempt, outcome: AttemptOutcome): void {
  if (outcome.kind !== 'refused') return;
  const { headers, status } = outcome.refusal;
  if (status !== 429 && status !== 503 && status !== 529) return;
  const { runtime } = attempt.state;
  const asked = readRetryAfterMs((name) => headers.get(name), runtime.now());
  if (asked !== undefined) attempt.retryAtMonotonic = runtime.monotonic() + asked;
}

/**
 * Milliseconds to wait before an attempt: none at what this request has not tried, else the backoff, and as long as the
 * provider asked for. Undefined: that is longer than the route waits, or than the request has time.
 */
export function waitBefore(attempt: Attempt): number | undefined {
  const { state } = attempt;
  const former = state.failedAttempts?.findLast((one) => one.live === attempt.live && one.lane === attempt.lane);
  if (former === undefined) return 0;
  const asked = Math.max(0, former.retryAtMonotonic - state.runtime.monotonic());
  if (asked > (state.route?.retry.maxRetryAfterMs ?? 0)) return undefined;
  const waitMs = Math.max(backoffMs(state), asked);
  return state.hasTime(waitMs) ? waitMs : undefined;
}
