import type { Lane } from '../exchange/live.ts';

/** Why an endpoint with a key is not in full use. */
export type LaneReason =
  /** Its requests failed too often. */
  | 'failures'
  /** The provider asked to be left alone for a while. */
  | 'asked_to_wait'
  /** It does not pass its active health check. */
  | 'health_check'
  /** The provider refuses the key. */
  | 'key_refused'
  /** The key has reached its rate limit. */
  | 'key_limited'
  /** The key has no quota or credit left. */
  | 'key_exhausted';

/** How an endpoint with a key stands. */
export interface LaneState {
  /** On probation: the next request shows whether it is well again. */
  state: 'in_use' | 'on_probation' | 'resting';
  reason: LaneReason | undefined;
  /** When it may next be tried, by the monotonic clock; undefined: when its health check passes, or now. */
  untilMs: number | undefined;
}

/** How a lane stands at a moment of the monotonic clock. Asking changes nothing. */
export function laneState({ breaker, key, check }: Lane, nowMs: number): LaneState {
  if (check?.allows() === false) return { state: 'resting', reason: 'health_check', untilMs: undefined };
  const keyReason = key.reason === undefined ? undefined : (`key_${key.reason}` as const);
  if (keyReason !== undefined && key.retryAtMs() > nowMs) {
    return { state: 'resting', reason: keyReason, untilMs: key.retryAtMs() };
  }
  const breakerState = breaker.state(nowMs);
  if (breakerState === 'open') {
    return { state: 'resting', reason: breaker.tripped ? 'failures' : 'asked_to_wait', untilMs: breaker.retryAtMs() };
  }
  if (breakerState === 'half-open') return { state: 'on_probation', reason: 'failures', untilMs: undefined };
  if (keyReason !== undefined && keyReason !== 'key_limited') {
    return { state: 'on_probation', reason: keyReason, untilMs: undefined };
  }
  return { state: 'in_use', reason: undefined, untilMs: undefined };
}

/** Times that a lane was taken out: for failures, for its health check, for its key. */
export function laneEjections({ breaker, key, check }: Lane): number {
  return breaker.openings + (check?.ejections ?? 0) + key.refusals + key.exhaustions;
}
