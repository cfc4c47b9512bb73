import type { JsonValue } from '../json/types.ts';
import { jsonText } from './json-text.ts';

/** Longest text that is written character by character: beyond it the runtime's own encoder is faster. */
const MAX_DIRECT = 128;
/** Largest whole number that is written digit by digit, and its length. */
const MAX_DIRECT_NUMBER = 999_999_999;
const MAX_DIGITS = 9;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_VISIBLE = 0x20;
const LAST_VISIBLE = 0x7e;
const ZERO = 0x30;

/** Writes a whole number of at least 0 and returns where it ends. */
function writeDigits(value: number, bytes: Uint8Array, start: number): number {
  let end = start + 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) end++;
  let rest = value;
  for (let at = end - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** Writes a text in quotes and returns where it ends; -1 when a character of it needs more than one byte or an escape. */
function writePlain(text: string, bytes: Uint8Array, start: number): number {
  bytes[start] = QUOTE;
  let at = start + 1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < FIRST_VISIBLE || code > LAST_VISIBLE || code === QUOTE || code === BACKSLASH) return -1;
    bytes[at] = code;
    at++;
  }
  bytes[at] = QUOTE;
  return at + 1;
}

/** Writes a JSON value as UTF-8 from `start` on, as `jsonText` has it, and returns where it ends; -1 when it may not fit. */
export function writeJson(value: JsonValue | undefined, bytes: Buffer, start: number): number {
  if (typeof value === 'string' && value.length <= MAX_DIRECT) {
    if (start + value.length + 2 > bytes.length) return -1;
    const end = writePlain(value, bytes, start);
    if (end !== -1) return end;
  } else if (typeof value === 'number' && value >= 0 && value <= MAX_DIRECT_NUMBER && value === (value | 0)) {
    return start + MAX_DIGITS > bytes.length ? -1 : writeDigits(value, bytes, start);
  }
  const text = jsonText(value);
  // UTF-8 needs at most three bytes for each UTF-16 unit.
  if (start + text.length * 3 > bytes.length) return -1;
  return start + bytes.write(text, start, 'utf8');
}
