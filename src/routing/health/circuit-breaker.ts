import type { Health } from './health.ts';
import { RollingWindow } from './rolling-window.ts';

/** When a circuit breaker opens on a share of failures. */
export interface ErrorRatePolicy {
  /** Failures of the requests within the window, in percent, from which it opens. */
  percent: number;
  /** Fewer requests within the window never open it. */
  minRequests: number;
  windowMs: number;
}

/** When a target is left alone and how it comes back. */
export interface BreakerPolicy {
  /** Failures in a row that open the breaker; 0 turns this off. */
  consecutiveErrors: number;
  errorRate: ErrorRatePolicy | undefined;
  /** How long the first opening lasts; each further one in a row lasts twice as long. */
  openMs: number;
  maxOpenMs: number;
  /** Requests let through at a time to see whether the target is well again; all of them must succeed. */
  halfOpenProbes: number;
  /** A probe that has reported nothing for this long no longer holds its place. */
  probeTimeoutMs: number;
  /** Time after the return during which the weight grows from a tenth to the whole; 0 turns this off. */
  slowStartMs: number;
}

/** Defaults of a breaker: open on 5 failures in a row or on half of 20 requests within 10 s, for 5 s up to 5 min. */
export const DEFAULT_BREAKER: BreakerPolicy = {
  consecutiveErrors: 5,
  errorRate: { percent: 50, minRequests: 20, windowMs: 10_000 },
  openMs: 5_000,
  maxOpenMs: 300_000,
  halfOpenProbes: 1,
  probeTimeoutMs: 30_000,
  slowStartMs: 10_000,
};

/** Says whether a breaker may open: a group of lanes keeps enough of them in use. */
export interface OpeningGate {
  mayOpen(nowMs: number): boolean;
}

/** Closed: in use. Open: resting. Half-open: single requests show whether the target is well again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Least share of its weight a returned target gets. */
const SLOW_START_FLOOR = 0.1;

/** Window whose counts a breaker without an error rate keeps, for comparison with its neighbours. */
const DEFAULT_WINDOW_MS = 10_000;

/**
 * Circuit breaker of one target. Each request calls `started` and gives the ticket it got to exactly one
 * of `succeeded`, `failed` and `aborted`. Reports about requests older than the last change of state are
 * ignored, so that a hundred requests that hang in a dying target count as one opening.
 */
export class CircuitBreaker implements Health {
  /** Times it opened. */
  openings: number;
  /** Times it closed again. */
  closings: number;
  /** Probes sent. */
  probes: number;
  /** Times it was told to rest. */
  rests: number;
  readonly #policy: BreakerPolicy;
  readonly #gate: OpeningGate | undefined;
  readonly #window: RollingWindow;
  #generation: number;
  #tripped: boolean;
  #openUntilMs: number;
  #openForMs: number;
  #consecutiveErrors: number;
  #probesOut: number;
  #probeSuccesses: number;
  #lastProbeMs: number;
  #restUntilMs: number;
  #closedMs: number;
  #returnedMs: number;
  #slowStartMs: number;

  constructor(policy: BreakerPolicy, gate?: OpeningGate) {
    this.openings = 0;
    this.closings = 0;
    this.probes = 0;
    this.rests = 0;
    this.#policy = policy;
    this.#gate = gate;
    this.#window = new RollingWindow(policy.errorRate?.windowMs ?? DEFAULT_WINDOW_MS);
    this.#generation = 0;
    this.#tripped = false;
    this.#openUntilMs = 0;
    this.#openForMs = 0;
    this.#consecutiveErrors = 0;
    this.#probesOut = 0;
    this.#probeSuccesses = 0;
    this.#lastProbeMs = 0;
    this.#restUntilMs = Number.NEGATIVE_INFINITY;
    this.#closedMs = Number.NEGATIVE_INFINITY;
    this.#returnedMs = Number.NEGATIVE_INFINITY;
    this.#slowStartMs = 0;
  }

  allows(nowMs: number): boolean {
    if (nowMs < this.#restUntilMs) return false;
    return !this.#tripped || this.#probeFree(nowMs);
  }

  wantsProbe(nowMs: number): boolean {
    return this.#tripped && nowMs >= this.#restUntilMs && this.#probeFree(nowMs);
  }

  weightFactor(nowMs: number): number {
    if (this.#slowStartMs === 0) return 1;
    const since = nowMs - this.#returnedMs;
    if (since >= this.#slowStartMs) return 1;
    return Math.max(SLOW_START_FLOOR, since / this.#slowStartMs);
  }

  /** A target that was told to rest counts as open until its rest is over. */
  state(nowMs: number): BreakerState {
    if (nowMs < this.#restUntilMs) return 'open';
    if (!this.#tripped) return 'closed';
    return nowMs < this.#openUntilMs ? 'open' : 'half-open';
  }

  /** Whether failures have opened it, and nothing has closed it since. */
  get tripped(): boolean {
    return this.#tripped;
  }

  /** When the target may next be tried: monotonic milliseconds, in the past if it may be now. */
  retryAtMs(): number {
    return Math.max(this.#restUntilMs, this.#tripped ? this.#openUntilMs : Number.NEGATIVE_INFINITY);
  }

  /** Requests within the window. */
  requests(nowMs: number): number {
    this.#window.advance(nowMs);
    return this.#window.first;
  }

  /** Failures within the window. */
  failures(nowMs: number): number {
    this.#window.advance(nowMs);
    return this.#window.second;
  }

  /** A request is sent, also one that was not allowed because nothing else is left. Returns its ticket. */
  started(nowMs: number): number {
    if (this.#tripped && nowMs >= this.#openUntilMs) {
      if (nowMs - this.#lastProbeMs >= this.#policy.probeTimeoutMs) this.#probesOut = 0;
      this.#probesOut++;
      this.#lastProbeMs = nowMs;
      this.probes++;
    }
    return this.#generation;
  }

  /** The request with this ticket was answered. */
  succeeded(nowMs: number, ticket: number): void {
    if (ticket !== this.#generation) return;
    this.#window.add(nowMs, 1, 0);
    this.#consecutiveErrors = 0;
    if (!this.#tripped) return;
    this.#probesOut = Math.max(0, this.#probesOut - 1);
    this.#probeSuccesses++;
    if (this.#probeSuccesses >= this.#policy.halfOpenProbes) this.#close(nowMs);
  }

  /** The request with this ticket failed by the target's fault; `restMs` is how long the target asked to be left alone. */
  failed(nowMs: number, ticket: number, restMs = 0): void {
    if (restMs > 0) this.rest(nowMs, restMs);
    if (ticket !== this.#generation) return;
    this.#window.add(nowMs, 1, 1);
    this.#consecutiveErrors++;
    if (this.#tripped) {
      // What fails while open was sent for want of anything else and says nothing new.
      if (nowMs >= this.#openUntilMs) this.#open(nowMs);
      return;
    }
    if (this.#overLimit() && (this.#gate === undefined || this.#gate.mayOpen(nowMs))) this.#open(nowMs);
  }

  /** The request with this ticket ended without saying anything about the target: its client left, or it lost a race. */
  aborted(ticket: number): void {
    if (ticket === this.#generation && this.#tripped) this.#probesOut = Math.max(0, this.#probesOut - 1);
  }

  /** Leaves the target alone for `ms`, as it asked for with `retry-after`. No failure; a shorter rest never cuts a longer one. */
  rest(nowMs: number, ms: number): void {
    const until = nowMs + ms;
    if (until <= this.#restUntilMs) return;
    if (nowMs >= this.#restUntilMs) this.rests++;
    this.#restUntilMs = until;
    this.#returnedMs = until;
    // A short rest needs no long return.
    this.#slowStartMs = Math.min(this.#policy.slowStartMs, ms);
  }

  /** Opens as if the error limit were reached: the target stands out among its neighbours, or an active check failed. */
  trip(nowMs: number): void {
    if (!this.#tripped) this.#open(nowMs);
  }

  #probeFree(nowMs: number): boolean {
    if (nowMs < this.#openUntilMs) return false;
    if (this.#probesOut + this.#probeSuccesses < this.#policy.halfOpenProbes) return true;
    return nowMs - this.#lastProbeMs >= this.#policy.probeTimeoutMs;
  }

  #overLimit(): boolean {
    const { consecutiveErrors, errorRate } = this.#policy;
    if (consecutiveErrors > 0 && this.#consecutiveErrors >= consecutiveErrors) return true;
    if (errorRate === undefined || this.#window.first < errorRate.minRequests) return false;
    return this.#window.second * 100 >= errorRate.percent * this.#window.first;
  }

  #open(nowMs: number): void {
    // A target that held out longer than it last rested begins anew.
    const again = this.#openForMs > 0 && (this.#tripped || nowMs - this.#closedMs < this.#openForMs);
    this.#openForMs = Math.min(this.#policy.maxOpenMs, again ? this.#openForMs * 2 : this.#policy.openMs);
    this.#tripped = true;
    this.#openUntilMs = nowMs + this.#openForMs;
    this.#generation++;
    this.#probesOut = 0;
    this.#probeSuccesses = 0;
    this.openings++;
  }

  #close(nowMs: number): void {
    this.#tripped = false;
    this.#generation++;
    this.#consecutiveErrors = 0;
    this.#window.clear();
    this.#closedMs = nowMs;
    this.#returnedMs = nowMs;
    this.#slowStartMs = this.#policy.slowStartMs;
    this.closings++;
  }
}
