import { type Candidate, isEligible, type PickContext } from './balancer.ts';

/** How good a candidate would be for a request: the lowest score takes it. */
export interface Scorer {
  score(candidate: Candidate, context: PickContext): number;
}

/** How many candidates a strategy looks at: all of them, or two at random. */
export type Choices = 'all' | 'two';

/** Added to the score of a candidate at which the request would have to queue. */
const QUEUE_PENALTY = 1e15;

function scoreOf(scorer: Scorer, candidate: Candidate, context: PickContext): number {
  const score = scorer.score(candidate, context);
  return candidate.limit === undefined || candidate.limit.hasRoom() ? score : score + QUEUE_PENALTY;
}

/**
 * Index of the eligible candidate with the lowest score among all or among two at random; -1: none is eligible.
 * One that waits for a probe comes first: nobody else would show whether it is well. Ties go to a random one.
 */
export function lowestScore(
  all: readonly Candidate[],
  candidates: readonly number[],
  { scorer, choices, context }: { scorer: Scorer; choices: Choices; context: PickContext },
): number {
  const count = candidates.length;
  const start = Math.floor(context.random * count);
  // What is left of the random number after `start` was taken chooses the second of two.
  const skip = choices === 'two' ? Math.floor((context.random * count - start) * (count - 1)) : 0;
  let best = -1;
  let bestScore = Number.POSITIVE_INFINITY;
  let seen = 0;
  for (let step = 0; step < count; step++) {
    const offset = step === 0 || skip === 0 ? step : 1 + ((step - 1 + skip) % (count - 1));
    const index = candidates[(start + offset) % count] ?? -1;
    const candidate = all[index];
    if (!isEligible(candidate, context)) continue;
    if (candidate.health.wantsProbe(context.nowMs)) return index;
    if (choices === 'two' && seen === 2) continue;
    seen++;
    const score = scoreOf(scorer, candidate, context);
    if (best === -1 || score < bestScore) {
      best = index;
      bestScore = score;
    }
  }
  return best;
}
