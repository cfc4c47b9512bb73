import { isEligible, type PickContext } from '../../routing/balance/balancer.ts';
import { rendezvousRank } from '../../routing/balance/hash.ts';
import type { LiveRoute, LiveTarget, LiveTier } from '../live.ts';

/** What a plan is told of the request. */
export interface PlanRequest {
  /** Kept current by the caller: `nowMs` and `random` are set before each `next`. `panic` is the plan's own. */
  readonly context: PickContext;
  /** Hash of what the request is bound to a target by; undefined: it takes its turn. */
  readonly stickyHash: number | undefined;
  /** Whether a target can serve the request's operation at all. */
  canServe(target: LiveTarget): boolean;
}

const NONE: readonly number[] = [];

/** The target that a caller always gets, or the next in its order while that one rests; -1: all rest. */
function pickSticky(tier: LiveTier, candidates: readonly number[], hash: number, context: PickContext): number {
  let best = -1;
  let bestRank = 0;
  for (const index of candidates) {
    const target = tier.targets[index];
    if (!isEligible(target, context)) continue;
    const rank = rendezvousRank(hash, target.hash, target.weight);
    if (best !== -1 && rank <= bestRank) continue;
    best = index;
    bestRank = rank;
  }
  return best;
}

/**
 * The order in which a request tries the targets of its route, decided step by step: at each priority the target that the
 * split or the balancer chooses, then those beside it, then the next priority. What rests is left out at first; when
 * nothing else is left it is tried all the same, in the same order. Then from the start while attempts are left.
 */
export class AttemptPlan {
  readonly #live: LiveRoute;
  readonly #request: PlanRequest;
  /** By tier: what may still be tried in this round, and how often any of it was tried; absent while nothing was. */
  #left: (readonly number[] | undefined)[] | undefined = undefined;
  #triedInTier: number[] | undefined = undefined;
  #tier = 0;
  #made = 0;
  #madeInRound = 0;

  constructor(live: LiveRoute, request: PlanRequest) {
    this.#live = live;
    this.#request = request;
  }

  /** Whether any target of the route can serve the request. */
  servable(): boolean {
    for (const tier of this.#live.tiers) {
      for (const target of tier.targets) if (this.#request.canServe(target)) return true;
    }
    return false;
  }

  /** The target to try now; undefined: the route has no more. */
  next(): LiveTarget | undefined {
    if (this.#isSpent()) return undefined;
    const { retry } = this.#live.route;
    const { context } = this.#request;
    for (;;) {
      const found = this.#search();
      if (found !== undefined) return found;
      this.#tier = 0;
      if (!context.panic) {
        context.panic = true;
        continue;
      }
      context.panic = false;
      if (retry.attempts === undefined || this.#madeInRound === 0) return undefined;
      this.#madeInRound = 0;
      this.#left = undefined;
      this.#triedInTier = undefined;
    }
  }

  /** A target that is well and was not tried in this round, for an attempt that competes with one under way; undefined: there is none. */
  rival(): LiveTarget | undefined {
    if (this.#isSpent() || this.#request.context.panic) return undefined;
    return this.#search();
  }

  /** Counts one more attempt at the last target; false: the attempts of the route or of this priority are used up. */
  again(): boolean {
    const { attemptsPerPriority } = this.#live.route.retry;
    const tried = this.#triedInTier?.[this.#tier] ?? 0;
    if (this.#isSpent() || (attemptsPerPriority !== undefined && tried >= attemptsPerPriority)) return false;
    this.#made++;
    this.#noteTried(tried + 1);
    return true;
  }

  #noteTried(times: number): void {
    this.#triedInTier ??= [];
    this.#triedInTier[this.#tier] = times;
  }

  #isSpent(): boolean {
    const { attempts } = this.#live.route.retry;
    return attempts !== undefined && this.#made >= attempts;
  }

  #search(): LiveTarget | undefined {
    const { tiers, route } = this.#live;
    const { attemptsPerPriority } = route.retry;
    for (; this.#tier < tiers.length; this.#tier++) {
      const tier = tiers[this.#tier] as LiveTier;
      const tried = this.#triedInTier?.[this.#tier] ?? 0;
      if (attemptsPerPriority !== undefined && tried >= attemptsPerPriority) continue;
      let left = this.#left?.[this.#tier] ?? this.#servable(tier);
      // A priority that is to be tried more often than it has targets begins with them anew.
      if (left.length === 0 && attemptsPerPriority !== undefined && tried > 0) left = this.#servable(tier);
      if (left.length === 0) continue;
      const index = this.#choose(tier, left);
      if (index < 0) continue;
      this.#noteTried(tried + 1);
      this.#left ??= [];
      this.#left[this.#tier] = left.length === 1 ? NONE : left.filter((other) => other !== index);
      this.#made++;
      this.#madeInRound++;
      return tier.targets[index];
    }
    return undefined;
  }

  #servable(tier: LiveTier): readonly number[] {
    for (const target of tier.targets) {
      if (!this.#request.canServe(target)) {
        return tier.all.filter((index) => this.#request.canServe(tier.targets[index] as LiveTarget));
      }
    }
    return tier.all;
  }

  #choose(tier: LiveTier, candidates: readonly number[]): number {
    const { context, stickyHash } = this.#request;
    if (tier.targets.length === 1) {
      const target = tier.targets[0];
      return isEligible(target, context) || (context.panic && target !== undefined) ? 0 : -1;
    }
    if (stickyHash !== undefined) return pickSticky(tier, candidates, stickyHash, context);
    return tier.balancer.pick(candidates, context);
  }
}
