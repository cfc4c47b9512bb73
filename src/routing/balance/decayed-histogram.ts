/** Buckets, each 2^(1/4) as wide as the one before: from 4 ms to 262 s. */
const BUCKETS = 64;
const PER_DOUBLING = 4;
const FIRST_MS = 4;

/** Weight of a new sample at which the counts are scaled down, well within the range of a float. */
const RESCALE_AT = 1e12;

/**
 * Distribution of durations in which a sample counts half after `halfLifeMs`. Adding is O(1): instead of old
 * counts shrinking, new ones grow. A quantile is right to within a tenth of itself.
 */
export class DecayedHistogram {
  readonly #counts: Float32Array;
  readonly #halfLifeMs: number;
  #total: number;
  #originMs: number;

  constructor(halfLifeMs: number) {
    this.#counts = new Float32Array(BUCKETS);
    this.#halfLifeMs = halfLifeMs;
    this.#total = 0;
    this.#originMs = Number.NaN;
  }

  add(nowMs: number, durationMs: number): void {
    if (Number.isNaN(this.#originMs)) this.#originMs = nowMs;
    let weight = 2 ** ((nowMs - this.#originMs) / this.#halfLifeMs);
    if (weight > RESCALE_AT) {
      for (let at = 0; at < BUCKETS; at++) this.#counts[at] = (this.#counts[at] ?? 0) / weight;
      this.#total /= weight;
      this.#originMs = nowMs;
      weight = 1;
    }
    const bucket = Math.floor(Math.log2(Math.max(durationMs, FIRST_MS) / FIRST_MS) * PER_DOUBLING);
    const at = Math.min(BUCKETS - 1, bucket);
    this.#counts[at] = (this.#counts[at] ?? 0) + weight;
    this.#total += weight;
  }

  /** Samples that the last one still outweighs by less than half, roughly: how far a quantile can be trusted. */
  samples(nowMs: number): number {
    return this.#total === 0 ? 0 : this.#total / 2 ** ((nowMs - this.#originMs) / this.#halfLifeMs);
  }

  /** Duration in milliseconds below which the share `q` of the samples lies; NaN of none. */
  quantile(q: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = q * this.#total;
    for (let at = 0; at < BUCKETS; at++) {
      const count = this.#counts[at] ?? 0;
      if (count >= left && count > 0) return FIRST_MS * 2 ** ((at + left / count) / PER_DOUBLING);
      left -= count;
    }
    return FIRST_MS * 2 ** (BUCKETS / PER_DOUBLING);
  }
}
