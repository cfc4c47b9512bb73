import { compileCluster, compileDynamicCluster } from './compile-cluster.ts';
import { compileService } from './compile-route.ts';
import type { GatewayConfig, VirtualServiceConfig } from './config-types.ts';
import type { Cluster, Route, Service, Snapshot, Target } from './snapshot.ts';

/** What a snapshot is told beside the configuration. */
export interface CompileOptions {
  revision: number;
  hash: string;
}

interface Domains {
  exact: Map<string, Service>;
  /** Suffixes with their dot, longest first. */
  wildcards: { suffix: string; service: Service }[];
  any: Service | undefined;
}

function addDomains(domains: Domains, config: VirtualServiceConfig, service: Service): void {
  for (const domain of config.domains) {
    const name = domain.toLowerCase();
    if (name === '*') domains.any ??= service;
    else if (name.startsWith('*.')) domains.wildcards.push({ suffix: name.slice(1), service });
    else if (!domains.exact.has(name)) domains.exact.set(name, service);
  }
}

function findService(domains: Domains, host: string): Service | undefined {
  const exact = domains.exact.get(host);
  if (exact !== undefined) return exact;
  for (const wildcard of domains.wildcards) {
    if (host.endsWith(wildcard.suffix)) return wildcard.service;
  }
  return domains.any;
}

/**
 * Compiles a checked configuration. Throws Error when a pattern is not valid; everything else was
 * checked when the configuration was loaded.
 */
export function compileSnapshot(config: GatewayConfig, options: CompileOptions): Snapshot {
  const clusters = new Map<string, Cluster>();
  for (const [name, cluster] of Object.entries(config.static_cluster)) {
    clusters.set(name, compileCluster({ name, index: clusters.size }, cluster));
  }
  for (const [name, cluster] of Object.entries(config.dynamic_cluster)) {
    clusters.set(name, compileDynamicCluster({ name, index: clusters.size }, cluster));
  }
  const targets: Target[] = [];
  const routes: Route[] = [];
  const services = config.virtual_services.map((service, index) =>
    compileService(service, { clusters, targets, routes }, index),
  );
  const byListener = new Map<string, Domains>();
  for (const listener of new Set(config.listeners.map((entry) => entry.name ?? ''))) {
    const domains: Domains = { exact: new Map(), wildcards: [], any: undefined };
    for (const [index, service] of config.virtual_services.entries()) {
      const compiled = services[index];
      if (compiled !== undefined && (service.listeners === undefined || service.listeners.includes(listener))) {
        addDomains(domains, service, compiled);
      }
    }
    domains.wildcards.sort((a, b) => b.suffix.length - a.suffix.length);
    byListener.set(listener, domains);
  }
  return Object.freeze({
    revision: options.revision,
    hash: options.hash,
    services,
    serviceFor(host: string, listener: string) {
      const domains = byListener.get(listener);
      return domains === undefined ? undefined : findService(domains, host);
    },
    clusters: [...clusters.values()],
    targets,
    routes,
    limits: {
      maxBodyBytes: config.limits.max_body,
      maxHeaderBytes: config.limits.max_header,
      requestReceivedTimeoutMs: config.limits.request_received_timeout,
      drainTimeoutMs: config.limits.drain_timeout,
      assumedOutputTokens: config.limits.assumed_output_tokens,
    },
    forwardHeaders: config.forward_headers === undefined ? undefined : new Set(config.forward_headers),
  });
}
