import { RollingWindow } from './rolling-window.ts';

/** How many retries the traffic may carry. */
export interface RetryBudgetPolicy {
  /** Retries for each hundred requests within the window. */
  percent: number;
  /** Retries per second that are allowed beside that, so that little traffic can retry too. */
  minRetriesPerSecond: number;
  windowMs: number;
}

/** Defaults: a fifth of the requests of 10 s, and 3 retries per second. */
export const DEFAULT_RETRY_BUDGET: RetryBudgetPolicy = { percent: 20, minRetriesPerSecond: 3, windowMs: 10_000 };

/** Bounds retries to a share of the traffic, so that retries never keep a struggling provider down. O(1). */
export class RetryBudget {
  /** Retries that were refused. */
  refused: number;
  readonly #share: number;
  readonly #free: number;
  readonly #window: RollingWindow;

  constructor(policy: RetryBudgetPolicy) {
    this.refused = 0;
    this.#share = policy.percent / 100;
    this.#free = (policy.minRetriesPerSecond * policy.windowMs) / 1000;
    this.#window = new RollingWindow(policy.windowMs);
  }

  /** Counts a request, once, whatever its number of attempts. */
  request(nowMs: number): void {
    this.#window.add(nowMs, 1, 0);
  }

  /** Takes a retry from the budget; false: the budget is used up, do not retry. */
  tryRetry(nowMs: number): boolean {
    this.#window.advance(nowMs);
    if (this.#window.second + 1 > this.#window.first * this.#share + this.#free) {
      this.refused++;
      return false;
    }
    this.#window.add(nowMs, 0, 1);
    return true;
  }
}
