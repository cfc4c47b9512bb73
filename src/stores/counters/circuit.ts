/** What a Circuit needs. */
export interface CircuitOptions {
  /** Asks the store something small; rejects when it does not answer in time. */
  probe: () => Promise<unknown>;
  /** How far failures may outweigh successes before it opens. Default 5. */
  threshold?: number;
  /** The pause before the first probe, doubled after each that fails up to ten times as much. Default 250. */
  probeMs?: number;
  /** Told when it opens and closes. */
  onChange?: (state: 'open' | 'closed', cause: unknown) => void;
}

/**
 * Decides whether a store is asked at all. Each failure counts 1, each success takes back a quarter, so it opens after
 * `threshold` failures in a row or when more than one in five fails for long. Open, it probes in the background, so that
 * no request pays for the attempt, and closes after the first answer.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #threshold: number;
  readonly #probeMs: number;
  #score = 0;
  #open = false;
  #failedProbes = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#threshold = options.threshold ?? 5;
    this.#probeMs = options.probeMs ?? 250;
  }

  /** Whether the store is not to be asked. */
  get open(): boolean {
    return this.#open;
  }

  succeeded(): void {
    if (this.#score > 0) this.#score = Math.max(0, this.#score - 0.25);
  }

  failed(cause: unknown): void {
    if (this.#open || this.#closed) return;
    this.#score++;
    if (this.#score < this.#threshold) return;
    this.#open = true;
    this.#failedProbes = 0;
    this.#options.onChange?.('open', cause);
    this.#schedule();
  }

  /** Stops probing. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#closed) return;
    const pause = this.#probeMs * Math.min(10, 2 ** this.#failedProbes);
    this.#timer = setTimeout(() => {
      this.#options.probe().then(
        () => this.#recover(),
        () => {
          this.#failedProbes = Math.min(this.#failedProbes + 1, 10);
          this.#schedule();
        },
      );
    }, pause);
    this.#timer.unref();
  }

  #recover(): void {
    if (this.#closed) return;
    this.#open = false;
    this.#score = 0;
    this.#options.onChange?.('closed', undefined);
  }
}
