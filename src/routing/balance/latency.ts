import type { Balancer, Candidate, PickContext } from './balancer.ts';
import { LOAD_SCORER } from './least-requests.ts';
import { type Choices, lowestScore, type Scorer } from './lowest-score.ts';

/** Score of a candidate without figures that is being tried already: after all that have figures. */
const NOT_YET_KNOWN = 1e12;

/** Output tokens assumed where nothing is known. */
const USUAL_OUTPUT_TOKENS = 256;

/**
 * Share of the time for the output that counts. People wait for the first token and read while the rest comes; a
 * twentieth keeps targets whose outputs crawl from filling up, at hardly any cost to the first token (bench/balancing).
 */
const OUTPUT_SHARE = 0.05;

/**
 * Expected milliseconds until the first token, and a little of the output's at the candidate's speed. One that
 * was never tried comes first, but with one request at a time until it has answered.
 */
export const TIME_SCORER: Scorer = {
  score(candidate, context) {
    const { stats } = candidate;
    const ttftMs = stats.predictTtftMs(context.promptTokens, context.nowMs);
    if (Number.isNaN(ttftMs))
      return stats.isUntried(context.nowMs) ? 0 : NOT_YET_KNOWN + LOAD_SCORER.score(candidate, context);
    const speed = stats.tokensPerSecond.value;
    const outputMs = speed > 0 ? ((context.expectedOutputTokens || USUAL_OUTPUT_TOKENS) * 1000) / speed : 0;
    return (ttftMs + OUTPUT_SHARE * outputMs) / candidate.health.weightFactor(context.nowMs);
  },
};

/** Sends to the candidate that is expected to answer first. Weights do not count, save that 0 means never. */
export class LowestLatency implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #choices: Choices;

  constructor(candidates: readonly Candidate[], choices: Choices = 'all') {
    this.#candidates = candidates;
    this.#choices = choices;
  }

  pick(candidates: readonly number[], context: PickContext): number {
    return lowestScore(this.#candidates, candidates, { scorer: TIME_SCORER, choices: this.#choices, context });
  }
}
