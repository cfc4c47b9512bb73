import type { PickContext } from '../../routing/balance/balancer.ts';
import type { BoundCluster, Lane } from '../live.ts';

/**
 * The way into a cluster for one attempt: the balancer's choice among those that the request has not tried, then any that
 * it has not tried, then any at all.
 */
export function chooseLane(cluster: BoundCluster, tried: readonly Lane[], context: PickContext): Lane {
  const { lanes, all, balancer } = cluster.lanes;
  const only = lanes[0] as Lane;
  if (lanes.length === 1) return only;
  const fresh = tried.length === 0 ? all : all.filter((index) => !tried.includes(lanes[index] as Lane));
  const candidates = fresh.length === 0 ? all : fresh;
  let index = balancer.pick(candidates, context);
  if (index < 0) {
    const calm = context.panic;
    context.panic = true;
    index = balancer.pick(candidates, context);
    context.panic = calm;
  }
  return lanes[index < 0 ? (candidates[0] as number) : index] ?? only;
}

/** Whether a cluster has a way in that is well and that the request has not tried. */
export function hasFreshLane(cluster: BoundCluster, tried: readonly Lane[], nowMs: number): boolean {
  const { lanes } = cluster.lanes;
  if (lanes.length === 1) return false;
  return lanes.some((lane) => !tried.includes(lane) && lane.health.allows(nowMs));
}
