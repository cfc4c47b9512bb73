/** A request that waits for its turn. In one queue at a time, at most once. */
export class Waiter {
  /** Called once, when the waiter has the place: it must release it. */
  readonly proceed: () => void;
  /** Neighbour in the queue; kept by the queue. */
  previous: Waiter | undefined;
  /** Neighbour in the queue; kept by the queue. */
  next: Waiter | undefined;
  /** The queue it waits in; kept by the queue. */
  queue: ConcurrencyLimit | undefined;

  constructor(proceed: () => void) {
    this.proceed = proceed;
    this.previous = undefined;
    this.next = undefined;
    this.queue = undefined;
  }
}

/**
 * Bounds the requests a target works on at a time, with a bounded queue in order of arrival. Every call is
 * O(1). Deadlines are the caller's: it removes a waiter whose time has passed or whose client has left.
 */
export class ConcurrencyLimit {
  /** Requests that hold a place. */
  active: number;
  /** Requests that wait. */
  queued: number;
  /** Requests that found the queue full. */
  refused: number;
  readonly #maxActive: number;
  readonly #maxQueued: number;
  #head: Waiter | undefined;
  #tail: Waiter | undefined;
  #freed: number;
  #handing: boolean;

  constructor(maxActive: number, maxQueued: number) {
    this.active = 0;
    this.queued = 0;
    this.refused = 0;
    this.#maxActive = maxActive;
    this.#maxQueued = maxQueued;
    this.#head = undefined;
    this.#tail = undefined;
    this.#freed = 0;
    this.#handing = false;
  }

  /** Whether a request would get a place at once. */
  hasRoom(): boolean {
    return this.active < this.#maxActive && this.queued === 0;
  }

  /** Whether a request would get a place or a seat in the queue. */
  takes(): boolean {
    return this.hasRoom() || this.queued < this.#maxQueued;
  }

  /** Takes a place if one is free and nobody waits for it. Each place taken must be released once. */
  tryAcquire(): boolean {
    if (!this.hasRoom()) return false;
    this.active++;
    return true;
  }

  /** Puts a waiter at the end of the queue; false: the queue is full. */
  enqueue(waiter: Waiter): boolean {
    if (waiter.queue !== undefined) throw new Error('a waiter can wait in one queue only');
    if (this.queued >= this.#maxQueued) {
      this.refused++;
      return false;
    }
    waiter.queue = this;
    waiter.previous = this.#tail;
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.next = waiter;
    this.#tail = waiter;
    this.queued++;
    return true;
  }

  /** Takes a waiter out of the queue; false: it no longer waits here (it may hold a place by now). */
  remove(waiter: Waiter): boolean {
    if (waiter.queue !== this) return false;
    this.#unlink(waiter);
    return true;
  }

  /** Gives a place back; the first waiter gets it at once. */
  release(): void {
    this.#freed++;
    // A waiter that fails at once releases within its own call: a loop, lest a long queue exhaust the stack.
    if (this.#handing) return;
    this.#handing = true;
    try {
      while (this.#freed > 0) {
        this.#freed--;
        const waiter = this.#head;
        if (waiter === undefined) {
          this.active--;
        } else {
          this.#unlink(waiter);
          waiter.proceed();
        }
      }
    } finally {
      this.#handing = false;
    }
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#head = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#tail = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    waiter.queue = undefined;
    this.queued--;
  }
}
