import { isValueCode } from './characters.ts';

/** Most bytes beside the size in the line of a chunk, and most bytes of trailers: they mean nothing here. */
const MAX_EXTRA = 16 * 1024;
/** More is no size of anything. */
const MAX_CHUNK = Number.MAX_SAFE_INTEGER / 32;

const SIZE_START = 0;
const SIZE = 1;
const SIZE_BLANK = 2;
const EXTENSION = 3;
const SIZE_LF = 4;
const DATA = 5;
const DATA_CR = 6;
const DATA_LF = 7;
const TRAILER_START = 8;
const TRAILER = 9;
const TRAILER_LF = 10;
const LAST_LF = 11;
const DONE = 12;

/** The value of a hexadecimal digit; -1 for anything else. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Takes the chunked framing off a body (RFC 9112 §7.1), wherever it is cut. The data of all chunks in one piece of input is
 * moved together in place, so that it can be handed on at once.
 */
export class ChunkedBody {
  /** The data of the last input: from `start` to `end` in it. */
  start = 0;
  end = 0;
  #state = SIZE_START;
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  #extra = 0;

  /** Makes it ready for another body. */
  reset(): void {
    this.#state = SIZE_START;
    this.#left = 0;
    this.#extra = 0;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  /**
   * Reads on in `bytes` from `from` to `length`. Gives where it stopped: there, or at the end of the body; -1 when this is
   * not chunked framing. What came before that is in `start` and `end` all the same.
   */
  read(bytes: Uint8Array, from: number, length: number): number {
    let at = from;
    this.start = from;
    this.end = from;
    while (at < length && this.#state !== DONE) {
      if (this.#state === DATA) {
        const size = Math.min(this.#left, length - at);
        this.#keep(bytes, at, at + size);
        at += size;
        this.#left -= size;
        if (this.#left > 0) break;
        this.#state = DATA_CR;
        // The steps that follow in nearly every body, without the detour.
        if (at + 1 < length && bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
          this.#state = SIZE_START;
          at = this.#plainSize(bytes, at + 2, length);
        }
      } else {
        const next = this.#frame(bytes[at] as number);
        if (next === -1) return -1;
        this.#state = next;
        at++;
      }
    }
    return at;
  }

  /** Steps over the line of a chunk where it is whole and no more than a size, as most are. */
  #plainSize(bytes: Uint8Array, from: number, length: number): number {
    const last = Math.min(length, from + 8) - 1;
    let size = 0;
    let at = from;
    for (; at < last; at++) {
      const digit = hexValue(bytes[at] as number);
      if (digit === -1) break;
      size = size * 16 + digit;
    }
    if (size === 0 || bytes[at] !== 0x0d || at >= last || bytes[at + 1] !== 0x0a) return from;
    this.#left = size;
    this.#state = DATA;
    return at + 2;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.end === this.start) {
      this.start = from;
      this.end = to;
      return;
    }
    bytes.copyWithin(this.end, from, to);
    this.end += to - from;
  }

  /** The state after a character that is not data; -1 when it must not be there. */
  #frame(code: number): number {
    switch (this.#state) {
      case SIZE_START:
        this.#extra = 0;
        this.#left = hexValue(code);
        return this.#left === -1 ? -1 : SIZE;
      case SIZE: {
        const digit = hexValue(code);
        if (digit === -1) return this.#afterSize(code);
        this.#left = this.#left * 16 + digit;
        if (this.#left > MAX_CHUNK) return -1;
        // Zeros in front make no number larger, and might not end.
        return this.#left === 0 ? this.#skip(SIZE) : SIZE;
      }
      case SIZE_BLANK:
        return this.#afterSize(code);
      case EXTENSION:
        if (code === 0x0d) return SIZE_LF;
        return isValueCode(code) ? this.#skip(EXTENSION) : -1;
      case SIZE_LF:
        if (code !== 0x0a) return -1;
        return this.#left === 0 ? TRAILER_START : DATA;
      case DATA_CR:
        return code === 0x0d ? DATA_LF : -1;
      case DATA_LF:
        return code === 0x0a ? SIZE_START : -1;
      case TRAILER_START:
        if (code === 0x0d) return LAST_LF;
        return isValueCode(code) ? this.#skip(TRAILER) : -1;
      case TRAILER:
        if (code === 0x0d) return TRAILER_LF;
        return isValueCode(code) ? this.#skip(TRAILER) : -1;
      case TRAILER_LF:
        return code === 0x0a ? TRAILER_START : -1;
      case LAST_LF:
        return code === 0x0a ? DONE : -1;
      default:
        return -1;
    }
  }

  #afterSize(code: number): number {
    if (code === 0x0d) return SIZE_LF;
    if (code === 0x3b) return this.#skip(EXTENSION);
    return code === 0x20 || code === 0x09 ? this.#skip(SIZE_BLANK) : -1;
  }

  /** Passes over a character that means nothing, of which there may be so many. */
  #skip(state: number): number {
    return ++this.#extra > MAX_EXTRA ? -1 : state;
  }
}
