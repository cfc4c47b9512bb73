import type { ConfigIssue } from '../issue.ts';
import type { GatewayConfigInput } from '../model.ts';
import type { SourceDocument } from '../yaml-documents.ts';
import { applyClusterTraffic } from './cluster-variants.ts';
import { compact } from './compact.ts';
import type { ClusterInput, VirtualServiceInput } from './config-input.ts';
import {
  addGatewayLimits,
  asList,
  type Filters,
  guardOwnServices,
  isOnListener,
  joinLimits,
  readFilters,
} from './own-filters.ts';
import { parseResources } from './parse-resources.ts';
import { createReport, onceReport, type Report } from './report.ts';
import { createResourceSet, type ResourceSet } from './resource-set.ts';
import { attachRoute } from './route-attachment.ts';
import type { SecretSources } from './secrets.ts';
import { translateAccessLog } from './translate-access-log.ts';
import { translateBackends } from './translate-backends.ts';
import { translateClientLimits } from './translate-client-limits.ts';
import { translateCredentials } from './translate-credentials.ts';
import { CONFIG_ANNOTATION, type TranslatedGateways, translateGateways } from './translate-gateways.ts';
import { clustersOf, translateOwn } from './translate-own.ts';
import { addQuotas, translateQuotas } from './translate-quota.ts';
import { flattenRoute } from './translate-routes.ts';
import { type GuardLookup, identitiesOf, translateSecurity } from './translate-security.ts';
import { translateTraffic } from './translate-traffic.ts';
import { type AttachedRoutes, groupVirtualServices } from './virtual-services.ts';
import { warnUnsupported } from './warn-unsupported.ts';

/**
 * Turns resource documents (those with an `apiVersion`) into a configuration. Variables in their values have
 * been filled in. Only the sections that resources say something about are set. With an error among the
 * issues the configuration is incomplete and must not be used.
 */
export function configFromResources(
  documents: readonly SourceDocument[],
  context: SecretSources,
): { config: GatewayConfigInput; issues: ConfigIssue[] } {
  const report = createReport();
  const { resources, declared } = parseResources(documents, report);
  const set = createResourceSet(resources, declared);
  const gateways = translateGateways(set, report);
  const secrets = { set, report, sources: context };
  const clusters = translateBackends({ set, report, credentials: translateCredentials(secrets) });
  const filters = readFilters(secrets);
  const guards = translateSecurity({ set, gateways, report, sources: context }, filters.guards);
  const routes = translateAiRoutes({ set, gateways, report, guards });
  addRouteLimits(routes, filters);
  const own = translateOwn({ ...secrets, filters });
  applyClusterTraffic(
    routes.flatMap(({ routes: flat }) => flat),
    clusters,
    own.usedClusters,
  );
  setForwardProxies(clusters, routes, { gateways, report, own: own.services });
  warnUnsupported(set, report);
  const { listeners } = gateways;
  const listenerNames = listeners.flatMap(({ name }) => name ?? []);
  const made = groupVirtualServices(routes, { listenerNames, guards, report });
  const guarded = new Map(made.map(({ service, guard }) => [service, guard]));
  const services = [...guarded.keys(), ...own.services];
  guardOwnServices(own.services, guards, { gateways, report });
  addGatewayLimits(services, { filters, gateways, report });
  addQuotas(
    services,
    translateQuotas(set, report),
    (service) => guarded.get(service)?.identities ?? identitiesOf(service.auth_filter),
  );
  const config: GatewayConfigInput = compact({
    listeners: listeners.length === 0 ? undefined : listeners,
    static_cluster: nonEmpty(Object.fromEntries([...clusters, ...own.clusters])),
    dynamic_cluster: nonEmpty(Object.fromEntries(own.dynamicClusters)),
    virtual_services: nonEmpty(services),
    limits: translateClientLimits(set, gateways, report),
    access_log: translateAccessLog(set, gateways, report),
  });
  return { config, issues: [...report.issues] };
}

function nonEmpty<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

interface RoutesContext {
  set: ResourceSet;
  gateways: TranslatedGateways;
  report: Report;
  guards: GuardLookup;
}

function translateAiRoutes({ set, gateways, report, guards }: RoutesContext): AttachedRoutes[] {
  const traffic = translateTraffic({ set, gateways, report });
  // A policy is looked at for every rule that it is over.
  const once = onceReport(report);
  return set.list('AIGatewayRoute').map((route) => {
    const attachments = attachRoute(route, { set, report, gateways });
    const listeners = attachments.map(({ listener }) => listener);
    return { routes: flattenRoute(route, listeners, { set, report: once, traffic, guards }), attachments };
  });
}

/** Puts the RateLimitFilters of AIGatewayRoutes on their routes. */
function addRouteLimits(attached: readonly AttachedRoutes[], filters: Filters): void {
  for (const { routes } of attached) {
    const [first] = routes;
    if (first === undefined) continue;
    const limits = filters.limitsOf('AIGatewayRoute', `${first.route.namespace}/${first.route.name}`);
    // The matches of a rule share what else it says.
    for (const rest of new Set(routes.map((route) => route.rest))) {
      Object.assign(rest, joinLimits([asList(rest), limits]));
    }
  }
}

/** A cluster goes through the proxy of the Gateways whose routes use it. */
function setForwardProxies(
  clusters: Map<string, ClusterInput>,
  attached: readonly AttachedRoutes[],
  { gateways, report, own }: { gateways: TranslatedGateways; report: Report; own: readonly VirtualServiceInput[] },
): void {
  const proxies = new Map<string, Set<string | undefined>>();
  for (const { listeners, forwardProxy } of gateways.served.values()) {
    for (const service of own.filter((one) => listeners.some(({ name }) => isOnListener(one, name)))) {
      for (const cluster of (service.virtual_routes ?? []).flatMap(clustersOf)) {
        proxies.set(cluster, (proxies.get(cluster) ?? new Set()).add(forwardProxy));
      }
    }
  }
  for (const { routes, attachments } of attached) {
    for (const { gateway } of attachments.map(({ listener }) => listener)) {
      const proxy = gateways.served.get(`${gateway.namespace}/${gateway.name}`)?.forwardProxy;
      for (const { cluster } of routes.flatMap(({ rest }) => [...rest.split, ...(rest.fallback ?? [])])) {
        proxies.set(cluster, (proxies.get(cluster) ?? new Set()).add(proxy));
      }
    }
  }
  const shared: string[] = [];
  for (const [name, found] of proxies) {
    const cluster = clusters.get(name);
    const [proxy] = [...found].filter((address) => address !== undefined);
    if (cluster === undefined || proxy === undefined) continue;
    cluster.forward_proxy = proxy;
    if (found.size > 1) shared.push(`${name} (${proxy})`);
  }
  const bound = [...gateways.served.values()].find(({ forwardProxy }) => forwardProxy !== undefined)?.gateway;
  if (shared.length === 0 || bound === undefined) return;
  const message = `the forward proxy is one for each backend: Gateways without it use it too for ${shared.join(', ')}`;
  report.warning(bound, ['metadata', 'annotations', CONFIG_ANNOTATION], message);
}
