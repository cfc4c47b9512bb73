import type { CompiledLimit } from '../../filters/limits/limit.ts';
import { accountAttempt, amountsOf } from '../account-usage.ts';
import { denialError, isDenial, reserve, settleHeld } from '../reserve.ts';
import type { Attempt } from '../state.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';

/** Reserves limits that go by the cluster, which is known now; resolves to the failure when one refuses. */
export async function holdAttemptLimits(
  attempt: Attempt,
  limits: readonly CompiledLimit[],
): Promise<AttemptOutcome | undefined> {
  const { state } = attempt;
  const held = await reserve(state, { limits, targets: [attempt.target], target: attempt.target });
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
