import type { BreakerPolicy } from '../routing/health/circuit-breaker.ts';
import type { Cluster } from '../snapshot/snapshot.ts';

/** How long a probe that does not begin to be answered holds its place: longer than most first tokens take. */
const PROBE_TIMEOUT_MS = 10_000;

/** A breaker that never opens by itself: it can still be told to rest. */
export const NEVER_OPENS: BreakerPolicy = {
  consecutiveErrors: 0,
  errorRate: undefined,
  openMs: 0,
  maxOpenMs: 0,
  halfOpenProbes: 1,
  probeTimeoutMs: PROBE_TIMEOUT_MS,
  slowStartMs: 0,
};

/** What a cluster's configuration says of circuit breakers; undefined: they are turned off. */
export function breakerPolicy(cluster: Cluster, slowStartMs: number): BreakerPolicy | undefined {
  const policy = cluster.config.circuit_breaker;
  if (policy === false) return undefined;
  const rate = policy.error_rate;
  return {
    consecutiveErrors: policy.consecutive_errors,
    errorRate:
      rate === undefined ? undefined : { percent: rate.percent, minRequests: rate.min_requests, windowMs: rate.window },
    openMs: policy.open,
    maxOpenMs: policy.max_open,
    halfOpenProbes: policy.half_open_requests,
    probeTimeoutMs: PROBE_TIMEOUT_MS,
    slowStartMs,
  };
}
