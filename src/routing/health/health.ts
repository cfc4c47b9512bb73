/** What a balancer asks about the health of a candidate. Asking changes nothing. */
export interface Health {
  /** Whether a request may be sent now. */
  allows(nowMs: number): boolean;
  /** Share of its weight the candidate should get, above 0 up to 1: below 1 for a while after it returned. */
  weightFactor(nowMs: number): number;
  /** Whether the candidate waits for a request that shows whether it is well again. */
  wantsProbe(nowMs: number): boolean;
}

/** Health of what never rests. */
export const ALWAYS_WELL: Health = {
  allows: () => true,
  weightFactor: () => 1,
  wantsProbe: () => false,
};

/** Health of something that needs all its parts, such as a lane that needs its endpoint and its API key. */
export class JointHealth implements Health {
  readonly #parts: readonly Health[];

  constructor(parts: readonly Health[]) {
    this.#parts = parts;
  }

  allows(nowMs: number): boolean {
    for (let at = 0; at < this.#parts.length; at++) if (!this.#parts[at]?.allows(nowMs)) return false;
    return true;
  }

  weightFactor(nowMs: number): number {
    let factor = 1;
    for (let at = 0; at < this.#parts.length; at++) factor *= this.#parts[at]?.weightFactor(nowMs) ?? 1;
    return factor;
  }

  /** Whether a part waits for a probe and no other part stands in its way. */
  wantsProbe(nowMs: number): boolean {
    for (let at = 0; at < this.#parts.length; at++) if (this.#parts[at]?.wantsProbe(nowMs)) return this.allows(nowMs);
    return false;
  }
}

/** Whether none of the candidates takes a request now: try the next tier, or at the last one try all the same. */
export function allResting(healths: readonly Health[], candidates: readonly number[], nowMs: number): boolean {
  for (let at = 0; at < candidates.length; at++) if (healths[candidates[at] ?? -1]?.allows(nowMs)) return false;
  return true;
}
