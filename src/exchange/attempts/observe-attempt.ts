import type { Attempt } from '../state.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { attemptEnded } from './observe-health.ts';
import { attemptResult, noteRetryAfter } from './retry.ts';

/** Lets health, figures and metrics know how an attempt ended; gives the outcome back. */
export function observeAttempt(attempt: Attempt, outcome: AttemptOutcome): AttemptOutcome {
  const { state } = attempt;
  attemptEnded(attempt, outcome);
  noteRetryAfter(attempt, outcome);
  const unexpressible = outcome.kind === 'failed' && outcome.failure === 'unexpressible';
  const result = attemptResult(attempt, outcome);
  attempt.result = result;
  if (!unexpressible) state.runtime.countAttempt(attempt.target.cluster.name, result);
  if (outcome.kind !== 'done') state.failedAttempts = [...(state.failedAttempts ?? []), attempt];
  return outcome;
}
