import type { Health } from './health.ts';

/** When an endpoint that is asked for its health is taken out and back. */
export interface ActiveCheckPolicy {
  /** Failures in a row that take it out. */
  unhealthy: number;
  /** Successes in a row that take it back. */
  healthy: number;
  /** Time after the return during which the weight grows from a tenth to the whole; 0 turns this off. */
  slowStartMs: number;
}

/** Least share of its weight a returned endpoint gets. */
const SLOW_START_FLOOR = 0.1;

/**
 * Health of one endpoint as it answers when asked. In use until it has failed often enough; then nothing but its own
 * answers brings it back. The fault last seen is in `fault`.
 */
export class ActiveCheck implements Health {
  /** What was wrong the last time; undefined after a good answer, and before the first. */
  fault: string | undefined;
  /** Times it was taken out. */
  ejections: number;
  readonly #policy: ActiveCheckPolicy;
  #out: boolean;
  #inRow: number;
  #returnedMs: number;

  constructor(policy: ActiveCheckPolicy) {
    this.fault = undefined;
    this.ejections = 0;
    this.#policy = policy;
    this.#out = false;
    this.#inRow = 0;
    this.#returnedMs = Number.NEGATIVE_INFINITY;
  }

  /** The endpoint answered well, or not: `fault` says what was wrong. Tells what that changed. */
  observed(fault: string | undefined, nowMs: number): 'out' | 'back' | undefined {
    this.fault = fault;
    // What agrees with the present state ends a row of answers that do not.
    if ((fault === undefined) !== this.#out) {
      this.#inRow = 0;
      return undefined;
    }
    this.#inRow++;
    if (this.#inRow < (this.#out ? this.#policy.healthy : this.#policy.unhealthy)) return undefined;
    this.#inRow = 0;
    this.#out = !this.#out;
    if (this.#out) {
      this.ejections++;
      return 'out';
    }
    this.#returnedMs = nowMs;
    return 'back';
  }

  allows(): boolean {
    return !this.#out;
  }

  weightFactor(nowMs: number): number {
    const { slowStartMs } = this.#policy;
    const since = nowMs - this.#returnedMs;
    return since >= slowStartMs ? 1 : Math.max(SLOW_START_FLOOR, since / slowStartMs);
  }

  wantsProbe(): boolean {
    return false;
  }
}
