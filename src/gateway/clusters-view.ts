import type { ClusterView, EndpointView, FiguresView, TargetView } from '../admin/cluster-port.ts';
import type { BoundCluster, BoundSnapshot, Lane, LiveTarget } from '../exchange/live.ts';
import type { LoadStats } from '../routing/balance/load-stats.ts';
import { type Cluster, endpointName } from '../snapshot/snapshot.ts';
import type { DiscoveryStatus } from './endpoint-discovery.ts';
import { distinctTargets } from './health-samples.ts';
import { laneEjections, laneState } from './lane-state.ts';

/** Both clocks at one moment, in milliseconds: what rests goes by the monotonic one, people by the other. */
export interface Moment {
  monotonic: number;
  /** Since the epoch. */
  wall: number;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A moment of the monotonic clock as people read it; `null` when it has passed. */
function untilTime(untilMs: number | undefined, moment: Moment): string | null {
  if (untilMs === undefined || untilMs <= moment.monotonic) return null;
  return isoTime(moment.wall + untilMs - moment.monotonic);
}

function rounded(value: number, step: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value / step) * step;
}

function share(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function figures(stats: LoadStats, moment: Moment): FiguresView {
  return {
    time_to_first_token_ms: rounded(stats.ttftMs(0), 1),
    tokens_per_second: rounded(stats.tokensPerSecond.value, 1),
    failure_share: share(stats.failureShare()),
    headroom: share(stats.headroom(moment.monotonic)),
  };
}

function endpointView(lane: Lane, tracksLoad: boolean, moment: Moment): EndpointView {
  const { state, reason, untilMs } = laneState(lane, moment.monotonic);
  return {
    endpoint: endpointName(lane.endpoint),
    key: lane.keyIndex,
    state,
    reason: reason ?? null,
    until: untilTime(untilMs, moment),
    ...(lane.check === undefined ? {} : { health_check: lane.check.fault ?? null }),
    active: lane.use.active,
    ejections: laneEjections(lane),
    ...(tracksLoad ? { figures: figures(lane.stats, moment) } : {}),
  };
}

function targetView({ target, breaker, stats }: LiveTarget, moment: Moment): TargetView {
  const state = breaker.state(moment.monotonic);
  const isTracked = stats.inFlight > 0 || !stats.isUntried(moment.monotonic);
  return {
    model: target.model ?? null,
    state,
    until: untilTime(breaker.retryAtMs(), moment),
    openings: breaker.openings,
    ...(isTracked ? { figures: figures(stats, moment) } : {}),
  };
}

function sourceOf({ discovery }: Cluster): string | null {
  if (discovery?.kind === 'dns') return discovery.url;
  return discovery?.kind === 'file' ? discovery.path : null;
}

function clusterView(
  { cluster, lanes, limit }: BoundCluster,
  found: { targets: readonly LiveTarget[]; status: DiscoveryStatus | undefined },
  moment: Moment,
): ClusterView {
  const bounds = cluster.config.concurrency;
  const { status } = found;
  return {
    name: cluster.name,
    provider: cluster.provider.name,
    kind: cluster.discovery?.kind ?? 'static',
    ...(cluster.discovery === undefined
      ? {}
      : {
          discovery: {
            source: sourceOf(cluster),
            found: status?.foundMs === undefined ? null : isoTime(status.foundMs),
            error: status?.error ?? null,
          },
        }),
    endpoints: lanes.lanes.map((lane) => endpointView(lane, lanes.tracksLoad, moment)),
    concurrency:
      limit === undefined || bounds === undefined
        ? null
        : {
            active: limit.active,
            queued: limit.queued,
            limit: bounds.requests,
            queue: bounds.queue,
            refused: limit.refused,
          },
    targets: found.targets
      .filter(({ target }) => target.cluster === cluster)
      .map((target) => targetView(target, moment)),
  };
}

/** What the admin API shows of clusters: of all, or of the one that is named. */
export function viewClusters(
  bound: BoundSnapshot,
  { name, statusOf, moment }: { name?: string; statusOf(cluster: string): DiscoveryStatus | undefined; moment: Moment },
): ClusterView[] {
  const targets = distinctTargets(bound);
  return bound.clusters
    .filter(({ cluster }) => name === undefined || cluster.name === name)
    .map((cluster) => clusterView(cluster, { targets, status: statusOf(cluster.cluster.name) }, moment));
}
