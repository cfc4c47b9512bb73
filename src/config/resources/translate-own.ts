import { z } from 'zod';
import { isObject } from '../../json/types.ts';
import { explainIssues, schemaMessages } from '../explain.ts';
import type { UnplacedIssue } from '../issue.ts';
import { gatewayConfig } from '../model.ts';
import { fieldsAt } from '../schema-walk.ts';
import type { ClusterInput, VirtualRouteInput, VirtualServiceInput } from './config-input.ts';
import type { KindName } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource, ResourceHead, ResourcePath } from './resource.ts';
import { nearestOf, type ResourceSet } from './resource-set.ts';
import { objectName, targetReference } from './schema-parts.ts';
import { snakeCaseFields, toCamelCase } from './snake-case.ts';

/** The camelCase twins (group `aigw.dev`) of the gateway file's sections: the same model checks both. */
const clusterModel = gatewayConfig.shape.static_cluster.unwrap().valueType;
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
  services: VirtualServiceInput[];
}

/** What turning own kinds needs. */
export interface OwnContext {
  set: ResourceSet;
  report: Report;
}

/** Turns StaticClusters, VirtualServices and VirtualRoutes into parts of a configuration. */
export function translateOwn(context: OwnContext): OwnResources {
  const { set, report } = context;
  const clusters = new Map<string, ClusterInput>();
  for (const cluster of set.list('StaticCluster')) {
    const key = `${cluster.namespace}/${cluster.name}`;
    if (set.isDeclared('AIServiceBackend', cluster.namespace, cluster.name)) {
      report.error(cluster, ['metadata', 'name'], `AIServiceBackend ${key} makes a cluster of the same name`);
    }
    const spec = readSpec<ClusterInput>(cluster, clusterModel, report);
    if (spec !== undefined) clusters.set(key, spec);
  }
  const services = new Map<string, VirtualServiceInput>();
  for (const service of set.list('VirtualService')) {
    const key = `${service.namespace}/${service.name}`;
    const spec = readSpec<Omit<VirtualServiceInput, 'name'>>(service, serviceTwin, report);
    if (spec === undefined) continue;
    const routes = (spec.virtual_routes ?? []).map((route, index) =>
      withClusterNames(route, { from: service, path: ['spec', 'virtualRoutes', index] }, context),
    );
    services.set(key, { ...spec, name: key, virtual_routes: routes });
  }
  for (const route of set.list('VirtualRoute')) addRoute(route, services, context);
  return { clusters, services: [...services.values()] };
}

type RouteSpec = VirtualRouteInput & { parentRefs?: { name: string; namespace?: string }[] };

function addRoute(
  resource: Resource<unknown>,
  services: ReadonlyMap<string, VirtualServiceInput>,
  context: OwnContext,
): void {
  const { set, report } = context;
  const spec = readSpec<RouteSpec>(resource, routeTwin, report);
  if (spec === undefined) return;
  const { parentRefs = [], ...fields } = spec;
  const name = `${resource.namespace}/${resource.name}`;
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

/** `spec` in the model's spelling; what is wrong with it is reported in the author's. */
function readSpec<Input>(resource: Resource<unknown>, model: z.ZodType, report: Report): Input | undefined {
  const body = resource.body as { spec?: unknown };
  if (!isObject(body.spec)) {
    report.error(resource, ['spec'], 'is required and must be a map');
    return undefined;
  }
  // `parentRefs` belongs to the resource, not to the model: it keeps its spelling.
  const { parentRefs, ...fields } = body.spec;
  const { value, authoredPath } = snakeCaseFields(fields, model);
  const root = parentRefs === undefined ? value : { ...(value as object), parentRefs };
  const result = model.safeParse(root, { error: schemaMessages });
  if (result.success) return root as Input;
  for (const issue of explainIssues(result.error.issues, { schema: model, value: root })) {
    const path = issue.path[0] === 'parentRefs' ? issue.path : authoredPath(issue.path);
    const { fix, part } = issue;
    report.error(resource, ['spec', ...path], inCamelCase(issue.message, { model, issue, root }), {
      ...(part === undefined ? {} : { part }),
      fix: fix === undefined ? undefined : inCamelCase(fix, { model, issue, root }),
    });
  }
  return undefined;
}

/** A message with the fields' names as the author writes them. */
function inCamelCase(text: string, at: { model: z.ZodType; issue: UnplacedIssue; root: unknown }): string {
  const fields = new Set(fieldsAt(at.model, at.issue.path.slice(0, -1), at.root));
  return text.replaceAll(/[a-z0-9]+(?:_[a-z0-9]+)+/g, (word) => (fields.has(word) ? toCamelCase(word) : word));
}

/** A route whose targets name clusters in full, `namespace/name`. */
function withClusterNames<Route extends VirtualRouteInput>(
  route: Route,
  place: { from: ResourceHead; path: ResourcePath },
  context: OwnContext,
): Route {
  const resolve = (list: 'split' | 'fallback') => (target: { cluster: string }, index: number) => ({
    ...target,
    cluster: clusterName(target.cluster, { ...place, path: [...place.path, list, index, 'cluster'] }, context),
  });
  const split = route.split.map(resolve('split'));
  return route.fallback === undefined
    ? { ...route, split }
    : { ...route, split, fallback: route.fallback.map(resolve('fallback')) };
}

const CLUSTER_KINDS = ['StaticCluster', 'AIServiceBackend'] as const satisfies readonly KindName[];

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
  report.error(place.from, place.path, `there is no StaticCluster or AIServiceBackend ${namespace}/${name}`, { fix });
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
