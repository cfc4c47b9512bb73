import type { Candidate } from '../candidates.ts';
import type { LoadResult } from '../load-job.ts';
import type { Meter } from '../measure.ts';
import type { RequestSpec } from '../requests.ts';
import type { RowContext, Values } from './row.ts';

/** Requests in flight of the rows that measure CPU. */
const CONNECTIONS = 16;

/** What to run and for how long; 16 connections unless said otherwise. */
export interface SteadyOptions {
  request: RequestSpec;
  seconds: number;
  connections?: number;
}

/** Loads a candidate for some seconds. Rejects when an answer was not a whole 200. */
export async function loadSteadily(
  context: RowContext,
  candidate: Candidate,
  options: SteadyOptions,
): Promise<LoadResult> {
  const report = await context.load.run({
    kind: 'steady',
    port: candidate.port,
    connections: options.connections ?? CONNECTIONS,
    seconds: options.seconds,
    request: options.request,
  });
  const result = report.results[0];
  if (result === undefined || result.answered === 0) throw new Error('answered no request');
  if (result.non2xx + result.broken > 0) {
    throw new Error(`of ${result.answered} requests ${result.non2xx} were refused and ${result.broken} broken`);
  }
  return result;
}

/** Loads a candidate and gives its CPU microseconds per request (`cpu`), requests a second and latencies in milliseconds. */
export async function measureSteadily(
  context: RowContext,
  candidate: Candidate,
  options: SteadyOptions & { meter: Meter },
): Promise<Values & { cpu: number }> {
  const before = options.meter.cpuSeconds();
  const result = await loadSteadily(context, candidate, options);
  const used = options.meter.cpuSeconds() - before;
  return {
    cpu: (used * 1e6) / result.answered,
    requestsPerSecond: result.answered / result.seconds,
    p50: result.latency.p50,
    p99: result.latency.p99,
    firstByteP50: result.firstByte.p50,
    rss: options.meter.rssMib(),
  };
}
