import { GatewayError } from '../../errors/gateway-error.ts';
import { sendRefusal } from '../refusal.ts';
import type { ExchangeState } from '../state.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { hasFreshLane } from './choose-lane.ts';
import { type AttemptRun, makeAttempt, prepareAttempt } from './make-attempt.ts';
import { startMirrors } from './mirror.ts';
import { hedgeDelayMs, raceAttempts } from './race.ts';
import { backoffMs, isLaneFault, mayRetry, retryAfterMs } from './retry.ts';

/** The next attempt: another way into the same cluster where the way was at fault, else the plan's next target. */
function nextAttempt(run: AttemptRun, last: Attempt | undefined, outcome: AttemptOutcome | undefined) {
  const { state, plan } = run;
  const context = state.pickContext();
  if (last !== undefined && outcome !== undefined && isLaneFault(outcome)) {
    if (hasFreshLane(last.cluster, run.triedLanes, context.nowMs) && plan.again())
      return prepareAttempt(run, last.live);
  }
  for (;;) {
    const target = plan.next();
    if (target === undefined) return undefined;
    // Without its credential a cluster's only way in stays closed: trying it again is only waiting.
    const unsigned = outcome?.kind === 'failed' && outcome.failure === 'unsigned';
    if (unsigned && target === last?.live && last.cluster.lanes.lanes.length === 1) continue;
    const attempt = prepareAttempt(run, target);
    if (attempt !== undefined) return attempt;
  }
}

/** What a client is told when no target takes the request. */
function overloaded(): GatewayError {
  return new GatewayError('overloaded', 'Every provider of this model is busy; try again in a moment.', {
    retryAfterSeconds: 1,
  });
}

function giveUp(attempt: Attempt, outcome: AttemptOutcome): void {
  if (outcome.kind === 'failed') throw outcome.error;
  if (outcome.kind === 'refused') sendRefusal(attempt, outcome.refusal);
}

function wait(state: ExchangeState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    state.cancelWait = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Tries the targets in the plan's order until one answers, then gives the client the last failure. */
export async function runAttempts(run: AttemptRun): Promise<void> {
  const { state, live } = run;
  live.retryBudget?.request(state.runtime.monotonic());
  if (live.route.mirrors.length > 0) startMirrors(state);
  let attempt = nextAttempt(run, undefined, undefined);
  if (attempt === undefined) throw overloaded();
  for (;;) {
    const delay = live.route.hedge === undefined ? undefined : hedgeDelayMs(run, attempt);
    let outcome: AttemptOutcome;
    if (delay === undefined) outcome = await makeAttempt(run, attempt);
    else {
      const raced = await raceAttempts(run, attempt, {
        delayMs: delay,
        rival: () => nextAttempt(run, attempt, undefined),
      });
      attempt = raced.attempt;
      outcome = raced.outcome;
    }
    if (outcome.kind === 'done' || state.clientGone) return;
    if (!mayRetry(attempt, outcome)) return giveUp(attempt, outcome);
    const next = nextAttempt(run, attempt, outcome);
    if (next === undefined || live.retryBudget?.tryRetry(state.runtime.monotonic()) === false) {
      return giveUp(attempt, outcome);
    }
    const same = next.live === attempt.live && next.lane === attempt.lane;
    const ms = same ? Math.max(backoffMs(state), retryAfterMs(attempt, outcome)) : 0;
    if (ms > 0) {
      if (!state.hasTime(ms)) return giveUp(attempt, outcome);
      await wait(state, ms);
    }
    if (state.clientGone) return;
    attempt = next;
  }
}
