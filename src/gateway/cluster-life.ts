import type { ClusterPort } from '../admin/cluster-port.ts';
import type { BoundCluster, BoundSnapshot } from '../exchange/live.ts';
import type { ProviderClient } from '../planes/node/provider-client.ts';
import type { Cluster, ClusterEndpoint, Snapshot } from '../snapshot/snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { HealthSample } from '../telemetry/metrics.ts';
import { viewClusters } from './clusters-view.ts';
import type { AddressResolver } from './dns-source.ts';
import { createEndpointDiscovery } from './endpoint-discovery.ts';
import { createHealthChecks } from './health-checks.ts';
import type { ProbeRuntime } from './health-probe.ts';
import { healthSamples } from './health-samples.ts';
import type { LiveRegistry } from './live-registry.ts';
import type { Schedule } from './schedule.ts';

/** What `createClusterLife` takes. */
export interface ClusterLifeOptions {
  upstream: ProviderClient;
  watchdog: ProbeRuntime['watchdog'];
  live: Pick<LiveRegistry, 'setEndpoints'>;
  resolve: AddressResolver;
  schedule: Schedule;
  logger: Logger;
  /** Milliseconds of a clock that never jumps. */
  monotonic(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
}

/** The endpoints of a configuration that is not in force yet. */
export interface PreparedClusters {
  endpointsOf(cluster: Cluster): readonly ClusterEndpoint[];
  /** It is in force now, bound so. */
  commit(bound: BoundSnapshot): void;
  discard(): void;
}

/** What goes on in clusters beside requests: endpoints are found, asked for their health, and shown. */
export interface ClusterLife {
  /** Looks for the endpoints of a new configuration, for a second at most. Never rejects. */
  prepare(snapshot: Snapshot): Promise<PreparedClusters>;
  /** What `/metrics` tells of health. */
  samples(): HealthSample[];
  readonly port: ClusterPort;
  /** Ends everything that runs by the clock. */
  close(): void;
}

/** Makes the life of clusters; it does nothing before a configuration is in force. */
export function createClusterLife(options: ClusterLifeOptions): ClusterLife {
  const { upstream, live, logger, monotonic, now } = options;
  let bound: BoundSnapshot | undefined;
  const checks = createHealthChecks({ ...options, runtime: options });
  const discovery = createEndpointDiscovery({ ...options, onChange: endpointsChanged });

  function find(name: string): BoundCluster | undefined {
    return bound?.clusters.find(({ cluster }) => cluster.name === name);
  }

  /** Connections to endpoints that are gone close when their last answer is whole. */
  function settle(current: BoundSnapshot): void {
    checks.follow(current);
    const used = current.clusters.map(({ cluster, lanes }) => ({
      cluster,
      endpoints: lanes.lanes.map((lane) => lane.endpoint),
    }));
    upstream.retain([...used, ...checks.used()]);
  }

  function endpointsChanged(name: string): void {
    const cluster = find(name);
    if (bound === undefined || cluster === undefined) return;
    const endpoints = discovery.endpointsOf(cluster.cluster);
    live.setEndpoints(cluster, endpoints);
    logger.info('the endpoints of a cluster changed', { cluster: name, endpoints: endpoints.length });
    settle(bound);
  }

  const moment = () => ({ monotonic: monotonic(), wall: now() });
  const view = (name?: string) =>
    bound === undefined
      ? []
      : viewClusters(bound, { ...(name === undefined ? {} : { name }), statusOf: discovery.status, moment: moment() });

  return {
    async prepare(snapshot) {
      const prepared = await discovery.prepare(snapshot.clusters);
      return {
        endpointsOf: prepared.endpointsOf,
        commit(current) {
          bound = current;
          prepared.commit();
          settle(current);
        },
        discard: prepared.discard,
      };
    },
    samples: () => (bound === undefined ? [] : healthSamples(bound, monotonic())),
    port: {
      list: () => view(),
      find: (name) => view(name)[0],
      managed: discovery.managed,
      async setManaged(name, urls) {
        if (!(await discovery.setManaged(name, urls))) throw new Error(`cluster "${name}" is not managed`);
      },
    },
    close() {
      discovery.close();
      checks.close();
    },
  };
}
