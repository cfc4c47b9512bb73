import { type Balancer, type Candidate, isEligible, type PickContext } from './balancer.ts';
import { turnOrder } from './turn-order.ts';

/** One walk through the turns. */
interface Walk {
  at: number;
}

/**
 * Smooth weighted round robin, exact over any window as long as the sum of the weights (see `turnOrder`). Turns of
 * candidates that rest are skipped, so that the others keep their turns and stay exact among themselves; while
 * one comes back it takes only a part of its turns. Picks among fewer than all candidates (a second attempt) take
 * turns of their own, lest failures shift the split.
 */
export class WeightedRoundRobin implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #turns: readonly number[];
  readonly #first: Walk;
  readonly #again: Walk;
  readonly #credit: Float64Array;
  readonly #usable: Uint8Array;

  constructor(candidates: readonly Candidate[]) {
    this.#candidates = candidates;
    this.#turns = turnOrder(candidates.map((candidate) => candidate.weight));
    this.#first = { at: 0 };
    this.#again = { at: 0 };
    this.#credit = new Float64Array(candidates.length);
    this.#usable = new Uint8Array(candidates.length);
  }

  pick(candidates: readonly number[], context: PickContext): number {
    const all = candidates.length >= this.#candidates.length;
    const walk = all ? this.#first : this.#again;
    if (all && this.#turns.length > 0) {
      const index = this.#turns[walk.at] ?? 0;
      const candidate = this.#candidates[index];
      if (isEligible(candidate, context) && candidate.health.weightFactor(context.nowMs) >= 1) {
        this.#step(walk);
        return index;
      }
    }
    return this.#search(candidates, context, walk);
  }

  /** The next turn of a candidate that can take it. Its state is asked once, not at each of its turns. */
  #search(candidates: readonly number[], context: PickContext, walk: Walk): number {
    this.#usable.fill(0);
    let last = -1;
    for (let at = 0; at < candidates.length; at++) {
      const index = candidates[at] ?? -1;
      if (!isEligible(this.#candidates[index], context)) continue;
      this.#usable[index] = 1;
      last = index;
    }
    if (last === -1) return -1;
    for (let step = 0; step < this.#turns.length; step++) {
      const index = this.#turns[walk.at] ?? 0;
      this.#step(walk);
      if (this.#usable[index] === 1 && this.#takesTurn(index, context)) return index;
    }
    // Only candidates that are coming back are left, and all of them have let their turns pass.
    return last;
  }

  /** A candidate at 30 % of its weight takes three turns of ten. */
  #takesTurn(index: number, context: PickContext): boolean {
    const factor = context.panic ? 1 : (this.#candidates[index]?.health.weightFactor(context.nowMs) ?? 1);
    if (factor >= 1) return true;
    const credit = (this.#credit[index] ?? 0) + factor;
    this.#credit[index] = credit >= 1 ? credit - 1 : credit;
    return credit >= 1;
  }

  #step(walk: Walk): void {
    walk.at = walk.at + 1 === this.#turns.length ? 0 : walk.at + 1;
  }
}
