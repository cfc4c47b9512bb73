import { type Balancer, type Candidate, effectiveWeight, type PickContext } from './balancer.ts';
import { type Choices, lowestScore, type Scorer } from './lowest-score.ts';

/** Requests under way, with this one, per weight. */
export const LOAD_SCORER: Scorer = {
  score: (candidate, context) => (candidate.stats.inFlight + 1) / effectiveWeight(candidate, context.nowMs),
};

/** Sends to the candidate with the fewest requests under way for its weight. */
export class LeastRequests implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #choices: Choices;

  constructor(candidates: readonly Candidate[], choices: Choices = 'all') {
    this.#candidates = candidates;
    this.#choices = choices;
  }

  pick(candidates: readonly number[], context: PickContext): number {
    return lowestScore(this.#candidates, candidates, { scorer: LOAD_SCORER, choices: this.#choices, context });
  }
}
