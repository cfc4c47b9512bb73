import { GatewayError } from '../errors/gateway-error.ts';

/** Where a top-level field stands in the bytes of a JSON object. */
export interface FieldSpan {
  /** Offset of the key's opening quote. */
  keyStart: number;
  /** Offset of the value's first byte. */
  start: number;
  /** Offset behind the value's last byte. */
  end: number;
}

/** What `scanObject` found. */
export interface ScannedObject {
  /** The wanted fields that are there, by name. */
  fields: Readonly<Record<string, FieldSpan | undefined>>;
  /** Offset of the opening brace. */
  start: number;
  /** Offset of the closing brace. */
  end: number;
  /** Whether the object has no field at all. */
  empty: boolean;
  /** For each string of `LONG_STRING` bytes and more, in order: offsets of its opening and its closing quote. */
  longStrings: readonly number[];
}

/** How `scanObject` goes about it. */
export interface ScanOptions {
  /** Takes the span of every top-level field in order. */
  readonly members?: FieldSpan[];
  /** Whether to refuse fields that a reader which ignores case would take for wanted ones. */
  readonly exactCase?: boolean;
}

const PLAIN_SCAN: ScanOptions = {};

/** Strings from this length on, in bytes, are noted by the scan: another search for their ends would be felt. */
export const LONG_STRING = 64 * 1024;

/** Deepest nesting accepted: deeper bodies only serve to exhaust a parser's stack. */
const MAX_DEPTH = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
/** Strings up to this length are walked in script; a native search pays off only for longer ones. */
const SHORT_STRING = 48;

function malformed(offset: number, expected: string): GatewayError {
  return new GatewayError(
    'malformed_request',
    `The request body is not valid JSON: expected ${expected} at byte ${offset}.`,
  );
}

/** Never reads beyond the end: one such read makes every read at that place in the code slow. */
function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
    at++;
  }
  return at;
}

/** Offset behind the closing quote of the string whose opening quote is at `open`; a long one is noted in `long`. */
function skipString(bytes: Uint8Array, open: number, long?: number[]): number {
  let at = open + 1;
  const walkEnd = Math.min(bytes.length, at + SHORT_STRING);
  while (at < walkEnd) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 2;
    else if (byte >= 0x20) at++;
    else throw malformed(at, 'an escaped control character inside a string');
  }
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) throw malformed(bytes.length, 'the end of a string');
    let slashes = quote;
    while (slashes > at && bytes[slashes - 1] === BACKSLASH) slashes--;
    if ((quote - slashes) % 2 === 0) {
      if (quote - open > LONG_STRING) long?.push(open, quote);
      return quote + 1;
    }
    at = quote + 1;
  }
}

function isDelimiter(byte: number | undefined): boolean {
  return (
    byte === undefined ||
    byte === COMMA ||
    byte === CLOSE_OBJECT ||
    byte === CLOSE_ARRAY ||
    byte === 0x20 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x09
  );
}

/** Whether the ASCII text stands at this offset. */
function standsAt(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
  if (at === from) throw malformed(at, 'a digit');
  return at;
}

/** Offset behind the number at `start` (RFC 8259 §6). */
function skipNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === 0x2d ? start + 1 : start;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    at = skipDigits(bytes, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
  }
  return at;
}

function skipLiteral(bytes: Uint8Array, start: number): number {
  if (standsAt(bytes, start, 'true') || standsAt(bytes, start, 'null')) return start + 4;
  if (standsAt(bytes, start, 'false')) return start + 5;
  throw malformed(start, 'a value');
}

/** Offset behind the number, `true`, `false` or `null` at `start`. */
function skipPrimitive(bytes: Uint8Array, start: number): number {
  const first = bytes[start] as number;
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
  const end = isNumber ? skipNumber(bytes, start) : skipLiteral(bytes, start);
  if (!isDelimiter(bytes[end])) throw malformed(end, 'the end of a value');
  return end;
}

/** Offset of the next byte that is no white space; most often it is this one. */
function next(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) > 0x20 ? at : skipSpace(bytes, at);
}

/** Offset behind the colon of the key at `open`. */
function skipKey(bytes: Uint8Array, open: number, long: number[]): number {
  if (bytes[open] !== QUOTE) throw malformed(open, 'a quoted key');
  const colon = next(bytes, skipString(bytes, open, long));
  if (bytes[colon] !== COLON) throw malformed(colon, 'a colon');
  return colon + 1;
}

/** Offset behind the object or array at `start`; checks the grammar on the way, without recursion. */
function skipContainer(bytes: Uint8Array, start: number, long: number[]): number {
  let closer = bytes[start] === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
  /** The closing bytes of the containers around this one. */
  const outer: number[] = [];
  let at = next(bytes, start + 1);
  let opened = true;
  for (;;) {
    if (bytes[at] === closer) {
      at++;
      if (outer.length === 0) return at;
      closer = outer.pop() as number;
      opened = false;
      at = next(bytes, at);
      continue;
    }
    if (!opened) {
      if (bytes[at] !== COMMA) throw malformed(at, 'a comma or the end of an object or array');
      at = next(bytes, at + 1);
    }
    if (closer === CLOSE_OBJECT) at = next(bytes, skipKey(bytes, at, long));
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = next(bytes, skipString(bytes, at, long));
      opened = false;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (outer.length + 1 >= MAX_DEPTH) {
        throw new GatewayError('malformed_request', `The request body is nested deeper than ${MAX_DEPTH} levels.`);
      }
      outer.push(closer);
      closer = byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      opened = true;
      at = next(bytes, at + 1);
    } else {
      at = next(bytes, skipPrimitive(bytes, at));
      opened = false;
    }
  }
}

/** Offset behind the value at `start`. */
function skipValue(bytes: Uint8Array, start: number, long: number[]): number {
  const first = bytes[start];
  if (first === QUOTE) return skipString(bytes, start, long);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipContainer(bytes, start, long);
  return skipPrimitive(bytes, start);
}

function otherCase(spelt: string, name: string): GatewayError {
  return new GatewayError(
    'malformed_request',
    `The field "${spelt.replace(/[^!-~]/g, '?')}" is read as "${name}" by some providers and ignored by others; write it "${name}".`,
    { param: name },
  );
}

/** Whether the ASCII text stands at this offset, in whatever case. */
function spelledAt(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const byte = bytes[at + index] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** The name among the wanted ones that a key spells with escapes or beyond ASCII: a plain comparison cannot judge it. */
function decodedKey(decoded: string, wanted: readonly string[], exactCase: boolean): string | undefined {
  if (wanted.includes(decoded)) return decoded;
  // Upper case joins more letters than lower: readers that ignore case take a long s for an s.
  const upper = decoded.toUpperCase();
  const meant = exactCase ? wanted.find((name) => name.toUpperCase() === upper) : undefined;
  if (meant !== undefined) throw otherCase(decoded, meant);
  return undefined;
}

function decodeKey(bytes: Uint8Array, open: number): string {
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(open, skipString(bytes, open)))) as string;
  } catch {
    throw malformed(open, 'a valid key');
  }
}

/**
 * The wanted name that the key at `open` spells; escapes are decoded so that no spelling hides a field. Throws where it
 * is one in another case and `exactCase` is set.
 */
function wantedKey(
  bytes: Uint8Array,
  open: number,
  { wanted, exactCase }: { wanted: readonly string[]; exactCase: boolean },
): string | undefined {
  for (let index = 0; index < wanted.length; index++) {
    const name = wanted[index] as string;
    const end = open + 1 + name.length;
    if (bytes[end] !== QUOTE) continue;
    if (standsAt(bytes, open + 1, name)) return name;
    if (exactCase && spelledAt(bytes, open + 1, name)) {
      throw otherCase(new TextDecoder().decode(bytes.subarray(open + 1, end)), name);
    }
  }
  for (let at = open + 1; bytes[at] !== QUOTE; at++) {
    const byte = bytes[at] as number;
    if (byte !== BACKSLASH && byte < 0x80) continue;
    return decodedKey(decodeKey(bytes, open), wanted, exactCase);
  }
  return undefined;
}

/**
 * Walks a JSON object without building it and finds the wanted top-level fields. Checks the whole
 * grammar but for the inside of long strings. The cost is linear in the bytes, and small where the bytes are
 * long strings (images): those are searched natively.
 *
 * Throws GatewayError `malformed_request` for anything but one JSON object, and for a wanted field
 * that is there twice: parsers differ in which one they take, so a duplicate could show the gateway
 * another model than the provider. With `exactCase` also for a field that differs from a wanted one in its case alone.
 */
export function scanObject(
  bytes: Uint8Array,
  wanted: readonly string[],
  options: ScanOptions = PLAIN_SCAN,
): ScannedObject {
  const { members, exactCase = false } = options;
  const names = { wanted, exactCase };
  const fields: Record<string, FieldSpan | undefined> = {};
  const longStrings: number[] = [];
  const start = skipSpace(bytes, 0);
  if (start >= bytes.length)
    throw new GatewayError('malformed_request', 'The request body is empty; send a JSON object.');
  if (bytes[start] !== OPEN_OBJECT) throw malformed(start, 'a JSON object');
  let at = skipSpace(bytes, start + 1);
  let empty = true;
  if (bytes[at] !== CLOSE_OBJECT) {
    empty = false;
    for (;;) {
      const keyStart = at;
      const valueStart = next(bytes, skipKey(bytes, keyStart, longStrings));
      const valueEnd = skipValue(bytes, valueStart, longStrings);
      members?.push({ keyStart, start: valueStart, end: valueEnd });
      const key = wantedKey(bytes, keyStart, names);
      if (key !== undefined) {
        if (fields[key] !== undefined) {
          throw new GatewayError('malformed_request', `The field "${key}" is there twice; send it once.`, {
            param: key,
          });
        }
        fields[key] = { keyStart, start: valueStart, end: valueEnd };
      }
      at = next(bytes, valueEnd);
      if (bytes[at] === COMMA) at = next(bytes, at + 1);
      else if (bytes[at] === CLOSE_OBJECT) break;
      else throw malformed(at, 'a comma or the closing brace');
    }
  }
  const end = at;
  if (skipSpace(bytes, end + 1) !== bytes.length) throw malformed(end + 1, 'nothing after the object');
  return { fields, start, end, empty, longStrings };
}
