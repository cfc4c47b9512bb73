/** Something that must end in time. */
export interface Due {
  /** Called once, when its time is over before `done`. */
  timedOut(): void;
}

interface Entry {
  due: Due | undefined;
  readonly atMs: number;
}

/**
 * One time limit for many calls, with one timer: all limits are equal, so the calls end in the order in which they began.
 * The timer runs only while something waits; a call that is over early costs no timer of its own.
 */
export class Deadlines {
  readonly #limitMs: number;
  #entries: Entry[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Starts the clock for a call; the function returned stops it. */
  start(due: Due): () => void {
    const entry: Entry = { due, atMs: performance.now() + this.#limitMs };
    this.#entries.push(entry);
    this.#wait(this.#limitMs);
    return () => {
      entry.due = undefined;
      this.#forget();
    };
  }

  /** Stops the clock for good. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #forget(): void {
    while (this.#head < this.#entries.length && this.#entries[this.#head]?.due === undefined) this.#head++;
    if (this.#head === this.#entries.length) this.#entries = [];
    else if (this.#head >= 1024) this.#entries = this.#entries.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#closed) return;
    const now = performance.now();
    for (;;) {
      const entry = this.#entries[this.#head];
      // A timer may fire a fraction of a millisecond early.
      if (entry === undefined || entry.atMs > now + 1) break;
      this.#head++;
      const due = entry.due;
      entry.due = undefined;
      due?.timedOut();
    }
    this.#forget();
    const next = this.#entries[this.#head];
    if (next !== undefined) this.#wait(Math.max(1, next.atMs - now));
  }

  #wait(ms: number): void {
    // After a turn that held the loop, timers come before input: answers that are there already get their chance first.
    this.#timer ??= setTimeout(() => setImmediate(() => this.#look()), ms);
  }
}
