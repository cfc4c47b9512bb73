import type { Candidate, CandidateName, StartOptions } from '../candidates.ts';
import type { LoadClient } from '../load-client.ts';
import type { Meter } from '../measure.ts';

/** How much work a run puts into each row. */
export interface Effort {
  warmSeconds: number;
  seconds: number;
  /** Requests to each port of the first-byte row. */
  alternateRequests: number;
  openStreams: number;
  /** Microseconds between two events of an open stream. */
  openStreamGapUs: number;
  slowReaderSeconds: number;
  idleSeconds: number;
  routes: number;
  keys: number;
}

/** What a row measures with. */
export interface RowContext {
  effort: Effort;
  load: LoadClient;
  providerPort: number;
  meter(pid: number): Meter;
  start(name: CandidateName, options?: StartOptions): Promise<Candidate>;
  /** Candidates of this run, in order. */
  candidates: readonly CandidateName[];
  /** Takes note of what went wrong with a candidate; the run goes on and ends with a failure. */
  problem(name: CandidateName, what: string): void;
}

/** Figures of one candidate in one round, by key. */
export type Values = Record<string, number>;
/** Figures of one round. A candidate that failed or does not take part is absent. */
export type RoundValues = Partial<Record<CandidateName, Values>>;

/** Unit of a figure; `x` is a plain ratio. */
export type Unit = 'us' | 'ms' | 's' | 'MiB' | 'x' | '';

/** What the gateway's figure must hold: at most so many times Envoy's, or at most so much. */
export type Target = { times: number } | { atMost: number };

/** One line of the table. */
export interface Figure {
  key: string;
  title: string;
  unit: Unit;
  target?: Target;
}

/** One kind of work and the figures taken of it. */
export interface Row {
  /** Name for `--only`. */
  name: string;
  title: string;
  figures: readonly Figure[];
  /** Rounds when they are not to be those of the run. */
  rounds?: number;
  round(context: RowContext): Promise<RoundValues>;
}

/** Runs each candidate after the other; one that throws is noted and left out of the round. */
export async function eachCandidate(
  context: RowContext,
  measure: (name: CandidateName) => Promise<Values>,
): Promise<RoundValues> {
  const values: RoundValues = {};
  for (const name of context.candidates) {
    try {
      values[name] = await measure(name);
    } catch (error) {
      context.problem(name, (error as Error).message);
    }
  }
  return values;
}

/** The same without the other candidates, for what only the gateway does. */
export function gatewayOnly(context: RowContext): RowContext {
  return { ...context, candidates: context.candidates.filter((name) => name === 'gateway') };
}

/** Starts a candidate for the time of one measurement and stops it afterwards, whatever happened. */
export async function withCandidate<T>(
  context: RowContext,
  start: { name: CandidateName; options?: StartOptions },
  use: (candidate: Candidate, meter: Meter) => Promise<T>,
): Promise<T> {
  const candidate = await context.start(start.name, start.options);
  try {
    return await use(candidate, context.meter(candidate.pid));
  } finally {
    await candidate.stop();
  }
}
