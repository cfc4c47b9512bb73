import type { GatewayConfig } from '../../config/model.ts';

/** Which of how many workers. */
export interface WorkerPlace {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

type Bounded = Pick<GatewayConfig['static_cluster'][string], 'concurrency' | 'max_connections'>;

/**
 * The configuration of one worker: what bounds a cluster's requests and connections for the whole gateway is divided among the
 * workers. Each gets at least one, so that bounds below the number of workers come to that number.
 */
export function shareOf(config: GatewayConfig, place: WorkerPlace): GatewayConfig {
  return {
    ...config,
    static_cluster: mapValues(config.static_cluster, (cluster) => shareOfCluster(cluster, place)),
    dynamic_cluster: mapValues(config.dynamic_cluster, (cluster) => shareOfCluster(cluster, place)),
  };
}

function shareOfCluster<Cluster extends Bounded>(cluster: Cluster, place: WorkerPlace): Cluster {
  const { concurrency, max_connections } = cluster;
  if (concurrency === undefined && max_connections === undefined) return cluster;
  const share = { ...cluster };
  if (concurrency !== undefined) {
    share.concurrency = {
      ...concurrency,
      requests: Math.max(1, part(concurrency.requests, place)),
      queue: part(concurrency.queue, place),
    };
  }
  if (max_connections !== undefined) share.max_connections = Math.max(1, part(max_connections, place));
  return share;
}

/** The parts of all workers add up to the whole. */
function part(whole: number, { index, count }: WorkerPlace): number {
  return Math.floor(whole / count) + (index <= whole % count ? 1 : 0);
}

function mapValues<Value>(record: Record<string, Value>, map: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
