import type { RedisLink } from './redis-client.ts';
import type { RedisScript } from './redis-scripts.ts';

/** A call that changes counters and whose answer nobody waits for. */
export interface Settlement {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** When it was first sent, on the queue's own clock; undefined until then. */
  sentMs?: number;
}

/** How a SettlementQueue is bounded. */
export interface SettlementQueueOptions {
  link: RedisLink;
  script: RedisScript;
  /** What may wait while Redis is away; beyond it the oldest are lost and counted. Default 20,000 (about 20 MB). */
  maxQueued?: number;
  /** What may be under way to Redis at a time; the rest waits in the queue. Default 2048. */
  maxInFlight?: number;
}

/** The scripts remember for a minute what was settled; a repeat after that could count twice. */
const REPEATABLE_MS = 50_000;
const PAUSE_MS = 100;

/**
 * Sends settlements to Redis as they come, pipelined, and keeps those that fail until Redis is back. Repeats are safe:
 * the script knows what it has done. Bounded in memory and in what is under way.
 */
export class SettlementQueue {
  readonly #link: RedisLink;
  readonly #script: RedisScript;
  readonly #maxQueued: number;
  readonly #maxInFlight: number;
  #waiting: (Settlement | undefined)[] = [];
  /** Where `#waiting` begins: what lies before has gone. */
  #head = 0;
  #inFlight = 0;
  #lost = 0;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void)[] = [];
  #closed = false;

  constructor(options: SettlementQueueOptions) {
    this.#link = options.link;
    this.#script = options.script;
    this.#maxQueued = options.maxQueued ?? 20_000;
    this.#maxInFlight = options.maxInFlight ?? 2048;
    this.#link.onReady(() => this.#drain());
  }

  get queued(): number {
    return this.#waiting.length - this.#head;
  }

  /** Settlements that were given up: pushed out by the bound, refused by Redis, or too old to be repeated safely. */
  get lost(): number {
    return this.#lost;
  }

  add(settlement: Settlement): void {
    if (this.#closed) this.#lost++;
    else if (this.queued === 0 && this.#link.ready && this.#inFlight < this.#maxInFlight) this.#send(settlement);
    else this.#keep(settlement);
  }

  /** Resolves when nothing waits or is under way, or when the time is over. */
  idle(limitMs: number): Promise<void> {
    if (this.queued === 0 && this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Stops; what still waits is lost. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#lost += this.queued;
    this.#waiting = [];
    this.#head = 0;
  }

  #keep(settlement: Settlement): void {
    if (this.#closed) {
      this.#lost++;
      return;
    }
    this.#waiting.push(settlement);
    if (this.queued > this.#maxQueued) {
      this.#take();
      this.#lost++;
    }
  }

  #take(): Settlement | undefined {
    const settlement = this.#waiting[this.#head];
    this.#waiting[this.#head++] = undefined;
    if (this.#head >= 1024 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return settlement;
  }

  #send(settlement: Settlement): void {
    settlement.sentMs ??= performance.now();
    this.#inFlight++;
    this.#link.run(this.#script, settlement.keys, settlement.args).then(
      () => this.#sent(),
      (error: unknown) => this.#failed(settlement, error),
    );
  }

  #sent(): void {
    this.#inFlight--;
    if (this.queued > 0) this.#drain();
    else if (this.#inFlight === 0) this.#tellIdle();
  }

  #failed(settlement: Settlement, error: unknown): void {
    this.#inFlight--;
    const tooOld = performance.now() - (settlement.sentMs ?? 0) > REPEATABLE_MS;
    // A fault of the script itself would come back for ever.
    const refused = error instanceof Error && /^(?:ERR|WRONGTYPE|NOPERM)/.test(error.message);
    if (tooOld || refused) this.#lost++;
    else this.#keep(settlement);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
    }, PAUSE_MS).unref();
    if (this.queued === 0 && this.#inFlight === 0) this.#tellIdle();
  }

  #drain(): void {
    // After a failure the pause decides, lest a server that answers with errors be asked without end.
    if (this.#timer !== undefined || this.#closed) return;
    while (this.queued > 0 && this.#link.ready && this.#inFlight < this.#maxInFlight) {
      const settlement = this.#take();
      if (settlement !== undefined) this.#send(settlement);
    }
    if (this.queued === 0 && this.#inFlight === 0) this.#tellIdle();
  }

  #tellIdle(): void {
    const listeners = this.#onIdle;
    this.#onIdle = [];
    for (const listener of listeners) listener();
  }
}
