import { chooseBinding } from '../binding.ts';
import type { BoundCluster, Lane, LiveRoute, LiveTarget } from '../live.ts';
import type { ExchangeState } from '../state.ts';
import { Attempt } from './attempt.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import type { AttemptPlan } from './attempt-plan.ts';
import { chooseLane } from './choose-lane.ts';
import { observeAttempt } from './observe-attempt.ts';
import { takePlace } from './place.ts';
import { sendAttempt } from './send-attempt.ts';

/** The attempts of one request, one after the other or two at a time. */
export interface AttemptRun {
  readonly state: ExchangeState;
  readonly live: LiveRoute;
  readonly plan: AttemptPlan;
  /** The ways into clusters that were tried. */
  readonly triedLanes: Lane[];
}

/** Prepares an attempt at a target; undefined when the target cannot serve the operation. */
export function prepareAttempt(run: AttemptRun, target: LiveTarget): Attempt | undefined {
  const { state } = run;
  const chosen = chooseBinding(state, target.target);
  if (chosen === undefined) return undefined;
  const cluster = state.bound.clusters[target.target.cluster.index] as BoundCluster;
  const context = state.pickContext();
  const lane = chooseLane(cluster, run.triedLanes, context);
  run.triedLanes.push(lane);
  return new Attempt(state, { live: target, cluster, lane, chosen });
}

/** Makes one attempt: waits for a place at its cluster, sends, and lets health and metrics know how it ended. */
export async function makeAttempt(run: AttemptRun, attempt: Attempt): Promise<AttemptOutcome> {
  const { limit } = attempt.cluster;
  if (limit === undefined) return observeAttempt(attempt, await sendAttempt(attempt, run.live.tracksLoad));
  const refused = await takePlace(attempt, limit);
  if (refused !== undefined) return refused;
  try {
    return observeAttempt(attempt, await sendAttempt(attempt, run.live.tracksLoad));
  } finally {
    limit.release();
  }
}
