import { GatewayError } from '../../errors/gateway-error.ts';
import { canServe } from '../binding.ts';
import { sendRefusal } from '../refusal.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { hasFreshLane } from './choose-lane.ts';
import { type AttemptRun, makeAttempt, prepareAttempt } from './make-attempt.ts';
import { startMirrors } from './mirror.ts';
import { hedgeDelayMs, raceAttempts } from './race.ts';
import { laneFault, mayRetry, waitBefore } from './retry.ts';

/** An attempt that is ready to be made. */
interface NextAttempt {
  attempt: Attempt;
  /** Milliseconds to wait before it. */
  waitMs: number;
}

/** The next attempt: another way into the same cluster where the way was at fault, else the plan's next target. */
function nextAttempt(run: AttemptRun, last?: Attempt, outcome?: AttemptOutcome): NextAttempt | undefined {
  const { state, plan } = run;
  const context = state.pickContext();
  const fault = outcome === undefined ? undefined : laneFault(outcome);
  if (last !== undefined && fault !== undefined) {
    if (hasFreshLane(last.cluster, run.triedLanes, { nowMs: context.nowMs, fault }) && plan.again()) {
      const attempt = prepareAttempt(run, last.live, fault);
      if (attempt !== undefined) return { attempt, waitMs: 0 };
    }
  }
  for (;;) {
    const target = plan.next();
    if (target === undefined) return undefined;
    // Without its credential a cluster's only way in stays closed: trying it again is only waiting.
    const unsigned = outcome?.kind === 'failed' && outcome.failure === 'unsigned';
    if (unsigned && target === last?.live && last.cluster.lanes.lanes.length === 1) continue;
    const attempt = prepareAttempt(run, target);
    if (attempt === undefined) continue;
    const waitMs = waitBefore(attempt);
    if (waitMs !== undefined) return { attempt, waitMs };
  }
}

/** An attempt that may compete with one under way: at another target that is well, else another way into the same cluster. */
function rivalOf(run: AttemptRun, first: Attempt): Attempt | undefined {
  const { state, plan, live } = run;
  const { nowMs } = state.pickContext();
  let rival: Attempt | undefined;
  while (rival === undefined) {
    const target = plan.rival();
    if (target === undefined) break;
    rival = prepareAttempt(run, target);
  }
  if (
    rival === undefined &&
    hasFreshLane(first.cluster, run.triedLanes, { nowMs, fault: 'endpoint' }) &&
    plan.again()
  ) {
    rival = prepareAttempt(run, first.live, 'endpoint');
  }
  return rival === undefined || live.retryBudget?.tryRetry(nowMs) === false ? undefined : rival;
}

/** What a client is told when no target takes the request. */
function noWay({ state, live }: AttemptRun): GatewayError {
  const { clusters } = state.bound;
  const targets = live.route.targets.filter((target) => canServe(state, target));
  if (targets.every(({ cluster }) => clusters[cluster.index]?.lanes.lanes.length === 0)) {
    state.errorDetail = `no endpoint is known of ${targets.map(({ cluster }) => cluster.name).join(', ')}`;
    return new GatewayError('provider_unreachable', 'No endpoint of the provider of this model is known at present.', {
      retryAfterSeconds: 1,
    });
  }
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
  let attempt = nextAttempt(run)?.attempt;
  if (attempt === undefined) throw noWay(run);
  for (;;) {
    const first = attempt;
    const delayMs = live.route.hedge === undefined ? undefined : hedgeDelayMs(run, first);
    let outcome: AttemptOutcome;
    if (delayMs === undefined) outcome = await makeAttempt(run, first);
    else {
      const finish = await raceAttempts(run, first, { delayMs, rival: () => rivalOf(run, first) });
      attempt = finish.attempt;
      outcome = finish.outcome;
      state.attempt = attempt;
    }
    if (outcome.kind === 'done' || state.clientGone) return;
    if (!mayRetry(attempt, outcome)) return giveUp(attempt, outcome);
    const next = nextAttempt(run, attempt, outcome);
    if (next === undefined || live.retryBudget?.tryRetry(state.runtime.monotonic()) === false) {
      return giveUp(attempt, outcome);
    }
    if (next.waitMs > 0) await wait(state, next.waitMs);
    if (state.clientGone) return;
    attempt = next.attempt;
  }
}
