/**
 * Mean of irregular samples in which a sample counts half after `halfLifeMs`: much traffic is averaged over
 * that time, little traffic still follows the last sample. NaN before the first.
 */
export class DecayedAverage {
  value: number;
  /** When the last sample came. */
  lastMs: number;
  readonly #decay: number;
  #weight: number;

  constructor(halfLifeMs: number) {
    this.value = Number.NaN;
    this.lastMs = Number.NEGATIVE_INFINITY;
    this.#decay = Math.LN2 / halfLifeMs;
    this.#weight = 0;
  }

  /** Adds a sample that counts as `weight` samples. */
  add(nowMs: number, sample: number, weight = 1): void {
    if (this.#weight === 0) this.value = sample;
    this.#weight = this.#weight * Math.exp((this.lastMs - nowMs) * this.#decay) + weight;
    this.value += ((sample - this.value) * weight) / this.#weight;
    this.lastMs = nowMs;
  }
}
