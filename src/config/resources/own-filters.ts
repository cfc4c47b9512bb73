import { z } from 'zod';
import { gatewayConfig } from '../model.ts';
import type { VirtualServiceInput } from './config-input.ts';
import type { KindName } from './kinds.ts';
import { readOwnSpec } from './own-spec.ts';
import type { Report } from './report.ts';
import type { Resource } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import { objectName } from './schema-parts.ts';
import type { SecretContext } from './secrets.ts';
import type { TranslatedGateways } from './translate-gateways.ts';
import type { AuthFilterInput, FilterGuard, GuardLookup } from './translate-security.ts';

/** Filters of this gateway's own: RateLimitFilter and AuthFilter, which attach with `targetRefs`. */

const TARGET_KINDS = ['Gateway', 'VirtualService', 'VirtualRoute', 'AIGatewayRoute'] as const;

const targetRefs = z
  .array(
    z.strictObject({
      group: z.string().optional(),
      kind: z.enum(TARGET_KINDS),
      name: objectName,
      sectionName: objectName.optional(),
    }),
  )
  .min(1);

const serviceModel = gatewayConfig.shape.virtual_services.unwrap().element;
const limitFilter = serviceModel.pick({ rate_limit: true, budget: true }).extend({ targetRefs });
const authFilter = serviceModel.shape.auth_filter.unwrap().extend({ targetRefs });

type TargetRef = z.output<typeof targetRefs>[number];
/** What one level may carry. */
export type LimitsInput = Pick<VirtualServiceInput, 'rate_limit' | 'budget'>;

interface FoundFilter<Spec> {
  resource: Resource<unknown>;
  target: TargetRef;
  spec: Spec;
}

/** All filters by what they are attached to. */
export interface Filters {
  /** AuthFilters of Gateways and AIGatewayRoutes. */
  guards: FilterGuard[];
  /** The AuthFilter of a VirtualService, `namespace/name`. */
  authOf(service: string): AuthFilterInput | undefined;
  /** The limits of all RateLimitFilters of one object. */
  limitsOf(kind: TargetRef['kind'], name: string): LimitsInput;
}

/** Reads every RateLimitFilter and AuthFilter. */
export function readFilters(context: SecretContext): Filters {
  const auth = read<AuthFilterInput>('AuthFilter', authFilter, context);
  const limits = read<LimitsInput>('RateLimitFilter', limitFilter, context);
  const { report } = context;
  const ofServices = new Map<string, FoundFilter<AuthFilterInput>>();
  const guards: FilterGuard[] = [];
  for (const found of auth) {
    const { resource, target, spec } = found;
    const name = `${resource.namespace}/${target.name}`;
    if (target.kind === 'VirtualService') {
      const other = ofServices.get(name);
      if (other === undefined) ofServices.set(name, found);
      else report.error(resource, ['spec', 'targetRefs'], `${name} already has ${labelOf(other.resource)}`);
    } else if (target.kind === 'VirtualRoute') {
      const message = 'a VirtualRoute cannot be guarded alone: its service asks before it knows the route';
      report.error(resource, ['spec', 'targetRefs'], message, { fix: 'target its VirtualService' });
    } else guards.push(asPolicy(found, spec));
  }
  return {
    guards,
    authOf: (service) => ofServices.get(service)?.spec,
    limitsOf(kind, name) {
      const found = limits.filter(({ resource, target }) => {
        return target.kind === kind && `${resource.namespace}/${target.name}` === name;
      });
      return joinLimits(found.map((one) => withCounters(one)));
    },
  };
}

/** The limits of several filters, one after the other. */
export function joinLimits(all: readonly LimitsInput[]): LimitsInput {
  const limits = all.flatMap(({ rate_limit = [] }) => rate_limit);
  const budgets = all.flatMap(({ budget = [] }) => budget);
  return {
    ...(limits.length === 0 ? {} : { rate_limit: limits }),
    ...(budgets.length === 0 ? {} : { budget: budgets }),
  };
}

function labelOf({ kind, namespace, name }: Resource<unknown>): string {
  return `${kind} ${namespace}/${name}`;
}

/** A target has one count for all services and routes that it became. */
function withCounters({ resource, target, spec }: FoundFilter<LimitsInput>): LimitsInput {
  const place = `${labelOf(resource)} ${target.kind} ${target.name}`;
  const counted = <Limit extends { counter?: string | undefined; name?: string | undefined }>(
    what: string,
    all: readonly Limit[],
  ) => all.map((limit, index) => ({ counter: `${place} ${what} ${index}`, ...limit }));
  return joinLimits([
    { rate_limit: counted('rateLimit', spec.rate_limit ?? []) },
    { budget: counted('budget', [spec.budget ?? []].flat()) },
  ]);
}

function asPolicy({ resource, target }: FoundFilter<AuthFilterInput>, filter: AuthFilterInput): FilterGuard {
  const kind = target.kind === 'AIGatewayRoute' ? 'HTTPRoute' : target.kind;
  const { name, sectionName } = target;
  const targetRef = { group: '', kind, name, ...(sectionName === undefined ? {} : { sectionName }) };
  return { resource: { ...resource, body: { spec: { targetRef } } }, filter };
}

function read<Spec>(
  kind: 'AuthFilter' | 'RateLimitFilter',
  model: z.ZodType,
  context: SecretContext,
): FoundFilter<Spec>[] {
  const { set, report } = context;
  return set.list(kind).flatMap((resource) => {
    const spec = readOwnSpec<Spec & { targetRefs: TargetRef[] }>(resource, model, context);
    if (spec === undefined) return [];
    const { targetRefs: targets, ...rest } = spec;
    return targets.flatMap((target, index) => {
      if (!isThere(resource, target, { set, report, index })) return [];
      return [{ resource, target, spec: rest as Spec }];
    });
  });
}

function isThere(
  resource: Resource<unknown>,
  target: TargetRef,
  { set, report, index }: { set: ResourceSet; report: Report; index: number },
): boolean {
  const path = ['spec', 'targetRefs', index];
  const takesSection = target.kind === 'Gateway' || target.kind === 'AIGatewayRoute';
  if (target.sectionName !== undefined && (!takesSection || resource.kind === 'RateLimitFilter')) {
    const message = `${resource.kind} attaches to the whole ${target.kind}`;
    report.error(resource, [...path, 'sectionName'], message, { fix: 'remove sectionName' });
    return false;
  }
  if (set.isDeclared(target.kind satisfies KindName, resource.namespace, target.name)) return true;
  const name = `${resource.namespace}/${target.name}`;
  report.error(resource, path, `there is no ${target.kind} ${name}`, { fix: nearestOf(set, target.kind, name) });
  return false;
}

/** What attaching the filters of Gateways to services needs. */
export interface GatewayFilterContext {
  filters: Filters;
  gateways: TranslatedGateways;
  report: Report;
}

/** Puts the RateLimitFilters of Gateways on every service of their listeners. */
export function addGatewayLimits(services: readonly VirtualServiceInput[], context: GatewayFilterContext): void {
  const { filters, gateways } = context;
  for (const [name, { listeners }] of gateways.served) {
    const limits = filters.limitsOf('Gateway', name);
    for (const service of services) {
      if (!listeners.some((listener) => isOnListener(service, listener.name))) continue;
      Object.assign(service, joinLimits([asList(service), limits]));
    }
  }
}

/** The limits of a service or route with its budgets as a list. */
export function asList({ rate_limit = [], budget = [] }: LimitsInput): LimitsInput {
  return { rate_limit, budget: [budget].flat() };
}

/** Whether a service is on a listener of this name. */
export function isOnListener(service: VirtualServiceInput, listener: string): boolean {
  return service.listeners === undefined || service.listeners.includes(listener);
}

/** Guards own services that have no filter by the policies of the Gateways on whose listeners they are. */
export function guardOwnServices(
  services: readonly VirtualServiceInput[],
  guards: GuardLookup,
  { gateways, report }: Pick<GatewayFilterContext, 'gateways' | 'report'>,
): void {
  const open = [...gateways.served.values()].flatMap(({ listeners }) => listeners);
  for (const service of services) {
    if (service.auth_filter !== undefined) continue;
    for (const listener of open.filter(({ name }) => isOnListener(service, name))) {
      const guard = guards({ route: '', rule: undefined, listeners: [listener] });
      if (guard?.filter === undefined || guard.filter === service.auth_filter) continue;
      if (service.auth_filter === undefined) service.auth_filter = guard.filter;
      else {
        const message = `cannot be enforced for VirtualService ${service.name}: another policy guards it on another listener`;
        report.error(guard.from, ['spec'], message, { fix: 'give the VirtualService an authFilter of its own' });
      }
    }
  }
}
