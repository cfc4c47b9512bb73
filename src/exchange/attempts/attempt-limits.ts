import { accountAttempt, amountsOf } from '../account-usage.ts';
import { denialError, isDenial, reserve, settleHeld } from '../reserve.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import type { AttemptRun } from './make-attempt.ts';

/** Reserves limits that go by the cluster, which is known now; resolves to the failure when one refuses. */
export async function holdAttemptLimits(run: AttemptRun, attempt: Attempt): Promise<AttemptOutcome | undefined> {
  const { state } = run;
  const cluster = attempt.target.cluster.name;
  const held = await reserve(state, { limits: run.attemptLimits, targets: [attempt.target], cluster });
  if (held === undefined) return undefined;
  if (isDenial(held)) return { kind: 'failed', error: denialError(state, held), failure: 'busy' };
  attempt.held = held;
  return undefined;
}

/** Turns what an attempt reserved into what it used; an attempt that was not sent gives all back. */
export function settleAttemptLimits(attempt: Attempt): void {
  const { state, held } = attempt;
  if (held === undefined) return;
  attempt.held = undefined;
  const used = accountAttempt(attempt);
  if (attempt.startedMonotonic === 0 && held.reservation !== undefined) {
    state.bound.counters.release(held.reservation, state.runtime.now());
  } else settleHeld(state, held, amountsOf(state, used === undefined ? [] : [used]));
}
