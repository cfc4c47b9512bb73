import { compact } from './compact.ts';
import type { RetryInput } from './config-input.ts';
import type { Report } from './report.ts';
import type { ResourceHead } from './resource.ts';
import type { RetryTrigger, TrafficSpec } from './schema-traffic.ts';

type Condition = NonNullable<RetryInput['on']>[number];

/** What each trigger retries (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on). */
const TRIGGERS: Partial<Record<RetryTrigger, { on: Condition[]; statuses?: number[] }>> = {
  '5xx': { on: ['connect', 'reset', 'timeout'], statuses: Array.from({ length: 100 }, (_, index) => 500 + index) },
  'gateway-error': { on: ['connect', 'reset', 'timeout'], statuses: [502, 503, 504] },
  reset: { on: ['reset', 'timeout'] },
  'reset-before-request': { on: ['reset'] },
  'connect-failure': { on: ['connect'] },
  'refused-stream': { on: ['reset'] },
  'retriable-4xx': { on: [], statuses: [409] },
  'retriable-status-codes': { on: [] },
};
/** Envoy Gateway's triggers, status and number of retries where a policy names none. */
const DEFAULT_TRIGGERS: RetryTrigger[] = ['connect-failure', 'refused-stream', 'retriable-status-codes'];
const DEFAULT_STATUS = 503;
const DEFAULT_RETRIES = 2;
/** Most attempts that the model takes. */
const MAX_ATTEMPTS = 20;

/** `retry` of a policy: Envoy Gateway's defaults hold where it says nothing. */
export function translateRetry(
  retry: NonNullable<TrafficSpec['retry']>,
  policy: ResourceHead,
  report: Report,
): RetryInput {
  const path = ['spec', 'retry'];
  const wanted = (retry.numRetries ?? DEFAULT_RETRIES) + 1;
  if (wanted > MAX_ATTEMPTS) {
    report.warning(policy, [...path, 'numRetries'], `at most ${MAX_ATTEMPTS - 1} retries are made`);
  }
  const conditions = new Set<Condition>();
  const statuses = new Set<number>();
  const triggers = retry.retryOn?.triggers ?? [];
  for (const [index, trigger] of triggers.entries()) {
    if (TRIGGERS[trigger] !== undefined) continue;
    report.warning(policy, [...path, 'retryOn', 'triggers', index], `${trigger} is a condition of gRPC: ignored`);
  }
  for (const trigger of triggers.length > 0 ? triggers : DEFAULT_TRIGGERS) {
    for (const condition of TRIGGERS[trigger]?.on ?? []) conditions.add(condition);
    for (const status of TRIGGERS[trigger]?.statuses ?? []) statuses.add(status);
  }
  const named = retry.retryOn?.httpStatusCodes;
  const usesStatuses = triggers.length === 0 || triggers.includes('retriable-status-codes');
  for (const status of named ?? (usesStatuses ? [DEFAULT_STATUS] : [])) {
    if (status >= 400) statuses.add(status);
    else report.warning(policy, [...path, 'retryOn', 'httpStatusCodes'], `${status} is no failure: ignored`);
  }
  if (statuses.size > 0) conditions.add('status');
  return compact({
    attempts: Math.min(wanted, MAX_ATTEMPTS),
    attempts_per_priority: retry.numAttemptsPerPriority || undefined,
    on: [...conditions],
    on_status: statuses.size === 0 ? undefined : [...statuses].sort((a, b) => a - b),
    per_try_timeout: retry.perRetry?.timeout,
    backoff: retry.perRetry?.backOff?.baseInterval,
    max_backoff: retry.perRetry?.backOff?.maxInterval,
  });
}
