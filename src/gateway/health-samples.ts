import type { BoundSnapshot, LiveTarget } from '../exchange/live.ts';
import type { BreakerState } from '../routing/health/circuit-breaker.ts';
import { endpointName } from '../snapshot/snapshot.ts';
import type { HealthSample } from '../telemetry/metrics.ts';
import { type LaneState, laneEjections, laneState } from './lane-state.ts';

const BREAKER_STATES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };
const LANE_STATES: Readonly<Record<LaneState['state'], number>> = { in_use: 0, on_probation: 1, resting: 2 };

/** The targets of a snapshot that have a state of their own: a cluster's model, whichever routes lead to it. */
export function distinctTargets({ targets }: Pick<BoundSnapshot, 'targets'>): LiveTarget[] {
  const known = new Map(targets.map((live) => [live.breaker, live]));
  return [...known.values()];
}

/** What `/metrics` tells of the health of targets, endpoints and clusters, at a moment of the monotonic clock. */
export function healthSamples(bound: BoundSnapshot, nowMs: number): HealthSample[] {
  const samples: HealthSample[] = [];
  for (const { target, breaker } of distinctTargets(bound)) {
    const labels = { cluster: target.cluster.name, ...(target.model === undefined ? {} : { model: target.model }) };
    samples.push(
      { family: 'aigw_target_state', labels, value: BREAKER_STATES[breaker.state(nowMs)] },
      { family: 'aigw_target_openings_total', labels, value: breaker.openings },
    );
  }
  for (const { cluster, lanes, limit } of bound.clusters) {
    for (const lane of lanes.lanes) {
      const labels = { cluster: cluster.name, endpoint: endpointName(lane.endpoint), key: String(lane.keyIndex) };
      samples.push(
        { family: 'aigw_endpoint_state', labels, value: LANE_STATES[laneState(lane, nowMs).state] },
        { family: 'aigw_endpoint_ejections_total', labels, value: laneEjections(lane) },
      );
    }
    if (limit === undefined) continue;
    const labels = { cluster: cluster.name };
    samples.push(
      { family: 'aigw_cluster_requests_active', labels, value: limit.active },
      { family: 'aigw_cluster_requests_queued', labels, value: limit.queued },
    );
  }
  return samples;
}
