import type { CompiledLimit } from '../../filters/limits/limit.ts';
import type { ConcurrencyLimit } from '../../routing/health/concurrency-limit.ts';
import { chooseBinding } from '../binding.ts';
import type { BoundCluster, Lane, LiveRoute, LiveTarget } from '../live.ts';
import type { ExchangeState } from '../state.ts';
import { Attempt } from '../state.ts';
import { holdAttemptLimits, settleAttemptLimits } from './attempt-limits.ts';
import type { AttemptOutcome, AttemptSink } from './attempt-outcome.ts';
import type { AttemptPlan } from './attempt-plan.ts';
import { chooseLane, type LaneFault } from './choose-lane.ts';
import { observeAttempt } from './observe-attempt.ts';
import { attemptAbandoned } from './observe-health.ts';
import { takePlace } from './place.ts';
import { sendAttempt } from './send-attempt.ts';

/** The attempts of one request, one after the other or two at a time. */
export interface AttemptRun {
  readonly state: ExchangeState;
  readonly live: LiveRoute;
  readonly plan: AttemptPlan;
  /** Limits that go by the cluster of an attempt. */
  readonly attemptLimits: readonly CompiledLimit[];
  /** The ways into clusters that were tried, in order. */
  triedLanes: readonly Lane[];
}

/**
 * Prepares an attempt at a target; undefined when the target cannot serve the operation or its cluster has no endpoint now.
 * `fault` is what was wrong with the last way in. The time is that of the request's `pickContext`.
 */
export function prepareAttempt(run: AttemptRun, target: LiveTarget, fault?: LaneFault): Attempt | undefined {
  const { state } = run;
  const chosen = chooseBinding(state, target.target);
  if (chosen === undefined) return undefined;
  const cluster = state.bound.clusters[target.target.cluster.index] as BoundCluster;
  const context = state.pick;
  // Each choice draws its own lot.
  context.random = state.runtime.random();
  const lane = chooseLane(cluster, run.triedLanes, fault === undefined ? { context } : { context, fault });
  if (lane === undefined) return undefined;
  run.triedLanes = run.triedLanes.length === 0 ? [lane] : [...run.triedLanes, lane];
  return new Attempt(state, { live: target, cluster, lane, chosen });
}

function send(run: AttemptRun, attempt: Attempt): Promise<AttemptOutcome> {
  return new Promise((resolve, reject) => {
    sendObserved(run, attempt, { ended: resolve, broke: reject });
  });
}

/** Lets health and metrics know how an attempt ended before whoever waits for it does. */
class ObservingSink implements AttemptSink {
  readonly #attempt: Attempt;
  readonly #sink: AttemptSink;
  #over = false;

  constructor(attempt: Attempt, sink: AttemptSink) {
    this.#attempt = attempt;
    this.#sink = sink;
  }

  ended(outcome: AttemptOutcome): void {
    if (this.#over) return;
    try {
      observeAttempt(this.#attempt, outcome);
    } catch (thrown) {
      this.broke(thrown);
      return;
    }
    this.#over = true;
    this.#sink.ended(outcome);
  }

  broke(thrown: unknown): void {
    if (this.#over) return;
    this.#over = true;
    attemptAbandoned(this.#attempt);
    this.#sink.broke(thrown);
  }
}

/** Sends an attempt that waits for nothing; health and metrics hear how it ended, then the sink. May tell it before it returns. */
export function sendObserved(run: AttemptRun, attempt: Attempt, sink: AttemptSink): void {
  const observing = new ObservingSink(attempt, sink);
  try {
    sendAttempt(attempt, { tracksLoad: run.live.tracksLoad, sink: observing });
  } catch (thrown) {
    observing.broke(thrown);
  }
}

/** Whether an attempt is sent at once: it needs no place in its cluster, and no limit goes by its target. */
export function isUnbounded(run: AttemptRun, attempt: Attempt): boolean {
  return attempt.cluster.limit === undefined && run.attemptLimits.length === 0;
}

async function sendWithinLimits(run: AttemptRun, attempt: Attempt): Promise<AttemptOutcome> {
  const denied = await holdAttemptLimits(attempt, run.attemptLimits);
  if (denied !== undefined) return observeAttempt(attempt, denied);
  try {
    return await send(run, attempt);
  } finally {
    settleAttemptLimits(attempt);
  }
}

/** Makes one attempt: waits for a place at its cluster, sends, and lets health and metrics know how it ended. */
export function makeAttempt(run: AttemptRun, attempt: Attempt): Promise<AttemptOutcome> {
  const { limit } = attempt.cluster;
  if (limit !== undefined) return makeInPlace(run, attempt, limit);
  return run.attemptLimits.length === 0 ? send(run, attempt) : sendWithinLimits(run, attempt);
}

async function makeInPlace(run: AttemptRun, attempt: Attempt, limit: ConcurrencyLimit): Promise<AttemptOutcome> {
  const refused = await takePlace(attempt, limit);
  if (refused !== undefined) return observeAttempt(attempt, refused);
  try {
    return await (run.attemptLimits.length === 0 ? send(run, attempt) : sendWithinLimits(run, attempt));
  } finally {
    limit.release();
  }
}
