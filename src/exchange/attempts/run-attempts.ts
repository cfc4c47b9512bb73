import { GatewayError } from '../../errors/gateway-error.ts';
import { canServe } from '../binding.ts';
import { sendRefusal } from '../refusal.ts';
import type { Attempt, ExchangeState } from '../state.ts';
import type { AttemptOutcome, AttemptSink } from './attempt-outcome.ts';
import { hasFreshLane } from './choose-lane.ts';
import { type AttemptRun, isUnbounded, makeAttempt, prepareAttempt, sendObserved } from './make-attempt.ts';
import { startMirrors } from './mirror.ts';
import { type Finish, hedgeDelayMs, raceAttempts } from './race.ts';
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

/** Makes an attempt, and where the route asks for it a second one that competes with it. */
async function make(run: AttemptRun, attempt: Attempt): Promise<Finish> {
  const delayMs = run.live.route.hedge === undefined ? undefined : hedgeDelayMs(run, attempt);
  if (delayMs === undefined) return { attempt, outcome: await makeAttempt(run, attempt) };
  const finish = await raceAttempts(run, attempt, { delayMs, rival: () => rivalOf(run, attempt) });
  run.state.attempt = finish.attempt;
  return finish;
}

/** Goes on from an attempt that has ended until one answers, then gives the client the last failure. */
async function goOn(run: AttemptRun, ended: Finish): Promise<void> {
  const { state, live } = run;
  let { attempt, outcome } = ended;
  for (;;) {
    if (outcome.kind === 'done' || state.clientGone) return;
    if (!mayRetry(attempt, outcome)) return giveUp(attempt, outcome);
    const next = nextAttempt(run, attempt, outcome);
    if (next === undefined || live.retryBudget?.tryRetry(state.runtime.monotonic()) === false) {
      return giveUp(attempt, outcome);
    }
    if (next.waitMs > 0) await wait(state, next.waitMs);
    if (state.clientGone) return;
    ({ attempt, outcome } = await make(run, next.attempt));
  }
}

/** Hears once how the attempts of a request ended; `thrown` is what the client has still to be told. Must not throw. */
export type AttemptsEnd = (thrown?: unknown) => void;

/** A first attempt that waits for nothing: where it is answered, as most are, the whole request makes no promise. */
class FirstAttempt implements AttemptSink {
  readonly #run: AttemptRun;
  readonly #attempt: Attempt;
  readonly #end: AttemptsEnd;

  constructor(run: AttemptRun, attempt: Attempt, end: AttemptsEnd) {
    this.#run = run;
    this.#attempt = attempt;
    this.#end = end;
  }

  ended(outcome: AttemptOutcome): void {
    if (outcome.kind === 'done' || this.#run.state.clientGone) {
      this.#end();
      return;
    }
    // In a turn of its own: whoever tells of the failure has still to let go of the attempt.
    Promise.resolve({ attempt: this.#attempt, outcome })
      .then((finish) => goOn(this.#run, finish))
      .then(() => this.#end(), this.#end);
  }

  broke(thrown: unknown): void {
    this.#end(thrown);
  }
}

/**
 * Tries the targets in the plan's order until one answers, then gives the client the last failure. Throws, or ends with,
 * GatewayError when no target takes the request; `end` may be called before it returns.
 */
export function runAttempts(run: AttemptRun, end: AttemptsEnd): void {
  const { state, live } = run;
  live.retryBudget?.request(state.runtime.monotonic());
  if (live.route.mirrors.length > 0) startMirrors(state);
  const attempt = nextAttempt(run)?.attempt;
  if (attempt === undefined) throw noWay(run);
  if (live.route.hedge === undefined && isUnbounded(run, attempt)) {
    sendObserved(run, attempt, new FirstAttempt(run, attempt, end));
    return;
  }
  make(run, attempt)
    .then((finish) => goOn(run, finish))
    .then(() => end(), end);
}
