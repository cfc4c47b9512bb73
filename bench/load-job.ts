import type { RequestSpec } from './requests.ts';
import type { Spread } from './statistics.ts';

interface Common {
  request: RequestSpec;
}

/** Keeps so many connections busy for a time: what a loaded gateway costs. */
export interface SteadyJob extends Common {
  kind: 'steady';
  port: number;
  connections: number;
  seconds: number;
}

/** One request at a time, to each port in turn: what a gateway adds for one client. */
export interface AlternateJob extends Common {
  kind: 'alternate';
  ports: number[];
  /** Requests to each port. */
  requests: number;
}

/** Opens so many connections over a time, with one request each, and waits until all are answered. */
export interface OpenStreamsJob extends Common {
  kind: 'open-streams';
  port: number;
  streams: number;
  rampSeconds: number;
  /** Streams that are not over by then count as broken. */
  limitSeconds: number;
}

/** Readers that take 1 KB of their answer a second, and leave after a time. */
export interface SlowReadersJob extends Common {
  kind: 'slow-readers';
  port: number;
  readers: number;
  seconds: number;
}

/** One request; its answer is handed back whole. */
export interface OnceJob extends Common {
  kind: 'once';
  port: number;
}

/** Work for the load process. */
export type LoadJob = SteadyJob | AlternateJob | OpenStreamsJob | SlowReadersJob | OnceJob;

/** What one port answered. */
export interface LoadResult {
  /** Whole answers of status 200. */
  answered: number;
  non2xx: number;
  /** Answers that were cut, ended wrongly or never came. */
  broken: number;
  seconds: number;
  /** Milliseconds from the first byte of the request to the end of the answer. */
  latency: Spread;
  /** Milliseconds from the first byte of the request to the first byte of the answer's body. */
  firstByte: Spread;
  /** Bytes of answers, bodies only. */
  bodyBytes: number;
}

/** What a job gave: one result a port, and the answer of a `once` job. */
export interface LoadReport {
  results: LoadResult[];
  answer?: { status: number; body: string };
  error?: string;
}
