/**
 * Tokens of one exchange in classes that do not overlap, so that price × count sums to the bill.
 * `input` is what no cache served; `output` includes `reasoning` (its part, for display).
 */
export interface Usage {
  /** Input tokens neither read from nor written to a prompt cache. */
  input: number;
  /** Input tokens read from a prompt cache. */
  cacheRead: number;
  /** Input tokens written to a cache that lives five minutes (or the provider's only lifetime). */
  cacheWrite: number;
  /** Input tokens written to a cache that lives one hour. */
  cacheWrite1h: number;
  /** Generated tokens, reasoning included. */
  output: number;
  /** The part of `output` spent on reasoning. */
  reasoning: number;
  /** The parts of `input` and `output` that are sound. */
  inputAudio: number;
  outputAudio: number;
  /** The parts of `input` and `output` that are images. */
  inputImage: number;
  outputImage: number;
  /** The total the provider printed where it differs from the sum of the classes. */
  reportedTotal?: number;
}

/** A usage of zeros. */
export function emptyUsage(): Usage {
  return {
    input: 0,
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
    output: 0,
    reasoning: 0,
    inputAudio: 0,
    outputAudio: 0,
    inputImage: 0,
    outputImage: 0,
  };
}

/** All input tokens: uncached, read from and written to caches. */
export function inputTotal(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite + usage.cacheWrite1h;
}

/** Input and output together. */
export function usageTotal(usage: Usage): number {
  return usage.reportedTotal ?? inputTotal(usage) + usage.output;
}
