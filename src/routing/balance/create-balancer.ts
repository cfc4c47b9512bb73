import { type AffinityPolicy, DEFAULT_AFFINITY, PromptAffinity } from './affinity.ts';
import type { Balancer, Candidate } from './balancer.ts';
import { LowestCost } from './cost.ts';
import { MostHeadroom } from './headroom.ts';
import { LowestLatency } from './latency.ts';
import { LeastRequests } from './least-requests.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

/**
 * How requests are shared among candidates. `weighted-round-robin` keeps a promise about shares, the others
 * look at live figures. `auto` is what serves equals best: lowest latency (bench/balancing).
 */
export const BALANCE_STRATEGIES = [
  'weighted-round-robin',
  'least-requests',
  'latency',
  'cost',
  'headroom',
  'affinity',
  'auto',
] as const;

/** Name of a strategy. */
export type BalanceStrategy = (typeof BALANCE_STRATEGIES)[number];

/** Makes the balancer of one group of candidates. Its state belongs to the group: one for each tier or cluster. */
export function createBalancer(
  strategy: BalanceStrategy,
  candidates: readonly Candidate[],
  affinity: AffinityPolicy = DEFAULT_AFFINITY,
): Balancer {
  switch (strategy) {
    case 'weighted-round-robin':
      return new WeightedRoundRobin(candidates);
    case 'least-requests':
      return new LeastRequests(candidates);
    case 'latency':
    case 'auto':
      return new LowestLatency(candidates);
    case 'cost':
      return new LowestCost(candidates);
    case 'headroom':
      return new MostHeadroom(candidates);
    case 'affinity':
      return new PromptAffinity(candidates, affinity);
    default: {
      const never: never = strategy;
      throw new TypeError(`unknown balance strategy ${String(never)}`);
    }
  }
}
