import type { FoundEndpoint } from '../snapshot/compile-cluster.ts';
import type { EndpointSource } from './endpoint-source.ts';
import { type Schedule, withJitter } from './schedule.ts';

/** First wait after a failed look; it doubles with each further one up to the source's own time. */
const FIRST_RETRY_MS = 250;

/** What a follower takes. */
export interface FollowerOptions {
  source: EndpointSource;
  schedule: Schedule;
  /** Uniform in [0, 1). */
  random(): number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The endpoints are others than before. */
  onChange(): void;
  /** A look failed in a way in which the one before did not, or succeeded again: then there is no `error`. */
  onTurn(error: string | undefined): void;
}

/** Follows the endpoints of one dynamic cluster. A failed look keeps what was found last. */
export class EndpointFollower {
  readonly source: EndpointSource;
  /** What was found last; empty before the first good look. */
  found: readonly FoundEndpoint[];
  /** Counts changes of `found`. */
  version: number;
  /** When a look last succeeded, in milliseconds since the epoch; undefined: never. */
  foundMs: number | undefined;
  /** Why the last look failed; undefined when it did not. */
  error: string | undefined;
  readonly #options: FollowerOptions;
  #failures: number;
  #closed: boolean;
  #cancel: (() => void) | undefined;
  #unwatch: (() => void) | undefined;
  #running: Promise<void>;
  #queued: Promise<void> | undefined;

  constructor(options: FollowerOptions) {
    this.source = options.source;
    this.found = [];
    this.version = 0;
    this.foundMs = undefined;
    this.error = undefined;
    this.#options = options;
    this.#failures = 0;
    this.#closed = false;
    this.#cancel = undefined;
    this.#unwatch = options.source.watch?.(() => void this.look());
    this.#running = Promise.resolve();
    this.#queued = undefined;
  }

  /** Looks, after a look that is under way. Resolves when that is done, whether or not anything was found. */
  look(): Promise<void> {
    if (this.#queued !== undefined) return this.#queued;
    const queued = this.#running.then(() => {
      this.#queued = undefined;
      return this.#look();
    });
    this.#queued = queued;
    this.#running = queued;
    return queued;
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#unwatch?.();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    this.#cancel?.();
    let found: readonly FoundEndpoint[] | undefined;
    let error: string | undefined;
    try {
      found = await this.source.find();
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    if (this.#closed) return;
    const turned = error !== this.error;
    this.error = error;
    if (found !== undefined) this.#take(found);
    else this.#failures++;
    if (turned) this.#options.onTurn(error);
    this.#lookAgain();
  }

  #take(found: readonly FoundEndpoint[]): void {
    this.#failures = 0;
    this.foundMs = this.#options.now();
    if (JSON.stringify(found) === JSON.stringify(this.found)) return;
    this.found = found;
    this.version++;
    this.#options.onChange();
  }

  #lookAgain(): void {
    const { refreshMs } = this.source;
    if (refreshMs === undefined) return;
    const { schedule, random } = this.#options;
    const ms = this.#failures === 0 ? refreshMs : Math.min(refreshMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#cancel = schedule(withJitter(ms, random()), () => void this.look());
  }
}
