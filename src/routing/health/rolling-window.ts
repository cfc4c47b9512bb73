/** Slices of a window: how finely old counts leave it. */
const SLICES = 10;

/** Place of a slice; a clock may start below 0. */
function slot(slice: number): number {
  return ((slice % SLICES) + SLICES) % SLICES;
}

/**
 * Two counts over a rolling window, such as requests and failures. O(1) for each call: counts leave the
 * window a tenth of it at a time, when a later call shows that their time has passed.
 */
export class RollingWindow {
  /** First counts within the window, as of the last call that was given a time. */
  first: number;
  /** Second counts within the window, as of the last call that was given a time. */
  second: number;
  readonly #sliceMs: number;
  readonly #firsts: number[];
  readonly #seconds: number[];
  #slice: number;

  constructor(windowMs: number) {
    this.first = 0;
    this.second = 0;
    this.#sliceMs = Math.max(1, windowMs / SLICES);
    this.#firsts = [];
    this.#seconds = [];
    this.#slice = Number.NEGATIVE_INFINITY;
  }

  /** Lets go of what has left the window. Call it before reading `first` and `second`. */
  advance(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    if (slice <= this.#slice) return;
    if (slice - this.#slice >= SLICES) {
      if (this.first !== 0 || this.second !== 0) this.clear();
    } else if (this.#firsts.length > 0) {
      for (let past = this.#slice + 1; past <= slice; past++) this.#empty(past);
    }
    this.#slice = slice;
  }

  /** Adds to both counts. */
  add(nowMs: number, first: number, second: number): void {
    this.advance(nowMs);
    // Most targets of a large configuration are never used: no memory before the first count.
    if (this.#firsts.length === 0) this.clear();
    const at = slot(this.#slice);
    this.first += first;
    this.second += second;
    this.#firsts[at] = (this.#firsts[at] ?? 0) + first;
    this.#seconds[at] = (this.#seconds[at] ?? 0) + second;
  }

  /** Forgets everything. */
  clear(): void {
    this.first = 0;
    this.second = 0;
    for (let at = 0; at < SLICES; at++) {
      this.#firsts[at] = 0;
      this.#seconds[at] = 0;
    }
  }

  #empty(slice: number): void {
    const at = slot(slice);
    this.first -= this.#firsts[at] ?? 0;
    this.second -= this.#seconds[at] ?? 0;
    this.#firsts[at] = 0;
    this.#seconds[at] = 0;
  }
}
