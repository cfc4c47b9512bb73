/**
 * A histogram as plain numbers. An observation here costs some tens of nanoseconds where a metrics library's
 * labelled histogram costs hundreds, because labels were bound when it was made.
 */
export interface Histogram {
  /** Observations by bucket, not cumulative; the last one is above every bound. */
  readonly counts: Float64Array;
  sum: number;
}

/** Upper bounds of the buckets (inclusive, ascending) and how they are printed. */
export interface Buckets {
  readonly bounds: readonly number[];
  /** Values of the `le` label, `+Inf` included: one more than bounds. */
  readonly labels: readonly string[];
}

/** `count` bounds from `start`, each `factor` times the one before. */
export function exponentialBuckets(start: number, factor: number, count: number): Buckets {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return { bounds, labels: [...bounds.map(formatBound), '+Inf'] };
}

/** An empty histogram. */
export function createHistogram(buckets: Buckets): Histogram {
  return { counts: new Float64Array(buckets.bounds.length + 1), sum: 0 };
}

/** Counts one observation. Below zero counts as zero; what is not a finite number is left out. */
export function observe(histogram: Histogram, buckets: Buckets, value: number): void {
  if (!Number.isFinite(value)) return;
  const { bounds } = buckets;
  const { counts } = histogram;
  let index = 0;
  while (index < bounds.length && value > (bounds[index] as number)) index++;
  counts[index] = (counts[index] as number) + 1;
  if (value > 0) histogram.sum += value;
}

/**
 * A bound as the reference system's exporter prints it (Go's shortest `%g`): exponents from a million on. Prometheus 2
 * compares `le` as text, so that series go on after a change from one system to the other.
 */
function formatBound(bound: number): string {
  if (bound < 1e6) return String(bound);
  const [digits = '', exponent = ''] = bound.toExponential().split('e+');
  return `${digits}e+${exponent.padStart(2, '0')}`;
}
