import type { EventQueue } from './event-queue.ts';
import type { SeededRandom } from './random.ts';

/** What a simulated target does with a request. */
export interface ServerJob {
  promptTokens: number;
  outputTokens: number;
  /** Prompt prefix that the target may have in its cache; undefined: nothing in common with other requests. */
  prefix: number | undefined;
  firstToken: (nowMs: number) => void;
  finished: (nowMs: number) => void;
}

/** How fast a target is and of which kind. */
export interface ServerOptions {
  /**
   * `queueing`: a model server of fixed size; prompts are read one after the other, outputs share its speed.
   * `elastic`: a provider's API; its times vary but hardly depend on what this client sends.
   */
  kind: 'queueing' | 'elastic';
  /** 1: the slowest target. */
  speed: number;
  /** From `fromMs` to `untilMs` the target has only this share of its speed. */
  degraded: { fromMs: number; untilMs: number; factor: number } | undefined;
  /** Prefixes in the cache; 0: none. */
  cachedPrefixes: number;
}

/** Prompt tokens per second that a target of speed 1 reads. */
export const PREFILL_RATE = 4_000;
/** Fixed time of a request at speed 1. */
export const BASE_MS = 60;
/** Output tokens per second of one request at speed 1, as long as few share the target. */
const STREAM_RATE = 30;
/** Output tokens per second that all requests share at speed 1. */
const SHARED_RATE = 900;
/** Share of a prompt that must be read when its prefix is in the cache. */
const UNCACHED_SHARE = 0.3;
/** Spread of an elastic target's times. */
const ELASTIC_SIGMA = 0.35;

interface Stream {
  job: ServerJob;
  /** Output per stream at which this one is done. */
  doneAt: number;
}

/** A simulated target. */
export class Server {
  requests: number;
  /** Milliseconds spent reading prompts. */
  busyMs: number;
  readonly #options: ServerOptions;
  readonly #events: EventQueue;
  readonly #random: SeededRandom;
  readonly #queue: ServerJob[];
  readonly #cache: Map<number, true>;
  #reading: boolean;
  readonly #streams: Stream[];
  /** Output tokens each stream has got since the start. */
  #progress: number;
  #progressMs: number;
  #version: number;

  constructor(options: ServerOptions, events: EventQueue, random: SeededRandom) {
    this.requests = 0;
    this.busyMs = 0;
    this.#options = options;
    this.#events = events;
    this.#random = random;
    this.#queue = [];
    this.#cache = new Map();
    this.#reading = false;
    this.#streams = [];
    this.#progress = 0;
    this.#progressMs = 0;
    this.#version = 0;
  }

  /** Takes a request. */
  send(job: ServerJob): void {
    this.requests++;
    if (this.#options.kind === 'elastic') {
      this.#answerAtOnce(job);
      return;
    }
    this.#queue.push(job);
    if (!this.#reading) this.#readNext(this.#events.nowMs);
  }

  #speed(nowMs: number): number {
    const { degraded, speed } = this.#options;
    const slow = degraded !== undefined && nowMs >= degraded.fromMs && nowMs < degraded.untilMs;
    return slow ? speed * degraded.factor : speed;
  }

  #promptMs(job: ServerJob, nowMs: number): number {
    const tokens = job.promptTokens * (this.#isCached(job.prefix) ? UNCACHED_SHARE : 1);
    return (BASE_MS + (tokens * 1000) / PREFILL_RATE) / this.#speed(nowMs);
  }

  #isCached(prefix: number | undefined): boolean {
    if (prefix === undefined || this.#options.cachedPrefixes === 0) return false;
    const known = this.#cache.delete(prefix);
    this.#cache.set(prefix, true);
    if (this.#cache.size > this.#options.cachedPrefixes)
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    return known;
  }

  #answerAtOnce(job: ServerJob): void {
    const nowMs = this.#events.nowMs;
    const ms = this.#promptMs(job, nowMs) * this.#random.logNormal(1, ELASTIC_SIGMA);
    const outputMs = (job.outputTokens * 1000) / (STREAM_RATE * this.#speed(nowMs));
    this.busyMs += ms;
    this.#events.at(nowMs + ms, job.firstToken);
    this.#events.at(nowMs + ms + outputMs * this.#random.logNormal(1, ELASTIC_SIGMA), job.finished);
  }

  #readNext(nowMs: number): void {
    const job = this.#queue.shift();
    this.#reading = job !== undefined;
    if (job === undefined) return;
    const ms = this.#promptMs(job, nowMs);
    this.busyMs += ms;
    this.#events.at(nowMs + ms, (doneMs) => {
      job.firstToken(doneMs);
      this.#advance(doneMs);
      this.#streams.push({ job, doneAt: this.#progress + job.outputTokens });
      this.#schedule(doneMs);
      this.#readNext(doneMs);
    });
  }

  #rate(nowMs: number): number {
    return Math.min(STREAM_RATE, SHARED_RATE / Math.max(1, this.#streams.length)) * this.#speed(nowMs);
  }

  #advance(nowMs: number): void {
    this.#progress += (this.#rate(this.#progressMs) * (nowMs - this.#progressMs)) / 1000;
    this.#progressMs = nowMs;
  }

  #schedule(nowMs: number): void {
    const version = ++this.#version;
    let next = Number.POSITIVE_INFINITY;
    for (const stream of this.#streams) next = Math.min(next, stream.doneAt);
    if (next === Number.POSITIVE_INFINITY) return;
    const waitMs = (Math.max(0, next - this.#progress) * 1000) / this.#rate(nowMs);
    this.#events.at(nowMs + waitMs, (doneMs) => {
      if (version !== this.#version) return;
      this.#advance(doneMs);
      // The change of speed at a degradation is seen one event late; the rest of the error is rounding.
      this.#progress = Math.max(this.#progress, next);
      for (let at = this.#streams.length - 1; at >= 0; at--) {
        const stream = this.#streams[at];
        if (stream === undefined || stream.doneAt > this.#progress) continue;
        this.#streams.splice(at, 1);
        stream.job.finished(doneMs);
      }
      this.#schedule(doneMs);
    });
  }
}
