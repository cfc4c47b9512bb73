import type { ConfigIssue } from '../issue.ts';
import type { GatewayConfigInput } from '../model.ts';
import type { SourceDocument } from '../yaml-documents.ts';
import { compact } from './compact.ts';
import type { ClusterInput } from './config-input.ts';
import { parseResources } from './parse-resources.ts';
import { createReport, type Report } from './report.ts';
import { createResourceSet, type ResourceSet } from './resource-set.ts';
import { attachRoute } from './route-attachment.ts';
import type { SecretSources } from './secrets.ts';
import { translateAccessLog } from './translate-access-log.ts';
import { translateBackends } from './translate-backends.ts';
import { translateClientLimits } from './translate-client-limits.ts';
import { translateCredentials } from './translate-credentials.ts';
import { CONFIG_ANNOTATION, type TranslatedGateways, translateGateways } from './translate-gateways.ts';
import { translateOwn } from './translate-own.ts';
import { translateTraffic } from './translate-retry.ts';
import { flattenRoute } from './translate-routes.ts';
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
  const clusters = translateBackends({
    set,
    report,
    credentials: translateCredentials({ set, report, sources: context }),
  });
  const routes = translateAiRoutes(set, gateways, report);
  setForwardProxies(clusters, routes, { gateways, report });
  const own = translateOwn({ set, report });
  warnUnsupported(set, report);
  const { listeners } = gateways;
  const config: GatewayConfigInput = compact({
    listeners: listeners.length === 0 ? undefined : listeners,
    static_cluster: nonEmpty(Object.fromEntries([...clusters, ...own.clusters])),
    virtual_services: nonEmpty([
      ...groupVirtualServices(
        routes,
        listeners.flatMap(({ name }) => name ?? []),
      ),
      ...own.services,
    ]),
    limits: translateClientLimits(set, gateways, report),
    access_log: translateAccessLog(set, gateways, report),
  });
  return { config, issues: [...report.issues] };
}

function nonEmpty<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function translateAiRoutes(set: ResourceSet, gateways: TranslatedGateways, report: Report): AttachedRoutes[] {
  const traffic = translateTraffic(set, gateways, report);
  return set.list('AIGatewayRoute').map((route) => {
    const attachments = attachRoute(route, { set, report, gateways });
    const listeners = attachments.map(({ listener }) => listener);
    return { routes: flattenRoute(route, listeners, { set, report, traffic }), attachments };
  });
}

/** A cluster goes through the proxy of the Gateways whose routes use it. */
function setForwardProxies(
  clusters: Map<string, ClusterInput>,
  attached: readonly AttachedRoutes[],
  { gateways, report }: { gateways: TranslatedGateways; report: Report },
): void {
  const proxies = new Map<string, Set<string | undefined>>();
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
