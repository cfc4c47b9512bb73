import type { PickContext } from '../../routing/balance/balancer.ts';
import type { BoundCluster, Lane } from '../live.ts';

/** What of a way into a cluster was at fault, so that another way must differ in it. */
export type LaneFault = 'endpoint' | 'key' | 'either';

function differs(lane: Lane, last: Lane, fault: LaneFault): boolean {
  if (fault === 'endpoint') return lane.endpoint !== last.endpoint;
  return fault === 'either' || lane.keyIndex !== last.keyIndex;
}

function pick(cluster: BoundCluster, candidates: readonly number[], context: PickContext): number {
  const { balancer } = cluster.lanes;
  const { panic } = context;
  // That the target rests, and is tried all the same, is no reason to take a way that rests.
  context.panic = false;
  let index = balancer.pick(candidates, context);
  if (index < 0) {
    context.panic = true;
    index = balancer.pick(candidates, context);
  }
  context.panic = panic;
  return index < 0 ? (candidates[0] ?? 0) : index;
}

/**
 * The way into a cluster for one attempt: the balancer's choice among those that the request has not tried, then any that
 * it has not tried, then any at all. `fault` says what was wrong with the last one tried. Undefined: the cluster has none now.
 */
export function chooseLane(
  cluster: BoundCluster,
  tried: readonly Lane[],
  { context, fault = 'either' }: { context: PickContext; fault?: LaneFault },
): Lane | undefined {
  const { lanes, all } = cluster.lanes;
  if (lanes.length < 2) return lanes[0];
  if (tried.length === 0) return lanes[pick(cluster, all, context)];
  const last = tried.at(-1) as Lane;
  const fresh = all.filter((index) => !tried.includes(lanes[index] as Lane));
  const better = fresh.filter((index) => differs(lanes[index] as Lane, last, fault));
  return lanes[pick(cluster, better.length > 0 ? better : fresh.length > 0 ? fresh : all, context)];
}

/** Whether a cluster has a way in that is well, that the request has not tried, and that differs from the last in what was at fault. */
export function hasFreshLane(
  cluster: BoundCluster,
  tried: readonly Lane[],
  at: { nowMs: number; fault: LaneFault },
): boolean {
  const { lanes } = cluster.lanes;
  const last = tried.at(-1);
  for (const lane of lanes) {
    if (tried.includes(lane) || !lane.health.allows(at.nowMs)) continue;
    if (last === undefined || differs(lane, last, at.fault)) return true;
  }
  return false;
}
