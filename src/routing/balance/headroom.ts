import type { Balancer, Candidate, PickContext } from './balancer.ts';
import { LOAD_SCORER } from './least-requests.ts';
import { lowestScore, type Scorer } from './lowest-score.ts';

/** Headroom below which a candidate is all but out. */
const LEAST_HEADROOM = 0.01;

const HEADROOM_SCORER: Scorer = {
  score(candidate, context) {
    const headroom = Math.max(LEAST_HEADROOM, candidate.stats.headroom(context.nowMs));
    // The square: what has half as much left gets a quarter, so that limits are used up together.
    return LOAD_SCORER.score(candidate, context) / (headroom * headroom);
  },
};

/** Sends to the candidate whose provider's rate limit has most left for the requests it carries already. */
export class MostHeadroom implements Balancer {
  readonly #candidates: readonly Candidate[];

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
  }

  pick(candidates: readonly number[], context: PickContext): number {
    return lowestScore(this.#candidates, candidates, { scorer: HEADROOM_SCORER, choices: 'all', context });
  }
}
