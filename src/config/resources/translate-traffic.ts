import { isObject } from '../../json/types.ts';
import { compact } from './compact.ts';
import type { RetryInput, VirtualRouteInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import { indexPolicies, type PolicyContext, type RuleAddress } from './policy-targets.ts';
import { createReport, type Report } from './report.ts';
import type { Resource } from './resource.ts';
import type { RateLimitRule } from './schema-rate-limit.ts';
import type { TrafficSpec } from './schema-traffic.ts';
import { type OwnedTraffic, translateClusterTraffic, translateStickiness } from './translate-cluster-traffic.ts';
import { translateRetry } from './translate-retry.ts';

type Policy = Resource<KindBody<'BackendTrafficPolicy'>>;

/** Rate limit rules of one list of a policy. */
export interface PolicyRules {
  policy: Policy;
  scope: 'global' | 'local';
  rules: readonly RateLimitRule[];
}

/** What BackendTrafficPolicies set on a rule of a route. Durations are Go-style text. */
export interface TrafficSettings {
  retry?: RetryInput;
  requestTimeout?: string;
  maxStreamDuration?: string;
  streamIdleTimeout?: string;
  splitBy?: NonNullable<VirtualRouteInput['split_by']>;
  backends?: OwnedTraffic;
  rateLimits?: readonly PolicyRules[];
}

/** Finds the settings of a rule: those of the policy with the most specific target. */
export type TrafficLookup = (address: RuleAddress) => TrafficSettings;

/** Reads every BackendTrafficPolicy. */
export function translateTraffic(context: PolicyContext): TrafficLookup {
  const policies = context.set.list('BackendTrafficPolicy');
  const lookup = indexPolicies(policies, context);
  // Every policy is looked at once for its issues, whether a rule is under it or not.
  for (const policy of policies) toSettings(policy, policy.body.spec, context.report);
  const known = new Map<string, TrafficSettings>();
  return (address) => {
    const chain = lookup(address);
    const effective = chain.slice(0, chain.findIndex(({ body }) => !merges(body.spec)) + 1 || chain.length);
    const [policy] = effective;
    if (policy === undefined) return {};
    const key = effective.map(({ namespace, name }) => `${namespace}/${name}`).join();
    let settings = known.get(key);
    if (settings === undefined) {
      const merged = effective.reduceRight<unknown>((base, { body }) => merge(base, body.spec), {}) as TrafficSpec;
      // Its parts were looked at one by one.
      settings = { ...toSettings(policy, merged, createReport()), ...rulesOf(effective) };
      known.set(key, settings);
    }
    return settings;
  };
}

/** Whether a policy adds to the one of the wider target instead of taking its place. */
function merges(spec: TrafficSpec): boolean {
  return spec.mergeType === 'StrategicMerge' || spec.mergeType === 'JSONMerge';
}

/** JSON merge (RFC 7386) of two specs: maps are joined, all else of the patch replaces. */
function merge(base: unknown, patch: unknown): unknown {
  if (!isObject(base) || !isObject(patch)) return patch;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) merged[name] = merge(base[name], value);
  return merged;
}

/** The rules of each list, of the first policy that has the list: they count in its name. */
function rulesOf(effective: readonly Policy[]): Pick<TrafficSettings, 'rateLimits'> {
  const rateLimits = (['global', 'local'] as const).flatMap((scope): PolicyRules[] => {
    const policy = effective.find(({ body }) => listOf(body.spec, scope) !== undefined);
    const rules = policy === undefined ? undefined : listOf(policy.body.spec, scope);
    return policy === undefined || rules === undefined ? [] : [{ policy, scope, rules }];
  });
  return rateLimits.length === 0 ? {} : { rateLimits };
}

function listOf({ rateLimit }: TrafficSpec, scope: 'global' | 'local'): readonly RateLimitRule[] | undefined {
  const other = scope === 'global' ? 'Local' : 'Global';
  return rateLimit?.type === other ? undefined : rateLimit?.[scope]?.rules;
}

function toSettings(policy: Policy, spec: TrafficSpec, report: Report): Omit<TrafficSettings, 'rateLimits'> {
  const { retry, timeout, loadBalancer } = spec;
  const traffic = translateClusterTraffic(spec, policy, report);
  return compact({
    retry: retry === undefined ? undefined : translateRetry(retry, policy, report),
    requestTimeout: timeout?.http?.requestTimeout,
    maxStreamDuration: timeout?.http?.maxStreamDuration,
    streamIdleTimeout: timeout?.http?.streamIdleTimeout,
    splitBy: loadBalancer === undefined ? undefined : translateStickiness(loadBalancer, policy, report),
    backends: traffic === undefined ? undefined : { owner: `${policy.namespace}/${policy.name}`, traffic },
  });
}
