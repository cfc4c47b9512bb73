import { foundEndpoint } from '../snapshot/compile-cluster.ts';
import type { Cluster, ClusterEndpoint, DiscoverySpec } from '../snapshot/snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type AddressResolver, createDnsSource } from './dns-source.ts';
import { EndpointFollower } from './endpoint-follower.ts';
import type { EndpointSource } from './endpoint-source.ts';
import { createFileSource } from './file-source.ts';
import { createManagedSource, type ManagedSource } from './managed-source.ts';
import type { Schedule } from './schedule.ts';

/** A configuration is put in force without the endpoints of a source that needs longer to tell them. */
const FIRST_LOOK_MS = 1000;

/** What `createEndpointDiscovery` takes. */
export interface DiscoveryOptions {
  resolve: AddressResolver;
  schedule: Schedule;
  /** Uniform in [0, 1). */
  random(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** The endpoints of a cluster in force have changed. */
  onChange(name: string): void;
}

/** How the endpoints of a dynamic cluster are found, and how that goes. */
export interface DiscoveryStatus {
  /** When they were last found, in milliseconds since the epoch; undefined: never. */
  foundMs: number | undefined;
  /** Why they could not be found the last time; undefined when they could. */
  error: string | undefined;
  /** Base URLs, with addresses where they were resolved. */
  found: EndpointFollower['found'];
}

/** The endpoints of a configuration that is not in force yet. */
export interface PreparedEndpoints {
  endpointsOf(cluster: Cluster): readonly ClusterEndpoint[];
  /** The configuration is in force: what only the one before used is let go. */
  commit(): void;
  /** It is not. */
  discard(): void;
}

/** Finds and follows the endpoints of all dynamic clusters; what stays in the configuration goes on as it was. */
export interface EndpointDiscovery {
  /** Begins to follow what is new. Resolves when that was looked up once, or after a second. Never rejects. */
  prepare(clusters: readonly Cluster[]): Promise<PreparedEndpoints>;
  /** Of a dynamic cluster in force. */
  status(name: string): DiscoveryStatus | undefined;
  /** The endpoints of a cluster as they are now. */
  endpointsOf(cluster: Cluster): readonly ClusterEndpoint[];
  /** Base URLs of a managed cluster in force; undefined of any other. */
  managed(name: string): readonly string[] | undefined;
  /** Sets them: resolves when they are in use. False: no such managed cluster. */
  setManaged(name: string, urls: readonly string[]): Promise<boolean>;
  close(): void;
}

interface Followed {
  identity: string;
  follower: EndpointFollower;
  managed: ManagedSource | undefined;
}

/** Makes a discovery that follows nothing. */
export function createEndpointDiscovery(options: DiscoveryOptions): EndpointDiscovery {
  const { schedule, logger } = options;
  let inForce = new Map<string, Followed>();
  let closed = false;
  /** Ends what was begun for a configuration that was never put in force. */
  let abandon = () => {};

  function sourceOf(spec: DiscoverySpec): EndpointSource | ManagedSource {
    switch (spec.kind) {
      case 'dns':
        return createDnsSource(spec, options.resolve);
      case 'file':
        return createFileSource(spec);
      case 'managed':
        return createManagedSource();
      default:
        return spec satisfies never;
    }
  }

  function report(name: string, follower: EndpointFollower): void {
    const { error, found } = follower;
    if (error === undefined) logger.info('the endpoints of a cluster are found again', { cluster: name });
    else
      logger.warn('the endpoints of a cluster cannot be found', { cluster: name, reason: error, kept: found.length });
  }

  function follow(name: string, spec: DiscoverySpec): Followed {
    const source = sourceOf(spec);
    const follower: EndpointFollower = new EndpointFollower({
      source,
      schedule,
      random: options.random,
      now: options.now,
      onChange() {
        if (inForce.get(name)?.follower === follower) options.onChange(name);
      },
      onTurn: () => report(name, follower),
    });
    return { identity: JSON.stringify(spec), follower, managed: 'set' in source ? source : undefined };
  }

  function currentEndpoints(followed: Followed | undefined, cluster: Cluster): readonly ClusterEndpoint[] {
    if (cluster.discovery === undefined) return cluster.endpoints;
    return followed?.follower.found.map((found) => foundEndpoint(cluster, found)) ?? [];
  }

  return {
    async prepare(clusters) {
      abandon();
      const next = new Map<string, Followed>();
      const begun: Followed[] = [];
      abandon = () => {
        for (const { follower } of begun) follower.close();
      };
      for (const { name, discovery } of clusters) {
        if (discovery === undefined) continue;
        const known = inForce.get(name);
        const followed = known?.identity === JSON.stringify(discovery) ? known : follow(name, discovery);
        next.set(name, followed);
        if (followed !== known) begun.push(followed);
      }
      if (begun.length > 0) {
        let cancel = () => {};
        const late = new Promise<void>((resolve) => {
          cancel = schedule(FIRST_LOOK_MS, resolve);
        });
        await Promise.race([Promise.all(begun.map(({ follower }) => follower.look())), late]);
        cancel();
      }
      const versions = new Map([...next].map(([name, { follower }]) => [name, follower.version]));
      return {
        endpointsOf: (cluster) => currentEndpoints(next.get(cluster.name), cluster),
        commit() {
          abandon = () => {};
          for (const [name, followed] of inForce) if (next.get(name) !== followed) followed.follower.close();
          inForce = next;
          if (closed) for (const { follower } of next.values()) follower.close();
          // What has come in the meantime was nobody's.
          for (const [name, { follower }] of next) {
            if (follower.version !== versions.get(name)) options.onChange(name);
          }
        },
        discard() {
          for (const { follower } of begun) follower.close();
        },
      };
    },
    status(name) {
      const followed = inForce.get(name)?.follower;
      return followed && { foundMs: followed.foundMs, error: followed.error, found: followed.found };
    },
    endpointsOf: (cluster) => currentEndpoints(inForce.get(cluster.name), cluster),
    managed: (name) => inForce.get(name)?.managed?.urls,
    async setManaged(name, urls) {
      const followed = inForce.get(name);
      if (followed?.managed === undefined) return false;
      followed.managed.set(urls);
      await followed.follower.look();
      return true;
    },
    close() {
      closed = true;
      for (const { follower } of inForce.values()) follower.close();
      inForce = new Map();
    },
  };
}
