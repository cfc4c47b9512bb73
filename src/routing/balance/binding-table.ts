import { mix32 } from './hash.ts';

/** Most bindings a table holds; a further one takes the place of another. */
const SLOTS = 8_192;

/**
 * Keys that go elsewhere than their hash says, each for a bounded time. A fixed table of numbers, made when the
 * first binding comes: no memory for each request, nothing to sweep.
 */
export class BindingTable {
  readonly #lifetimeMs: number;
  #hashes: Uint32Array | undefined;
  #targets: Int32Array | undefined;
  #until: Float64Array | undefined;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
    this.#hashes = undefined;
    this.#targets = undefined;
    this.#until = undefined;
  }

  /** Candidate a key is bound to; -1: none. */
  get(hash: number, nowMs: number): number {
    if (this.#hashes === undefined || this.#until === undefined || this.#targets === undefined) return -1;
    const slot = this.#slot(hash, nowMs);
    if (this.#hashes[slot] !== hash >>> 0 || !(nowMs < (this.#until[slot] ?? 0))) return -1;
    return this.#targets[slot] ?? -1;
  }

  /** Binds a key to a candidate from now on for the lifetime. */
  set(hash: number, target: number, nowMs: number): void {
    this.#hashes ??= new Uint32Array(SLOTS);
    this.#targets ??= new Int32Array(SLOTS);
    this.#until ??= new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
    const slot = this.#slot(hash, nowMs);
    this.#hashes[slot] = hash >>> 0;
    this.#targets[slot] = target;
    this.#until[slot] = nowMs + this.#lifetimeMs;
  }

  /** A key has two places: the one that holds it, else the one that is free sooner. */
  #slot(hash: number, nowMs: number): number {
    const first = mix32(hash) % SLOTS;
    const second = first ^ 1;
    const held = hash >>> 0;
    if (this.#hashes?.[first] === held && (this.#until?.[first] ?? 0) > nowMs) return first;
    if (this.#hashes?.[second] === held && (this.#until?.[second] ?? 0) > nowMs) return second;
    return (this.#until?.[first] ?? 0) <= (this.#until?.[second] ?? 0) ? first : second;
  }
}
