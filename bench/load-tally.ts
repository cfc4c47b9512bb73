import { performance } from 'node:perf_hooks';
import type { Outcome } from './load-connection.ts';
import type { LoadResult } from './load-job.ts';
import { spread } from './statistics.ts';

/** Adds up how requests ended. */
export interface Tally {
  add(outcome: Outcome): void;
  /** Counts requests of which nothing more will be heard. */
  addBroken(count: number): void;
  result(): LoadResult;
}

/** Starts a tally; its clock runs from here to `result()`. */
export function createTally(): Tally {
  const start = performance.now();
  const totals: number[] = [];
  const firstBytes: number[] = [];
  let non2xx = 0;
  let broken = 0;
  let bodyBytes = 0;
  return {
    add(outcome) {
      bodyBytes += outcome.bodyBytes;
      if (!outcome.whole) broken += 1;
      else if (outcome.status < 200 || outcome.status > 299) non2xx += 1;
      else {
        totals.push(outcome.totalMs);
        firstBytes.push(outcome.firstByteMs);
      }
    },
    addBroken(count) {
      broken += count;
    },
    result: () => ({
      answered: totals.length,
      non2xx,
      broken,
      seconds: (performance.now() - start) / 1000,
      latency: spread(totals),
      firstByte: spread(firstBytes),
      bodyBytes,
    }),
  };
}
