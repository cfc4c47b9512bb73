import type { CircuitBreaker, OpeningGate } from './circuit-breaker.ts';

/** When a lane is ejected for succeeding less often than its neighbours (Envoy's `success_rate_*` settings). */
export interface SuccessRatePolicy {
  /** Lanes with enough requests that a comparison needs. */
  minLanes: number;
  /** Requests within the breaker's window from which a lane takes part. */
  minRequests: number;
  /** A lane is ejected below mean - factor × standard deviation of the success rates. */
  stdevFactor: number;
  /** Least time between two comparisons. */
  intervalMs: number;
}

/** How many lanes of a cluster may be left alone at a time. */
export interface EjectionPolicy {
  /** Most of the lanes that failures may take out, in percent: at least one of several, all of them only at 100. */
  maxEjectionPercent: number;
  successRate: SuccessRatePolicy | undefined;
}

/** Defaults of ejection: half of the lanes; comparison among 5 lanes of 100 requests, every 10 s. */
export const DEFAULT_EJECTION: EjectionPolicy = {
  maxEjectionPercent: 50,
  successRate: { minLanes: 5, minRequests: 100, stdevFactor: 1.9, intervalMs: 10_000 },
};

/** The most of `lanes` that may be out at a time: one always stays unless the percentage is 100. */
export function maxEjected(lanes: number, percent: number): number {
  if (percent >= 100) return lanes;
  if (percent <= 0) return 0;
  return Math.min(lanes - 1, Math.max(1, Math.floor((lanes * percent) / 100)));
}

/**
 * The breakers of one cluster's lanes, which open only while enough other lanes are in use: each is made with the group as
 * its gate, then handed to it. A lane that was told to rest is out too: it counts, but is never called back.
 */
export class EjectionGroup implements OpeningGate {
  /** The breakers of the lanes as they are now. */
  breakers: readonly CircuitBreaker[];
  /** Times a breaker would have opened but had to stay in use. */
  held: number;
  #maxEjected: number;
  #successRate: SuccessRatePolicy | undefined;
  #comparedMs: number;

  constructor() {
    this.breakers = [];
    this.held = 0;
    this.#maxEjected = 0;
    this.#successRate = undefined;
    this.#comparedMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes the lanes that there are from now on, and what holds for them. */
  use(breakers: readonly CircuitBreaker[], policy: EjectionPolicy): void {
    this.breakers = breakers;
    this.#maxEjected = maxEjected(breakers.length, policy.maxEjectionPercent);
    this.#successRate = policy.successRate;
  }

  /** Lanes that are not in full use. */
  ejected(nowMs: number): number {
    let out = 0;
    for (let at = 0; at < this.breakers.length; at++) if (this.breakers[at]?.state(nowMs) !== 'closed') out++;
    return out;
  }

  mayOpen(nowMs: number): boolean {
    if (this.ejected(nowMs) < this.#maxEjected) return true;
    this.held++;
    return false;
  }

  /** Whether no lane takes a request now. */
  allResting(nowMs: number): boolean {
    for (let at = 0; at < this.breakers.length; at++) if (this.breakers[at]?.allows(nowMs)) return false;
    return true;
  }

  /**
   * Ejects lanes that succeed much less often than their neighbours. Call it after a failure; it compares
   * at most once in `intervalMs`, else it returns at once.
   */
  compare(nowMs: number): void {
    const policy = this.#successRate;
    if (policy === undefined || nowMs - this.#comparedMs < policy.intervalMs) return;
    this.#comparedMs = nowMs;
    let lanes = 0;
    let sum = 0;
    let squares = 0;
    for (const breaker of this.breakers) {
      const rate = successRate(breaker, nowMs, policy.minRequests);
      if (rate === undefined) continue;
      lanes++;
      sum += rate;
      squares += rate * rate;
    }
    if (lanes < policy.minLanes) return;
    const mean = sum / lanes;
    const floor = mean - policy.stdevFactor * Math.sqrt(Math.max(0, squares / lanes - mean * mean));
    for (const breaker of this.breakers) {
      const rate = successRate(breaker, nowMs, policy.minRequests);
      if (rate !== undefined && rate < floor && this.mayOpen(nowMs)) breaker.trip(nowMs);
    }
  }
}

/** Success rate of a lane in use; undefined of one that is out or has too few requests. */
function successRate(breaker: CircuitBreaker, nowMs: number, minRequests: number): number | undefined {
  const requests = breaker.requests(nowMs);
  if (requests < minRequests || requests === 0 || breaker.state(nowMs) !== 'closed') return undefined;
  return 1 - breaker.failures(nowMs) / requests;
}
