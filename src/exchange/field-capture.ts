import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Largest value kept: usage objects and model names are far smaller. */
const MAX_VALUE = 16 * 1024;
const MAX_KEY = 64;

/**
 * Reads chosen top-level fields of a JSON object that goes by in pieces, without keeping the rest.
 * Trusts the grammar: nonsense gives no fields, never an error.
 */
export class FieldCapture {
  readonly #wanted: ReadonlySet<string>;
  readonly #values: JsonObject = {};
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** At depth 1: whether the next string is a key. */
  #expectKey = false;
  #key = '';
  #readingKey = false;
  #capturing: string | undefined = undefined;
  #captured = '';

  constructor(wanted: readonly string[]) {
    this.#wanted = new Set(wanted);
  }

  /** Takes the next piece. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inString) at = this.#walkString(chunk, at);
      else {
        this.#step(chunk[at] as number);
        at++;
      }
    }
  }

  /** The wanted fields seen whole. */
  values(): JsonObject {
    return this.#values;
  }

  /** Walks to the end of the string or of the chunk. */
  #walkString(chunk: Uint8Array, from: number): number {
    let at = from;
    const keep = this.#readingKey || this.#capturing !== undefined;
    while (at < chunk.length) {
      if (this.#escaped) {
        this.#escaped = false;
        at++;
        continue;
      }
      // Strings that nobody reads are searched natively for their end.
      if (!keep && chunk.length - at > 64) {
        const quote = chunk.indexOf(QUOTE, at);
        const slash = chunk.indexOf(BACKSLASH, at);
        if (slash === -1 || (quote !== -1 && quote < slash)) {
          if (quote === -1) return chunk.length;
          this.#inString = false;
          return quote + 1;
        }
        at = slash;
      }
      const byte = chunk[at] as number;
      at++;
      if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        break;
      }
    }
    if (keep) this.#keep(latin1(chunk, from, at));
    if (!this.#inString && this.#readingKey) this.#readingKey = false;
    return at;
  }

  #keep(text: string): void {
    if (this.#readingKey) {
      if (this.#key.length < MAX_KEY) this.#key += text;
    } else if (this.#captured.length <= MAX_VALUE) this.#captured += text;
  }

  #step(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        if (this.#depth === 1 && this.#expectKey) {
          this.#readingKey = true;
          this.#key = '';
          this.#expectKey = false;
          return;
        }
        break;
      case 0x7b: // {
        if (this.#depth === 0) this.#expectKey = true;
        this.#depth++;
        break;
      case 0x5b: // [
        this.#depth++;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        this.#depth--;
        if (this.#depth === 0) {
          this.#finish();
          return;
        }
        break;
      case 0x3a: // :
        if (this.#depth === 1) {
          const key = this.#key.slice(0, -1);
          if (this.#wanted.has(key)) {
            this.#capturing = key;
            this.#captured = '';
          }
          return;
        }
        break;
      case 0x2c: // ,
        if (this.#depth === 1) {
          this.#finish();
          this.#expectKey = true;
          return;
        }
        break;
      default:
        break;
    }
    if (this.#capturing !== undefined && this.#captured.length <= MAX_VALUE)
      this.#captured += String.fromCharCode(byte);
  }

  #finish(): void {
    if (this.#capturing === undefined) return;
    try {
      // Collected as one character for each byte.
      const value = JSON.parse(Buffer.from(this.#captured, 'latin1').toString('utf8')) as JsonValue;
      if (isObject(value) || typeof value === 'string' || typeof value === 'number')
        this.#values[this.#capturing] = value;
    } catch {
      // A value that is not JSON, or too long: nothing to read.
    }
    this.#capturing = undefined;
    this.#captured = '';
  }
}

function latin1(chunk: Uint8Array, start: number, end: number): string {
  return (chunk as Buffer).toString('latin1', start, end);
}
