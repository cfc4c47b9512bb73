import type { Health } from './health.ts';

/** How long an API key is left alone after the provider refused it. */
export interface KeyPolicy {
  /** First rest after 401 or 403; doubles with each further one in a row. */
  authRestMs: number;
  maxAuthRestMs: number;
  /** Rest after a 429 that names no time. */
  rateRestMs: number;
  /** Longest rest after a 429, whatever the provider asks for. */
  maxRateRestMs: number;
  /** First rest of a key without quota or credit; doubles with each further one in a row. */
  quotaRestMs: number;
  maxQuotaRestMs: number;
}

/** Defaults: 5 min up to 1 h for a refused key, 10 s up to 10 min for a limited one, 30 min up to 6 h without quota. */
export const DEFAULT_KEY_POLICY: KeyPolicy = {
  authRestMs: 300_000,
  maxAuthRestMs: 3_600_000,
  rateRestMs: 10_000,
  maxRateRestMs: 600_000,
  quotaRestMs: 1_800_000,
  maxQuotaRestMs: 21_600_000,
};

/** What an answer says about the key: refused, asked to slow down, or out of quota or credit. */
export type KeyVerdict = 'refused' | 'limited' | 'exhausted';

/**
 * Error codes of a key without quota or credit, where the status alone does not say so: OpenAI answers
 * 429 with `insufficient_quota`, Anthropic 402 with `billing_error`.
 */
const EXHAUSTED_CODES: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
]);

/** What a provider's status and error code (or type) say about the key; undefined if nothing. */
export function keyVerdict(status: number, code: string | undefined): KeyVerdict | undefined {
  if (status === 402) return 'exhausted';
  if (code !== undefined && status >= 400 && EXHAUSTED_CODES.has(code)) return 'exhausted';
  if (status === 401 || status === 403) return 'refused';
  return status === 429 ? 'limited' : undefined;
}

/** A probe that has reported nothing for this long no longer holds its place. */
const PROBE_TIMEOUT_MS = 30_000;

/**
 * Health of one API key. After a refusal or without quota it comes back with one request at a time, until
 * one is taken; after a 429 it simply comes back.
 */
export class KeyHealth implements Health {
  /** Times the key was taken out because it was refused. */
  refusals: number;
  /** Times it was limited. */
  limits: number;
  /** Times it ran out of quota. */
  exhaustions: number;
  /** Why the key rests, or why it last rested; undefined if it never did or has answered since. */
  reason: KeyVerdict | undefined;
  readonly #policy: KeyPolicy;
  #untilMs: number;
  #lastRestMs: number;
  #probeMs: number;

  constructor(policy: KeyPolicy) {
    this.refusals = 0;
    this.limits = 0;
    this.exhaustions = 0;
    this.reason = undefined;
    this.#policy = policy;
    this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#lastRestMs = 0;
    this.#probeMs = Number.NEGATIVE_INFINITY;
  }

  allows(nowMs: number): boolean {
    return nowMs >= this.#untilMs && (!this.#unproven() || nowMs - this.#probeMs >= PROBE_TIMEOUT_MS);
  }

  weightFactor(): number {
    return 1;
  }

  wantsProbe(nowMs: number): boolean {
    return this.#unproven() && this.allows(nowMs);
  }

  /** When the key may next be used: monotonic milliseconds, in the past if it may be now. */
  retryAtMs(): number {
    return this.#untilMs;
  }

  /** A request is sent with the key. */
  started(nowMs: number): void {
    if (this.#unproven() && nowMs >= this.#untilMs) this.#probeMs = nowMs;
  }

  /** A request ended without saying anything about the key, such as a failed connection. */
  aborted(): void {
    this.#probeMs = Number.NEGATIVE_INFINITY;
  }

  /** The key was taken. Says nothing while the key rests: the request was sent before. */
  succeeded(nowMs: number): void {
    if (this.reason === undefined || nowMs < this.#untilMs) return;
    this.reason = undefined;
    this.#lastRestMs = 0;
  }

  /**
   * The key was refused, limited or found exhausted; `retryAfterMs` is the time the provider named. Many
   * requests that were under way with the same key count once.
   */
  observed(verdict: KeyVerdict, nowMs: number, retryAfterMs?: number): void {
    const policy = this.#policy;
    switch (verdict) {
      case 'limited': {
        const resting = nowMs < this.#untilMs;
        if (!resting) this.limits++;
        const until = nowMs + Math.min(policy.maxRateRestMs, retryAfterMs ?? policy.rateRestMs);
        if (until <= this.#untilMs) return;
        // A key that is out for a worse reason keeps it. One that comes back and is limited has been taken.
        if (!resting) this.reason = verdict;
        this.#untilMs = until;
        return;
      }
      case 'refused':
        if (this.#isOutFor(verdict, nowMs)) return;
        this.refusals++;
        this.#leave(verdict, nowMs, this.#grown(verdict, policy.authRestMs, policy.maxAuthRestMs));
        return;
      case 'exhausted': {
        if (this.#isOutFor(verdict, nowMs)) return;
        this.exhaustions++;
        const rest = this.#grown(verdict, policy.quotaRestMs, policy.maxQuotaRestMs);
        this.#leave(verdict, nowMs, Math.max(rest, Math.min(retryAfterMs ?? 0, policy.maxQuotaRestMs)));
        return;
      }
      default: {
        const never: never = verdict;
        throw new TypeError(`unknown verdict ${String(never)}`);
      }
    }
  }

  #unproven(): boolean {
    return this.reason === 'refused' || this.reason === 'exhausted';
  }

  #isOutFor(verdict: KeyVerdict, nowMs: number): boolean {
    return this.reason === verdict && nowMs < this.#untilMs;
  }

  #grown(verdict: KeyVerdict, first: number, most: number): number {
    return Math.min(most, this.reason === verdict && this.#lastRestMs > 0 ? this.#lastRestMs * 2 : first);
  }

  #leave(verdict: KeyVerdict, nowMs: number, restMs: number): void {
    this.reason = verdict;
    this.#lastRestMs = restMs;
    this.#untilMs = Math.max(this.#untilMs, nowMs + restMs);
    this.#probeMs = Number.NEGATIVE_INFINITY;
  }
}
