import type { JsonValue } from '../json/types.ts';
import { jsonText } from './json-text.ts';

/** Longest field that is remembered, in bytes: models, routes and hosts are shorter. */
const MAX_REMEMBERED = 512;
/** A field that changed this many times more often than it stayed is written anew each time. */
const MAX_MISSES = 64;

/**
 * Writes one field of a JSON object again and again. Most fields of a log are the same line after line: these are
 * remembered as bytes, and no text is made of them nor looked at.
 */
export class JsonField {
  readonly #prefix: string;
  #last: JsonValue | undefined = undefined;
  #bytes: Uint8Array = new Uint8Array();
  #misses = 0;

  /** `prefix` is what stands before the value. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Writes prefix and value from `start` on and returns where they end; -1 when they do not fit. */
  write(value: JsonValue | undefined, bytes: Buffer, start: number): number {
    if (value === this.#last && this.#bytes.length > 0) {
      const known = this.#bytes;
      const { length } = known;
      if (start + length > bytes.length) return -1;
      // A few bytes: a loop beats the call of a copy.
      for (let at = 0; at < length; at++) bytes[start + at] = known[at] as number;
      if (this.#misses > 0) this.#misses--;
      return start + length;
    }
    const text = this.#prefix + jsonText(value);
    // UTF-8 needs at most three bytes for each UTF-16 unit.
    if (start + text.length * 3 > bytes.length) return -1;
    const end = start + bytes.write(text, start, 'utf8');
    if (this.#misses < MAX_MISSES) {
      this.#misses++;
      if (typeof value !== 'object' && end - start <= MAX_REMEMBERED) {
        this.#last = value;
        this.#bytes = new Uint8Array(bytes.subarray(start, end));
      }
    }
    return end;
  }
}
