import { z } from 'zod';
import { gatewayConfig } from '../model.ts';
import type { ClusterInput, DynamicClusterInput, VirtualRouteInput, VirtualServiceInput } from './config-input.ts';
import type { KindName } from './kinds.ts';
import { asList, type Filters, joinLimits, type LimitsInput } from './own-filters.ts';
import { readOwnSpec } from './own-spec.ts';
import type { Resource, ResourceHead, ResourcePath } from './resource.ts';
import { nearestOf } from './resource-set.ts';
import { objectName, targetReference } from './schema-parts.ts';
import type { SecretContext } from './secrets.ts';

/** The camelCase twins (group `aigw.dev`) of the gateway file's sections: the same model checks both. */
const clusterModel = gatewayConfig.shape.static_cluster.unwrap().valueType;
const dynamicModel = gatewayConfig.shape.dynamic_cluster.unwrap().valueType;
const serviceModel = gatewayConfig.shape.virtual_services.unwrap().element;
const routeModel = serviceModel.shape.virtual_routes.unwrap().element;
const serviceTwin = serviceModel.omit({ name: true });
const routeTwin = routeModel.omit({ name: true }).extend({
  parentRefs: z
    .array(
      targetReference.pick({ name: true }).extend({
        namespace: objectName.optional(),
        kind: z.literal('VirtualService').optional(),
        group: z.string().optional(),
      }),
    )
    .min(1),
});

/** Clusters and services made of this gateway's own kinds. */
export interface OwnResources {
  clusters: Map<string, ClusterInput>;
  dynamicClusters: Map<string, DynamicClusterInput>;
  services: VirtualServiceInput[];
  /** Names of all clusters that their routes name. */
  usedClusters: Set<string>;
}

/** What turning own kinds needs. */
export interface OwnContext extends SecretContext {
  filters: Filters;
}

/** Turns StaticClusters, DynamicClusters, VirtualServices and VirtualRoutes into parts of a configuration. */
export function translateOwn(context: OwnContext): OwnResources {
  const { set, filters } = context;
  const services = new Map<string, VirtualServiceInput>();
  for (const service of set.list('VirtualService')) {
    const key = `${service.namespace}/${service.name}`;
    const spec = readOwnSpec<Omit<VirtualServiceInput, 'name'>>(service, serviceTwin, context);
    if (spec === undefined) continue;
    const routes = (spec.virtual_routes ?? []).map((route, index) =>
      withClusterNames(route, { from: service, path: ['spec', 'virtualRoutes', index] }, context),
    );
    services.set(key, {
      ...withGuard(service, spec, context),
      ...limitsWithClusterNames(
        joinLimits([asList(spec), filters.limitsOf('VirtualService', key)]),
        { from: service, path: ['spec'] },
        context,
      ),
      name: key,
      virtual_routes: routes,
    });
  }
  for (const route of set.list('VirtualRoute')) addRoute(route, services, context);
  const made = [...services.values()];
  return {
    clusters: readClusters<ClusterInput>('StaticCluster', clusterModel, context),
    dynamicClusters: readClusters<DynamicClusterInput>('DynamicCluster', dynamicModel, context),
    services: made,
    usedClusters: new Set(made.flatMap(({ virtual_routes = [] }) => virtual_routes.flatMap(clustersOf))),
  };
}

/** The clusters that a route names. */
export function clustersOf(route: VirtualRouteInput): string[] {
  return [...route.split, ...(route.fallback ?? []), ...(route.mirror ?? [])].map(({ cluster }) => cluster);
}

function readClusters<Input>(kind: 'StaticCluster' | 'DynamicCluster', model: z.ZodType, context: OwnContext) {
  const clusters = new Map<string, Input>();
  for (const cluster of context.set.list(kind)) {
    const key = `${cluster.namespace}/${cluster.name}`;
    for (const other of CLUSTER_KINDS.slice(CLUSTER_KINDS.indexOf(kind) + 1)) {
      if (!context.set.isDeclared(other, cluster.namespace, cluster.name)) continue;
      context.report.error(cluster, ['metadata', 'name'], `${other} ${key} makes a cluster of the same name`);
    }
    const spec = readOwnSpec<Input>(cluster, model, context);
    if (spec !== undefined) clusters.set(key, spec);
  }
  return clusters;
}

/** A service's spec with its AuthFilter. */
function withGuard(
  service: Resource<unknown>,
  spec: Omit<VirtualServiceInput, 'name'>,
  { filters, report }: OwnContext,
): Omit<VirtualServiceInput, 'name'> {
  const filter = filters.authOf(`${service.namespace}/${service.name}`);
  if (filter === undefined) return spec;
  if (spec.auth_filter !== undefined) {
    const message = 'stands beside an AuthFilter that targets this service';
    report.error(service, ['spec', 'authFilter'], message, { part: 'key', fix: 'keep one of them' });
  }
  return { ...spec, auth_filter: filter };
}

type RouteSpec = VirtualRouteInput & { parentRefs?: { name: string; namespace?: string }[] };

function addRoute(
  resource: Resource<unknown>,
  services: ReadonlyMap<string, VirtualServiceInput>,
  context: OwnContext,
): void {
  const { set, report } = context;
  const spec = readOwnSpec<RouteSpec>(resource, routeTwin, context);
  if (spec === undefined) return;
  const name = `${resource.namespace}/${resource.name}`;
  const { parentRefs = [], ...own } = spec;
  const fields = { ...own, ...joinLimits([asList(own), context.filters.limitsOf('VirtualRoute', name)]) };
  const route = { ...withClusterNames(fields, { from: resource, path: ['spec'] }, context), name };
  for (const [index, parent] of parentRefs.entries()) {
    const namespace = parent.namespace ?? resource.namespace;
    const key = `${namespace}/${parent.name}`;
    const path = ['spec', 'parentRefs', index];
    const service = services.get(key);
    if (service === undefined) {
      if (set.isDeclared('VirtualService', namespace, parent.name)) continue;
      report.error(resource, path, `there is no VirtualService ${key}`, { fix: nearestOf(set, 'VirtualService', key) });
    } else if (isRefused(resource, { kind: 'VirtualService', namespace, name: parent.name }, { path, ...context })) {
      // Reported: the other namespace has not agreed.
    } else service.virtual_routes = [...(service.virtual_routes ?? []), route];
  }
}

/** A route whose targets name clusters in full, `namespace/name`. */
function withClusterNames<Route extends VirtualRouteInput>(
  route: Route,
  place: { from: ResourceHead; path: ResourcePath },
  context: OwnContext,
): Route {
  const inFull = <Target extends { cluster: string }>(list: string, targets: readonly Target[]): Target[] =>
    targets.map((target, index) => ({
      ...target,
      cluster: clusterName(target.cluster, { ...place, path: [...place.path, list, index, 'cluster'] }, context),
    }));
  return {
    ...route,
    ...limitsWithClusterNames(asList(route), place, context),
    split: inFull('split', route.split),
    ...(route.fallback === undefined ? {} : { fallback: inFull('fallback', route.fallback) }),
    ...(route.mirror === undefined ? {} : { mirror: inFull('mirror', route.mirror) }),
  };
}

/** Limits whose conditions name clusters in full; empty lists are left out. */
function limitsWithClusterNames(
  limits: LimitsInput,
  place: { from: ResourceHead; path: ResourcePath },
  context: OwnContext,
): LimitsInput {
  const inFull = <Limit extends { match?: { cluster?: string | undefined } | undefined }>(list: string) => {
    return (limit: Limit, index: number): Limit => {
      const cluster = limit.match?.cluster;
      if (cluster === undefined) return limit;
      const path = [...place.path, list, index, 'match', 'cluster'];
      return { ...limit, match: { ...limit.match, cluster: clusterName(cluster, { ...place, path }, context) } };
    };
  };
  return joinLimits([
    { rate_limit: (limits.rate_limit ?? []).map(inFull('rateLimit')) },
    { budget: [limits.budget ?? []].flat().map(inFull('budget')) },
  ]);
}

const CLUSTER_KINDS = ['StaticCluster', 'DynamicCluster', 'AIServiceBackend'] as const satisfies readonly KindName[];

function clusterName(written: string, place: { from: ResourceHead; path: ResourcePath }, context: OwnContext): string {
  const { set, report } = context;
  const [first = '', second] = written.split('/');
  const namespace = second === undefined ? place.from.namespace : first;
  const name = second ?? first;
  const kind = CLUSTER_KINDS.find((candidate) => set.isDeclared(candidate, namespace, name));
  if (kind !== undefined) {
    isRefused(place.from, { kind, namespace, name }, { path: place.path, ...context });
    return `${namespace}/${name}`;
  }
  const fix = CLUSTER_KINDS.map((candidate) => nearestOf(set, candidate, `${namespace}/${name}`)).find(Boolean);
  report.error(place.from, place.path, `there is no ${CLUSTER_KINDS.join(', ')} ${namespace}/${name}`, { fix });
  return written;
}

/** Whether a reference into another namespace lacks its ReferenceGrant, which is reported. */
function isRefused(
  from: ResourceHead,
  target: { kind: KindName; namespace: string; name: string },
  context: OwnContext & { path: ResourcePath },
): boolean {
  if (target.namespace === from.namespace) return false;
  if (context.set.isGranted({ kinds: [from.kind as KindName], namespace: from.namespace }, target)) return false;
  context.report.error(
    from,
    context.path,
    `no ReferenceGrant in namespace ${target.namespace} lets ${from.kind} of namespace ${from.namespace} refer to ${target.kind} ${target.namespace}/${target.name}`,
    { fix: `add a ReferenceGrant to namespace ${target.namespace}` },
  );
  return true;
}
