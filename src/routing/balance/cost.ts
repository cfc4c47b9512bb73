import type { Balancer, Candidate, PickContext } from './balancer.ts';
import { LOAD_SCORER } from './least-requests.ts';
import { lowestScore, type Scorer } from './lowest-score.ts';

/** Output tokens assumed where the request does not bound them. */
const USUAL_OUTPUT_TOKENS = 256;

/** What load adds to a price: enough to tell equal prices apart, too little to outweigh a difference. */
const LOAD_SHARE = 1e-9;

/** Score of a candidate of unknown price: after all that have one. */
const UNKNOWN_PRICE = 1e12;

const COST_SCORER: Scorer = {
  score(candidate, context) {
    const load = LOAD_SCORER.score(candidate, context);
    const cost = candidate.stats.cost(context.promptTokens, context.expectedOutputTokens || USUAL_OUTPUT_TOKENS);
    return Number.isNaN(cost) ? UNKNOWN_PRICE + load : cost + load * LOAD_SHARE;
  },
};

/** Sends to the cheapest candidate that has room, among equally cheap ones to the least loaded. */
export class LowestCost implements Balancer {
  readonly #candidates: readonly Candidate[];

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
  }

  pick(candidates: readonly number[], context: PickContext): number {
    return lowestScore(this.#candidates, candidates, { scorer: COST_SCORER, choices: 'all', context });
  }
}
