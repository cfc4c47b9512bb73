import type { ConcurrencyLimit } from '../health/concurrency-limit.ts';
import type { Health } from '../health/health.ts';
import type { LoadStats } from './load-stats.ts';

/** Something a request can be sent to, with its live state: a target of a route, or a lane of a cluster. */
export interface Candidate {
  /** Share of the requests relative to the others; candidates of weight 0 are never chosen. */
  readonly weight: number;
  /** 32-bit hash of its name: keeps its place in the order of affinity when others come and go. */
  readonly hash: number;
  readonly stats: LoadStats;
  readonly health: Health;
  readonly limit: ConcurrencyLimit | undefined;
}

/** What a balancer may know of a request. One object per request, not kept. */
export interface PickContext {
  /** Monotonic milliseconds. */
  nowMs: number;
  /** Uniform in [0, 1), drawn anew for each pick. */
  random: number;
  /** Estimated prompt tokens. */
  promptTokens: number;
  /** Estimated output tokens; 0: not known. */
  expectedOutputTokens: number;
  /** 32-bit hash of a session id or of the prompt's stable prefix; undefined: goes anywhere. */
  affinityHash: number | undefined;
  /** Take resting candidates as well: nothing else is left. */
  panic: boolean;
}

/** Chooses among candidates. */
export interface Balancer {
  /**
   * Index of the candidate to send to; -1: all of `candidates` rest (or have no weight, or a full queue).
   * `candidates` holds indexes into the candidates the balancer was made with: those not tried yet.
   */
  pick(candidates: readonly number[], context: PickContext): number;
}

/** Whether a request may be sent to a candidate. */
export function isEligible(candidate: Candidate | undefined, context: PickContext): candidate is Candidate {
  if (candidate === undefined || candidate.weight <= 0) return false;
  if (candidate.limit !== undefined && !candidate.limit.takes()) return false;
  return context.panic || candidate.health.allows(context.nowMs);
}

/** Weight of a candidate, less while it comes back from a rest. */
export function effectiveWeight(candidate: Candidate, nowMs: number): number {
  return candidate.weight * candidate.health.weightFactor(nowMs);
}
