import type { VirtualRouteConfig } from './config-types.ts';
import type { BalancePolicy, HedgePolicy, RetryPolicy, Timeouts } from './snapshot.ts';

/** Statuses that another target may not answer with: time-outs, rate limits and failures of the provider. */
const DEFAULT_RETRY_STATUSES = [408, 409, 424, 429, 500, 502, 503, 504, 529];
/** A model may think for minutes before its first byte; official SDKs wait ten. */
const DEFAULT_HEAD_MS = 600_000;
const DEFAULT_IDLE_MS = 300_000;
const DEFAULT_BUDGET = { percent: 20, min_per_second: 10 };

/** When another attempt is made. */
export function compileRetry(retry: VirtualRouteConfig['retry']): RetryPolicy {
  const on = new Set(retry?.on ?? ['connect', 'reset', 'timeout', 'status']);
  const statuses = retry?.on_status ?? DEFAULT_RETRY_STATUSES;
  const budget = retry?.budget;
  return {
    attempts: retry?.attempts,
    attemptsPerPriority: retry?.attempts_per_priority,
    onStatus: new Set(on.has('status') || retry?.on_status !== undefined ? statuses : []),
    onConnect: on.has('connect'),
    onReset: on.has('reset'),
    onTimeout: on.has('timeout'),
    onContextLength: on.has('context_length'),
    onContentPolicy: on.has('content_policy'),
    perTryTimeoutMs: retry?.per_try_timeout ?? 0,
    backoffMs: retry?.backoff ?? 25,
    maxBackoffMs: retry?.max_backoff ?? 1000,
    maxRetryAfterMs: retry?.max_retry_after ?? 2000,
    budget:
      budget === undefined
        ? undefined
        : {
            percent: budget.percent ?? DEFAULT_BUDGET.percent,
            minPerSecond: budget.min_per_second ?? DEFAULT_BUDGET.min_per_second,
          },
  };
}

/** Bounds in time. */
export function compileTimeouts(timeout: VirtualRouteConfig['timeout']): Timeouts {
  return {
    requestMs: timeout?.request ?? 0,
    headMs: DEFAULT_HEAD_MS,
    firstTokenMs: timeout?.first_token ?? DEFAULT_HEAD_MS,
    idleMs: timeout?.idle ?? DEFAULT_IDLE_MS,
  };
}

/** When a second attempt competes with a slow first one. */
export function compileHedge(hedge: VirtualRouteConfig['hedge']): HedgePolicy | undefined {
  if (hedge === undefined) return undefined;
  return { afterMs: hedge.after === 'p95' ? undefined : hedge.after, minDelayMs: hedge.min_delay };
}

/** How a target is chosen among those of one priority. */
export function compileBalance(balance: VirtualRouteConfig['balance']): BalancePolicy {
  if (typeof balance === 'string') return { strategy: balance };
  return {
    strategy: 'affinity',
    header: balance.affinity === 'prefix' ? undefined : balance.affinity.header,
    maxLoad: balance.max_load,
    ttlMs: balance.ttl,
  };
}
