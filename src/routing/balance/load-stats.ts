import { DecayedAverage } from './decayed-average.ts';
import { DecayedHistogram } from './decayed-histogram.ts';

/** Upper bounds, in prompt tokens, of the classes that have figures of their own; the last class has none. */
export const TOKEN_CLASSES: readonly number[] = [1_000, 4_000, 16_000];
const CLASS_COUNT = TOKEN_CLASSES.length + 1;

/** The class of a prompt of this many tokens, 0 to 3. */
export function tokenClass(promptTokens: number): number {
  let at = 0;
  while (at < TOKEN_CLASSES.length && promptTokens >= (TOKEN_CLASSES[at] ?? 0)) at++;
  return at;
}

/** How figures age. */
export interface LoadStatsOptions {
  /** A sample counts half after this long. */
  halfLifeMs: number;
  /** Samples above the mean count this many times: a target that grows slow is noticed sooner than one that recovers. */
  peakWeight: number;
  /** An idle candidate's times count half after this long, a third after twice as long: one that was slow is tried again. */
  forgetMs: number;
  /** US dollars per million prompt tokens; NaN: not known. */
  inputCost: number;
  /** US dollars per million output tokens; NaN: not known. */
  outputCost: number;
}

/** Defaults of the figures: 10 s, half forgiven in a minute, costs not known. */
export const DEFAULT_LOAD_STATS: LoadStatsOptions = {
  halfLifeMs: 10_000,
  peakWeight: 2,
  forgetMs: 60_000,
  inputCost: Number.NaN,
  outputCost: Number.NaN,
};

/** One request in the figures of a candidate. Made by `createLoadTicket`, filled by `LoadStats`. */
export interface LoadTicket {
  promptTokens: number;
  startedMs: number;
  firstTokenMs: number;
  /** Work the candidate had to do before this request's first token, in tokens, with its own. */
  work: number;
  phase: 'new' | 'waiting' | 'streaming' | 'over';
}

/** A ticket for one request to one candidate. */
export function createLoadTicket(promptTokens: number): LoadTicket {
  return { promptTokens, startedMs: 0, firstTokenMs: 0, work: 0, phase: 'new' };
}

/** Tokens that stand for the fixed cost of a request. */
const REQUEST_WORK = 300;

/**
 * Share of the work ahead of a request that delays it. All of it would where prompts are read one after the
 * other, none of it at a provider that scales out; half does well at both (bench/balancing).
 */
const AHEAD_SHARE = 0.5;

/** Half-life of the distribution of times to the first token: hedging wants many samples. */
const DISTRIBUTION_HALF_LIFE_MS = 60_000;

/** After a failure, a candidate without figures is not tried first for this long. */
const FAILED_RECENTLY_MS = 10_000;

/** What the provider said of its rate limit is forgotten after this long: limits are mostly per minute. */
const HEADROOM_LIFETIME_MS = 60_000;

/** Penalty of a candidate that fails: its times count as if tried until one succeeds, at most ten times. */
const LEAST_SUCCESS = 0.1;

/** Figures of one token class, made when the first sample comes: most candidates never see some classes. */
class ClassFigures {
  /** Milliseconds to the first token. */
  readonly ttft: DecayedAverage;
  /** Milliseconds to the first token for each token of work. */
  readonly pace: DecayedAverage;
  readonly distribution: DecayedHistogram;

  constructor(halfLifeMs: number) {
    this.ttft = new DecayedAverage(halfLifeMs);
    this.pace = new DecayedAverage(halfLifeMs);
    this.distribution = new DecayedHistogram(DISTRIBUTION_HALF_LIFE_MS);
  }
}

/** Live figures of one candidate, as this process sees it. Each call is O(1). */
export class LoadStats {
  /** Requests under way. */
  inFlight: number;
  /** Requests that wait for their first token. */
  waiting: number;
  /** Prompt tokens, with a fixed part for each request, that wait for their first token. */
  waitingWork: number;
  /** Output tokens per second of one request. */
  readonly tokensPerSecond: DecayedAverage;
  readonly #options: LoadStatsOptions;
  readonly #classes: (ClassFigures | undefined)[];
  readonly #failures: DecayedAverage;
  #failedMs: number;
  #headroom: number;
  #headroomMs: number;
  #progressMs: number;

  constructor(options: LoadStatsOptions = DEFAULT_LOAD_STATS) {
    this.inFlight = 0;
    this.waiting = 0;
    this.waitingWork = 0;
    this.tokensPerSecond = new DecayedAverage(options.halfLifeMs);
    this.#options = options;
    this.#classes = [undefined, undefined, undefined, undefined];
    this.#failures = new DecayedAverage(options.halfLifeMs);
    this.#failedMs = Number.NEGATIVE_INFINITY;
    this.#headroom = 1;
    this.#headroomMs = Number.NEGATIVE_INFINITY;
    this.#progressMs = Number.NEGATIVE_INFINITY;
  }

  /** A request is sent. */
  started(ticket: LoadTicket, nowMs: number): void {
    const own = ticket.promptTokens + REQUEST_WORK;
    if (this.waiting === 0) this.#progressMs = nowMs;
    ticket.startedMs = nowMs;
    ticket.work = AHEAD_SHARE * this.waitingWork + own;
    ticket.phase = 'waiting';
    this.inFlight++;
    this.waiting++;
    this.waitingWork += own;
  }

  /** Its first content came. An answer that is not streamed counts when it is whole. */
  firstToken(ticket: LoadTicket, nowMs: number): void {
    if (ticket.phase !== 'waiting') return;
    this.#stopWaiting(ticket);
    ticket.phase = 'streaming';
    ticket.firstTokenMs = nowMs;
    this.#progressMs = nowMs;
    const at = tokenClass(ticket.promptTokens);
    const figures = this.#classes[at] ?? new ClassFigures(this.#options.halfLifeMs);
    this.#classes[at] = figures;
    const ttftMs = nowMs - ticket.startedMs;
    const pace = ttftMs / ticket.work;
    const weight = pace > figures.pace.value ? this.#options.peakWeight : 1;
    figures.pace.add(nowMs, pace, weight);
    figures.ttft.add(nowMs, ttftMs);
    figures.distribution.add(nowMs, ttftMs);
  }

  /** It ended well; `outputTokens` as the provider counts them, 0: not known. */
  finished(ticket: LoadTicket, nowMs: number, outputTokens: number): void {
    const streamed = ticket.phase === 'streaming';
    if (!this.#end(ticket)) return;
    this.#failures.add(nowMs, 0);
    const seconds = (nowMs - ticket.firstTokenMs) / 1000;
    if (streamed && outputTokens > 1 && seconds > 0) this.tokensPerSecond.add(nowMs, outputTokens / seconds);
  }

  /** It failed by the candidate's fault. */
  failed(ticket: LoadTicket, nowMs: number): void {
    if (!this.#end(ticket)) return;
    this.#failures.add(nowMs, 1);
    this.#failedMs = nowMs;
  }

  /** It ended without saying anything about the candidate. */
  aborted(ticket: LoadTicket): void {
    this.#end(ticket);
  }

  /** What the provider's rate-limit headers said: the share that is left, 0 to 1. */
  learnedHeadroom(nowMs: number, headroom: number): void {
    this.#headroom = headroom;
    this.#headroomMs = nowMs;
  }

  /** Share of the rate limit that is left, 0 to 1; 1 if nothing was heard of it for a minute. */
  headroom(nowMs: number): number {
    return nowMs - this.#headroomMs > HEADROOM_LIFETIME_MS ? 1 : this.#headroom;
  }

  /** Estimated price of a request in US dollars; NaN: not known. */
  cost(promptTokens: number, outputTokens: number): number {
    return (promptTokens * this.#options.inputCost + outputTokens * this.#options.outputCost) / 1e6;
  }

  /** Mean time to the first token of the token class of a prompt, in milliseconds; NaN: no figure. */
  ttftMs(promptTokens: number): number {
    return this.#classes[tokenClass(promptTokens)]?.ttft.value ?? Number.NaN;
  }

  /** 95th percentile of the time to the first token of a token class in milliseconds, for hedging; NaN below `minSamples` recent samples. */
  p95TtftMs(promptTokens: number, nowMs: number, minSamples = 20): number {
    const distribution = this.#classes[tokenClass(promptTokens)]?.distribution;
    if (distribution === undefined || distribution.samples(nowMs) < minSamples) return Number.NaN;
    return distribution.quantile(0.95);
  }

  /** Share of the requests that failed lately, 0 to 1. */
  failureShare(): number {
    return Number.isNaN(this.#failures.value) ? 0 : this.#failures.value;
  }

  /** Whether nothing is known of the candidate, nothing is on its way to it and nothing speaks against trying it. */
  isUntried(nowMs: number): boolean {
    if (this.inFlight > 0 || nowMs - this.#failedMs < FAILED_RECENTLY_MS) return false;
    for (let at = 0; at < CLASS_COUNT; at++) if (this.#classes[at] !== undefined) return false;
    return true;
  }

  /**
   * Expected time to the first token of a request sent now, in milliseconds; NaN: no figure. The pace of its
   * token class (of the nearest one that is known) times the work that waits. A candidate that owes first
   * tokens and shows none takes at least as long as it has been silent; an idle one is slowly forgiven.
   */
  predictTtftMs(promptTokens: number, nowMs: number): number {
    const pace = this.#nearestPace(tokenClass(promptTokens));
    if (pace === undefined) return Number.NaN;
    let ms = pace.value * (AHEAD_SHARE * this.waitingWork + promptTokens + REQUEST_WORK);
    if (this.waiting > 0) ms = Math.max(ms, nowMs - this.#progressMs);
    else ms /= 1 + (nowMs - pace.lastMs) / this.#options.forgetMs;
    return ms / Math.max(LEAST_SUCCESS, 1 - this.failureShare());
  }

  #nearestPace(at: number): DecayedAverage | undefined {
    for (let step = 0; step < CLASS_COUNT; step++) {
      const figures = this.#classes[at - step] ?? this.#classes[at + step];
      if (figures !== undefined) return figures.pace;
    }
    return undefined;
  }

  #stopWaiting(ticket: LoadTicket): void {
    this.waiting--;
    // Sums of fractions drift; an empty queue is exactly empty.
    this.waitingWork = this.waiting === 0 ? 0 : this.waitingWork - ticket.promptTokens - REQUEST_WORK;
  }

  #end(ticket: LoadTicket): boolean {
    if (ticket.phase === 'new' || ticket.phase === 'over') return false;
    if (ticket.phase === 'waiting') this.#stopWaiting(ticket);
    this.inFlight--;
    ticket.phase = 'over';
    return true;
  }
}
