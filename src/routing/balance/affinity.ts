import { type Balancer, type Candidate, effectiveWeight, isEligible, type PickContext } from './balancer.ts';
import { BindingTable } from './binding-table.ts';
import { rendezvousRank } from './hash.ts';
import { LeastRequests } from './least-requests.ts';

/** How strictly keys stay where they are. */
export interface AffinityPolicy {
  /** Most load of a candidate, relative to its even share. */
  loadFactor: number;
  /** Load counts half after this long. */
  loadHalfLifeMs: number;
  /** How long a key stays with a candidate it was moved to before it may go home. */
  bindingLifetimeMs: number;
}

/** Defaults: at most 1.25 times the even share, over half a minute; moved keys stay for 10 min. */
export const DEFAULT_AFFINITY: AffinityPolicy = {
  loadFactor: 1.25,
  loadHalfLifeMs: 30_000,
  bindingLifetimeMs: 600_000,
};

/** Weight of a new request at which the counts are scaled down. */
const RESCALE_AT = 1e12;

/**
 * Least even share that is worth keeping to, in requests of late: a few of them are no load, and a lone session would have to
 * go from one candidate to the next to be even.
 */
const LEAST_SHARE = 16;

/** A candidate takes no more keys for now when it has this many times the even share of requests under way, ... */
const BUSY_FACTOR = 2;
/** ... and this many more: few requests are never even. */
const BUSY_SLACK = 4;

/**
 * Sends requests of one key (a session, a prompt prefix) to one candidate, whose prompt cache knows it: the
 * first in the key's own order (weighted rendezvous hashing), or the next that is well and has room. A candidate
 * that gets too much of the traffic gives keys away, each to the next candidate in the key's order, where it
 * stays: a key moves once instead of each of its requests going another way.
 */
export class PromptAffinity implements Balancer {
  readonly #candidates: readonly Candidate[];
  readonly #policy: AffinityPolicy;
  readonly #bindings: BindingTable;
  readonly #keyless: LeastRequests;
  /** Decayed requests of each candidate: new ones grow instead of old ones shrinking. */
  readonly #loads: Float64Array;
  #originMs: number;

  constructor(candidates: readonly Candidate[], policy: AffinityPolicy = DEFAULT_AFFINITY) {
    this.#candidates = candidates;
    this.#policy = policy;
    this.#bindings = new BindingTable(policy.bindingLifetimeMs);
    this.#keyless = new LeastRequests(candidates);
    this.#loads = new Float64Array(candidates.length);
    this.#originMs = Number.NaN;
  }

  pick(candidates: readonly number[], context: PickContext): number {
    const unit = this.#unit(context.nowMs);
    const hash = context.affinityHash;
    const chosen =
      hash === undefined
        ? this.#keyless.pick(candidates, context)
        : this.#pickKey(candidates, context, { hash: hash >>> 0, unit });
    if (chosen !== -1) this.#loads[chosen] = (this.#loads[chosen] ?? 0) + unit;
    return chosen;
  }

  #pickKey(candidates: readonly number[], context: PickContext, key: { hash: number; unit: number }): number {
    const { nowMs } = context;
    let weights = 0;
    let load = 0;
    let inFlight = 0;
    for (let at = 0; at < candidates.length; at++) {
      const index = candidates[at] ?? -1;
      const candidate = this.#candidates[index];
      if (!isEligible(candidate, context)) continue;
      weights += effectiveWeight(candidate, nowMs);
      load += this.#loads[index] ?? 0;
      inFlight += candidate.stats.inFlight;
    }
    if (weights === 0) return -1;

    const bound = this.#bindings.get(key.hash, nowMs);
    const soft = 1 + (this.#policy.loadFactor - 1) / 2;
    let home = -1;
    let homeRank = 0;
    let homeExcess = 0;
    let homeBusy = false;
    let next = -1;
    let nextRank = 0;
    let free = -1;
    let freeRank = 0;
    for (let at = 0; at < candidates.length; at++) {
      const index = candidates[at] ?? -1;
      const candidate = this.#candidates[index];
      if (!isEligible(candidate, context)) continue;
      const weight = effectiveWeight(candidate, nowMs);
      const share = weight / weights;
      const excess = ((this.#loads[index] ?? 0) - key.unit) / Math.max(load * share, LEAST_SHARE * key.unit);
      const busy =
        candidate.stats.inFlight >= BUSY_FACTOR * inFlight * share + BUSY_SLACK || candidate.limit?.hasRoom() === false;
      const rank = index === bound ? Number.POSITIVE_INFINITY : rendezvousRank(key.hash, candidate.hash, weight);
      if (home === -1 || rank > homeRank) {
        home = index;
        homeRank = rank;
        homeExcess = excess;
        homeBusy = busy;
      }
      if (busy) continue;
      if (free === -1 || rank > freeRank) {
        free = index;
        freeRank = rank;
      }
      if (excess < soft && (next === -1 || rank > nextRank)) {
        next = index;
        nextRank = rank;
      }
    }
    // A burst or a full queue passes: the key itself stays. Too large a share of the traffic does not pass.
    if (homeBusy) return next !== -1 ? next : free !== -1 ? free : home;
    if (next === -1 || next === home) return home;
    const give = (homeExcess - soft) / (this.#policy.loadFactor - soft);
    if (context.random >= give) return home;
    this.#bindings.set(key.hash, next, nowMs);
    return next;
  }

  #unit(nowMs: number): number {
    if (Number.isNaN(this.#originMs)) this.#originMs = nowMs;
    const unit = 2 ** ((nowMs - this.#originMs) / this.#policy.loadHalfLifeMs);
    if (unit < RESCALE_AT) return unit;
    for (let at = 0; at < this.#loads.length; at++) this.#loads[at] = (this.#loads[at] ?? 0) / unit;
    this.#originMs = nowMs;
    return 1;
  }
}
