import type { VirtualServiceInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import {
  asException,
  type IdentityHeaders,
  type LimitConditions,
  type RateLimitInput,
  type Selection,
  toMatch,
  translateSelectors,
} from './rate-limit-selectors.ts';
import { onceReport, type Report } from './report.ts';
import { foreignNames } from './request-costs.ts';
import type { Resource, ResourcePath } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import type { QuotaSpec } from './schema-ai-mcp.ts';

type Policy = Resource<KindBody<'QuotaPolicy'>>;
type ModelQuota = NonNullable<QuotaSpec['perModelQuotas']>[number];
type QuotaValue = NonNullable<QuotaSpec['serviceQuota']>['quota'];

const DURATIONS = { '1s': 'second', '1m': 'minute', '1h': 'hour', '1d': 'day' } as const;

/** One quota of a backend. */
interface BackendQuota {
  policy: Policy;
  /** `namespace/name` of the AIServiceBackend. */
  backend: string;
  path: ResourcePath;
  /** Undefined for the quota of all models together. */
  model: string | undefined;
  quota: ModelQuota['quota'];
}

/** The limits that quotas put on a cluster, which stands for a backend, in a service whose callers these headers identify. */
export type QuotaLookup = (cluster: string, backend: string, identities: IdentityHeaders) => RateLimitInput[];

/** Reads every QuotaPolicy. */
export function translateQuotas(set: ResourceSet, report: Report): QuotaLookup {
  const quotas = new Map<string, BackendQuota[]>();
  const once = onceReport(report);
  const policies = set.list('QuotaPolicy').toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  for (const policy of policies) {
    for (const [index, { name }] of (policy.body.spec.targetRefs ?? []).entries()) {
      const backend = `${policy.namespace}/${name}`;
      const path = ['spec', 'targetRefs', index, 'name'];
      if (!set.isDeclared('AIServiceBackend', policy.namespace, name)) {
        const fix = nearestOf(set, 'AIServiceBackend', backend);
        report.warning(policy, path, `NOT ENFORCED: there is no AIServiceBackend ${backend}`, { fix });
        continue;
      }
      const known = quotas.get(backend) ?? [];
      for (const quota of quotasOf(policy, backend)) {
        const other = known.find(({ model }) => model === quota.model);
        if (other === undefined) known.push(quota);
        else {
          const message = `${backend} already has this quota from the policy ${nameOf(other.policy)}: ignored`;
          once.warning(policy, quota.path, message);
        }
      }
      quotas.set(backend, known);
    }
    if ((policy.body.spec.targetRefs ?? []).length === 0) {
      report.warning(policy, ['spec'], 'has no targetRefs: it has no effect');
    }
  }
  return (cluster, backend, identities) =>
    (quotas.get(backend) ?? []).flatMap((quota) => toLimits(quota, { cluster, identities, report: once }));
}

/**
 * Adds to every service the quotas of the backends behind its clusters. They are reserved for each attempt: a backend whose
 * quota is used up is passed over, and the next target of the route is asked.
 */
export function addQuotas(
  services: readonly VirtualServiceInput[],
  lookup: QuotaLookup,
  identitiesOf: (service: VirtualServiceInput) => IdentityHeaders,
): void {
  for (const service of services) {
    const routes = service.virtual_routes ?? [];
    const used = new Set(
      routes.flatMap((route) => [...route.split, ...(route.fallback ?? [])].map(({ cluster }) => cluster)),
    );
    // A cluster beyond the first for a backend has a name of its own behind the `@`.
    const limits = [...used].flatMap((name) => lookup(name, name.split('@')[0] ?? name, identitiesOf(service)));
    if (limits.length > 0) service.rate_limit = [...(service.rate_limit ?? []), ...limits];
  }
}

function nameOf(policy: Policy): string {
  return `${policy.namespace}/${policy.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function quotasOf(policy: Policy, backend: string): BackendQuota[] {
  const { serviceQuota, perModelQuotas = [] } = policy.body.spec;
  const common = { policy, backend };
  const models = perModelQuotas.map(({ modelName, quota }, index) => {
    return { ...common, path: ['spec', 'perModelQuotas', index], model: modelName, quota };
  });
  if (serviceQuota === undefined) return models;
  const quota = { costExpression: serviceQuota.costExpression, defaultBucket: serviceQuota.quota };
  return [...models, { ...common, path: ['spec', 'serviceQuota'], model: undefined, quota }];
}

interface LimitContext {
  cluster: string;
  identities: IdentityHeaders;
  report: Report;
}

/**
 * The limits of one quota. What a request uses is charged to every bucket that takes it. The buckets of the rules that
 * take it decide; the default bucket decides for the requests that no rule takes.
 */
function toLimits(entry: BackendQuota, { cluster, identities, report }: LimitContext): RateLimitInput[] {
  const { policy, path, quota, model } = entry;
  const costPath = [...path, ...(model === undefined ? [] : ['quota']), 'costExpression'];
  for (const warning of foreignNames(quota.costExpression)) report.warning(policy, costPath, warning);
  const target: LimitConditions = { cluster, ...(model === undefined ? {} : { sent_model: model }) };
  // Limits of one service are told apart by their names, clusters of one backend among them.
  const whose = `${nameOf(policy)}/${cluster.slice(policy.namespace.length + 1)}/${model ?? '*'}`;
  const limit = (bucket: string, value: QuotaValue, where: Pick<RateLimitInput, 'match' | 'by'>): RateLimitInput => ({
    name: `${whose}/${bucket}`,
    ...where,
    counter: `QuotaPolicy ${nameOf(policy)} ${entry.backend} ${model ?? '*'} ${bucket}`,
    ...(quota.costExpression === undefined
      ? { tokens: value.limit }
      : { cost: { cel: quota.costExpression, limit: value.limit } }),
    per: DURATIONS[value.duration],
  });
  const rules = (quota.bucketRules ?? []).flatMap((rule, index) => {
    const selection = translateSelectors(rule.clientSelectors ?? [], identities);
    if (selection.fault === undefined) return [{ rule, index, selection }];
    const place = [...path, 'quota', 'bucketRules', index, 'clientSelectors'];
    report.warning(policy, place, `NOT ENFORCED: ${selection.fault}; the rule is ignored`);
    return [];
  });
  const limits = rules.map(({ rule, index, selection }) => ({
    ...limit(`rule ${index}`, rule.quota, toMatch(selection, target)),
    ...(rule.shadowMode === true ? { shadow: true } : {}),
  }));
  const { defaultBucket } = quota;
  if (defaultBucket === undefined) return limits;
  const except: LimitConditions[] = [];
  const charged: RateLimitInput[] = [];
  for (const { rule, index, selection } of rules) {
    if (rule.shadowMode === true) continue;
    const exception = asException(selection);
    if (exception === undefined) {
      const message = 'the default bucket decides for the requests of this rule too: they cannot be told apart';
      report.warning(policy, [...path, 'quota', 'bucketRules', index], message);
      continue;
    }
    except.push(exception);
    charged.push({
      ...limit('default', defaultBucket, { match: { ...target, ...exception } }),
      name: `${whose}/default of rule ${index}`,
      shadow: true,
    });
  }
  const rest: Selection = { conditions: {}, except, by: [], fault: undefined };
  return [limit('default', defaultBucket, toMatch(rest, target)), ...charged, ...limits];
}
