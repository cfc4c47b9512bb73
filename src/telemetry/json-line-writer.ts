import type { JsonValue } from '../json/types.ts';
import { writeJson } from './json-bytes.ts';
import { jsonString } from './json-text.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const LINE_FEED = 0x0a;
/** Up to so many bytes a loop beats the call of a copy. */
const SHORT = 24;

/** One field of the lines. */
interface Field<Record> {
  /** What stands before the value: a comma, the name, a colon. */
  readonly prefix: Uint8Array;
  readonly get: (record: Record) => JsonValue | undefined;
  /**
   * Whether the line before holds this field with the value `last`, fit to be copied: the first field of a line is not, since
   * its comma has become the brace.
   */
  known: boolean;
  last: JsonValue | undefined;
  /** Where it stands in the line before; both ends are the same for a field that was left out. */
  from: number;
  to: number;
}

function copy(source: Buffer, { from, to }: { from: number; to: number }, target: Buffer, start: number): void {
  if (to - from <= SHORT) for (let at = from; at < to; at++) target[start + at - from] = source[at] as number;
  else if (source === target) target.copyWithin(start, from, to);
  else source.copy(target, start, from, to);
}

/**
 * Writes JSON lines of the same fields. Most of a line is what the line before said, in one or two stretches: these are copied,
 * and only what differs is written. The memory that the last line was written to must not change before the next one.
 */
export class JsonLineWriter<Record> {
  readonly #fields: readonly Field<Record>[];
  readonly #omitEmpty: boolean;
  #before: Buffer = Buffer.alloc(0);

  /** `fields` are names and getters; with `omitEmpty` fields without a value are left out, else they are `null`. */
  constructor(fields: readonly (readonly [string, Field<Record>['get']])[], omitEmpty: boolean) {
    this.#omitEmpty = omitEmpty;
    this.#fields = fields.map(([name, get]) => ({
      prefix: new Uint8Array(Buffer.from(`,${jsonString(name)}:`)),
      get,
      known: false,
      last: undefined,
      from: 0,
      to: 0,
    }));
  }

  /** Writes the line of a record from `start` on and returns where it ends; -1 when it does not fit. */
  write(record: Record, bytes: Buffer, start: number): number {
    let end = this.#writeFields(record, bytes, start);
    // An object has its opening brace even when it has no field.
    if (end === start) end++;
    if (end === -1 || end + 2 > bytes.length) {
      for (const field of this.#fields) field.known = false;
      return -1;
    }
    this.#before = bytes;
    bytes[start] = OPEN;
    bytes[end] = CLOSE;
    bytes[end + 1] = LINE_FEED;
    return end + 2;
  }

  #writeFields(record: Record, bytes: Buffer, start: number): number {
    let at = start;
    /** The stretch of the line before that comes next. */
    const same = { from: 0, to: 0 };
    for (const field of this.#fields) {
      const value = field.get(record);
      const { from, to } = field;
      if (field.known && value === field.last) {
        if (from !== same.to) {
          copy(this.#before, same, bytes, at);
          at += same.to - same.from;
          same.from = from;
        }
        same.to = to;
        field.from = at + from - same.from;
        field.to = at + to - same.from;
        if (field.to > bytes.length) return -1;
        field.known = field.from !== start;
        continue;
      }
      copy(this.#before, same, bytes, at);
      at += same.to - same.from;
      same.from = 0;
      same.to = 0;
      field.from = at;
      at = this.#writeField(field, value, bytes, at);
      if (at === -1) return -1;
      field.to = at;
      field.known = typeof value !== 'object' && field.from !== start;
      field.last = value;
    }
    copy(this.#before, same, bytes, at);
    return at + same.to - same.from;
  }

  #writeField({ prefix }: Field<Record>, value: JsonValue | undefined, bytes: Buffer, start: number): number {
    if (this.#omitEmpty && (value === undefined || value === null)) return start;
    const { length } = prefix;
    if (start + length > bytes.length) return -1;
    for (let at = 0; at < length; at++) bytes[start + at] = prefix[at] as number;
    return writeJson(value, bytes, start + length);
  }
}
