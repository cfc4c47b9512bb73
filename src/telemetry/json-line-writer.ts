import type { JsonValue } from '../json/types.ts';
import { writeJson } from './json-bytes.ts';
import { jsonString } from './json-text.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const LINE_FEED = 0x0a;
/** Up to so many bytes a loop beats the call of a copy. */
const SHORT = 24;
/** Stands for a value that must be written anew whatever comes. */
const UNKNOWN = Symbol('unknown');

/** Copies a stretch to another place and returns where it ends there; -1 when it does not fit. */
function copy(source: Buffer, { from, to }: { from: number; to: number }, target: Buffer, start: number): number {
  const end = start + to - from;
  if (end > target.length) return -1;
  if (to - from <= SHORT) for (let at = from; at < to; at++) target[start + at - from] = source[at] as number;
  else if (source === target) target.copyWithin(start, from, to);
  else source.copy(target, start, from, to);
  return end;
}

/** One field of the lines: its name and what reads its value. */
type Field<Record> = readonly [name: string, get: (record: Record) => JsonValue | undefined];

/**
 * Writes JSON lines of the same fields. Most of a line is what the line before said, in one or two stretches: these are copied,
 * and only what differs is written. The memory that the last line was written to must not change before the next one.
 *
 * What is known of the fields lies side by side in lists: between two lines much else has been in the processor's caches.
 */
export class JsonLineWriter<Record> {
  readonly #getters: readonly Field<Record>[1][];
  /** What stands before the values: a comma, the name, a colon. */
  readonly #prefixes: readonly Uint8Array[];
  readonly #omitEmpty: boolean;
  /** The values of the line before. */
  readonly #last: (JsonValue | undefined | typeof UNKNOWN)[];
  /** The bytes of each field in the line before; 0 for a field that was left out. */
  readonly #lengths: Int32Array;
  #before: Buffer = Buffer.alloc(0);
  #beforeStart = 0;
  /** Up to here the fields of the line before are not fit to be copied: the comma of its first field has become the brace. */
  #first = 0;

  /** `fields` are names and getters; with `omitEmpty` fields without a value are left out, else they are `null`. */
  constructor(fields: readonly Field<Record>[], omitEmpty: boolean) {
    this.#omitEmpty = omitEmpty;
    this.#getters = fields.map(([, get]) => get);
    this.#prefixes = fields.map(([name]) => new Uint8Array(Buffer.from(`,${jsonString(name)}:`)));
    this.#last = fields.map(() => UNKNOWN);
    this.#lengths = new Int32Array(fields.length);
  }

  /** Writes the line of a record from `start` on and returns where it ends; -1 when it does not fit. */
  write(record: Record, bytes: Buffer, start: number): number {
    let end = this.#writeFields(record, bytes, start);
    // An object has its opening brace even when it has no field.
    if (end === start) end++;
    if (end === -1 || end + 2 > bytes.length) {
      this.#last.fill(UNKNOWN);
      return -1;
    }
    this.#before = bytes;
    this.#beforeStart = start;
    this.#first = 0;
    while (this.#lengths[this.#first] === 0) this.#first++;
    bytes[start] = OPEN;
    bytes[end] = CLOSE;
    bytes[end + 1] = LINE_FEED;
    return end + 2;
  }

  #writeFields(record: Record, bytes: Buffer, start: number): number {
    const getters = this.#getters;
    const last = this.#last;
    const lengths = this.#lengths;
    const first = this.#first;
    let at = start;
    /** The stretch of the line before that comes next. */
    let from = this.#beforeStart;
    let to = from;
    for (let index = 0; index < getters.length; index++) {
      const value = (getters[index] as Field<Record>[1])(record);
      const length = lengths[index] as number;
      if (value === last[index] && index > first) {
        to += length;
        continue;
      }
      if (to > from) at = copy(this.#before, { from, to }, bytes, at);
      if (at === -1) return -1;
      to += length;
      from = to;
      const end = this.#writeField(index, value, bytes, at);
      if (end === -1) return -1;
      lengths[index] = end - at;
      last[index] = typeof value === 'object' ? UNKNOWN : value;
      at = end;
    }
    return copy(this.#before, { from, to }, bytes, at);
  }

  #writeField(index: number, value: JsonValue | undefined, bytes: Buffer, start: number): number {
    if (this.#omitEmpty && (value === undefined || value === null)) return start;
    const prefix = this.#prefixes[index] as Uint8Array;
    const { length } = prefix;
    if (start + length > bytes.length) return -1;
    for (let at = 0; at < length; at++) bytes[start + at] = prefix[at] as number;
    return writeJson(value, bytes, start + length);
  }
}
