import { compact } from './compact.ts';
import type { RetryInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import { policyTargets } from './policy-targets.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { RetryTrigger } from './schema-envoy-gateway.ts';
import type { OpenListener, TranslatedGateways } from './translate-gateways.ts';

type Policy = Resource<KindBody<'BackendTrafficPolicy'>>;
type RetrySpec = NonNullable<Policy['body']['spec']['retry']>;

/** What BackendTrafficPolicies set on a rule of a route. */
export interface TrafficSettings {
  retry: RetryInput | undefined;
  /** Go-style duration. */
  requestTimeout: string | undefined;
}

/** A rule whose settings are asked for. */
export interface RuleAddress {
  /** `namespace/name` of the AIGatewayRoute. */
  route: string;
  /** The rule's name. */
  rule: string | undefined;
  /** Listeners that the route is attached to. */
  listeners: readonly OpenListener[];
}

/** Finds the settings of a rule: its own policy's, else its route's, listener's or Gateway's. */
export type TrafficLookup = (address: RuleAddress) => TrafficSettings;

const NOTHING: TrafficSettings = { retry: undefined, requestTimeout: undefined };

/** Reads every BackendTrafficPolicy. */
export function translateTraffic(set: ResourceSet, gateways: TranslatedGateways, report: Report): TrafficLookup {
  const byTarget = new Map<string, { policy: Policy; settings: TrafficSettings }>();
  for (const policy of set.list('BackendTrafficPolicy')) {
    const settings = toSettings(policy, report);
    for (const { target, path } of policyTargets(policy)) {
      const name = `${policy.namespace}/${target.name}`;
      const kind = target.kind === 'HTTPRoute' ? 'AIGatewayRoute' : 'Gateway';
      if (target.kind !== 'HTTPRoute' && target.kind !== 'Gateway') {
        report.warning(policy, path, `targets a ${target.kind}; only a Gateway and a route can be targeted: ignored`);
        continue;
      }
      if (!isKnownTarget({ kind: target.kind, name }, set, gateways)) {
        const whose = target.kind === 'HTTPRoute' ? ', nor an AIGatewayRoute that makes one' : '';
        const fix = nearestOf(set, kind, name);
        report.warning(policy, path, `there is no ${target.kind} ${name}${whose}: ignored`, { fix });
        continue;
      }
      const key = targetKey(target.kind, name, target.sectionName);
      const other = byTarget.get(key);
      if (other === undefined) byTarget.set(key, { policy, settings });
      else
        report.warning(
          policy,
          path,
          `${name} already has the policy ${other.policy.namespace}/${other.policy.name}: ignored`,
        );
    }
  }
  return ({ route, rule, listeners }) => {
    const keys = [
      ...(rule === undefined ? [] : [targetKey('HTTPRoute', route, rule)]),
      targetKey('HTTPRoute', route),
      ...listeners.flatMap(({ gateway, section }) => {
        const name = `${gateway.namespace}/${gateway.name}`;
        return [targetKey('Gateway', name, section.name), targetKey('Gateway', name)];
      }),
    ];
    for (const key of keys) {
      const found = byTarget.get(key);
      if (found !== undefined) return found.settings;
    }
    return NOTHING;
  };
}

function targetKey(kind: string, name: string, section?: string): string {
  return section === undefined ? `${kind} ${name}` : `${kind} ${name} ${section}`;
}

function isKnownTarget(
  target: { kind: 'HTTPRoute' | 'Gateway'; name: string },
  set: ResourceSet,
  gateways: TranslatedGateways,
): boolean {
  const [namespace = '', name = ''] = target.name.split('/');
  if (target.kind === 'Gateway') return gateways.served.has(target.name) || gateways.foreign.has(target.name);
  return (['AIGatewayRoute', 'HTTPRoute', 'MCPRoute'] as const).some((kind) => set.isDeclared(kind, namespace, name));
}

function toSettings(policy: Policy, report: Report): TrafficSettings {
  const { retry, timeout } = policy.body.spec;
  return {
    retry: retry === undefined ? undefined : toRetry(retry, policy, report),
    requestTimeout: timeout?.http?.requestTimeout,
  };
}

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

function toRetry(retry: RetrySpec, policy: Policy, report: Report): RetryInput {
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
