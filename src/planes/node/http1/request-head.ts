import { isValueCode, TOKEN_CODES } from './characters.ts';

/** What of a request the bytes of its head tell. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  /** Names and values in turn as on the wire, as Latin-1; values without the white space around them. */
  readonly rawHeaders: readonly string[];
  /** A bit for the length (modulo 32) of each name: most look-ups of headers that are not there end here. */
  readonly nameLengths: number;
  /** Bytes up to and with the empty line. */
  readonly headBytes: number;
  /** Bytes of the body; 0 when none is declared. */
  readonly bodyBytes: number;
  /** Where in `rawHeaders` the value of Content-Length is, and where in the bytes; both -1 when there is none. */
  readonly lengthIndex: number;
  readonly lengthAt: number;
  /** Whether the client wants the connection closed after the answer. */
  readonly close: boolean;
}

/** More headers than this are for the general parser. */
const MAX_HEADERS = 100;

const VERSION = 'HTTP/1.1\r\n';

const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;

/** What each byte may be part of: a name (RFC 9110 section 5.6.2), a value (section 5.5), a target of path and query. */
function classifyBytes(): Uint8Array {
  const classes = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    if (TOKEN_CODES[byte] === 1) classes[byte] = TOKEN;
    if (isValueCode(byte)) classes[byte] = (classes[byte] ?? 0) | VALUE;
    if (byte > 0x20 && byte < 0x7f && character !== '#') classes[byte] = (classes[byte] ?? 0) | TARGET;
  }
  return classes;
}

const CLASSES = classifyBytes();

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const SLASH = 0x2f;

/**
 * Whether the text stands at the offset; `part` when the bytes end within it. Strings, because the answer is compared only.
 */
function startsWith(bytes: Uint8Array, offset: number, text: string): 'yes' | 'no' | 'part' {
  for (let index = 0; index < text.length; index++) {
    if (offset + index >= bytes.length) return 'part';
    if (bytes[offset + index] !== text.charCodeAt(index)) return 'no';
  }
  return 'yes';
}

/** The method of a request of the ordinary form. HEAD, CONNECT and the rest have rules of their own for bodies. */
function methodOf(bytes: Uint8Array): string {
  switch (bytes[0]) {
    case 0x50:
      return bytes[1] === 0x55 ? 'PUT' : 'POST';
    case 0x47:
      return 'GET';
    default:
      return 'DELETE';
  }
}

/** Whether a name is the one given in lower case. */
function isName(name: string, lower: string): boolean {
  if ((name.charCodeAt(0) | 0x20) !== lower.charCodeAt(0)) return false;
  return name === lower || name.toLowerCase() === lower;
}

/** Digits only, no leading zero, and short enough to be exact; undefined otherwise. */
function parseLength(value: string): number | undefined {
  if (value.length === 0 || value.length > 15 || (value.length > 1 && value.charCodeAt(0) === 0x30)) return undefined;
  let length = 0;
  for (let index = 0; index < value.length; index++) {
    const digit = value.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    length = length * 10 + digit;
  }
  return length;
}

/** How a body is delimited and what becomes of the connection, as the headers of one request say. */
class Framing {
  bodyBytes = -1;
  close = false;
  #hasConnection = false;
  #hasHost = false;

  /** Takes notice of a header; false when it, or its second appearance, is beyond the ordinary form. */
  read(name: string, value: string): boolean {
    switch (name.length) {
      case 4: {
        if (!isName(name, 'host')) return true;
        const isFirst = !this.#hasHost;
        this.#hasHost = true;
        return isFirst;
      }
      case 6:
        return !isName(name, 'expect');
      case 7:
        return !isName(name, 'upgrade');
      case 10:
        return !isName(name, 'connection') || this.#readConnection(value);
      case 14: {
        if (!isName(name, 'content-length')) return true;
        const length = parseLength(value);
        if (length === undefined || this.bodyBytes !== -1) return false;
        this.bodyBytes = length;
        return true;
      }
      case 16:
        return !isName(name, 'proxy-connection');
      case 17:
        return !isName(name, 'transfer-encoding');
      default:
        return true;
    }
  }

  get isWhole(): boolean {
    return this.#hasHost;
  }

  #readConnection(value: string): boolean {
    if (this.#hasConnection) return false;
    this.#hasConnection = true;
    if (value === 'keep-alive') return true;
    const lower = value.toLowerCase();
    this.close = lower === 'close';
    return this.close || lower === 'keep-alive';
  }
}

/**
 * Reads the heads of requests of the ordinary form: POST, GET, DELETE or PUT of a path, HTTP/1.1, one Host, at most one
 * Content-Length, nothing that changes how the message is delimited (RFC 9112). It refuses whatever it is not sure of: what
 * it accepts has one meaning to every parser.
 */
export class RequestHeadParser {
  /** Where names and values begin and end, four numbers for each header. */
  readonly #spans = new Int32Array(4 * MAX_HEADERS);

  /**
   * The head at the beginning of the bytes; `incomplete` when more bytes may make it one; `other` when the request is not of
   * the ordinary form or its head has more than `maxBytes`.
   */
  parse(bytes: Buffer, maxBytes: number): RequestHead | 'incomplete' | 'other' {
    const method = methodOf(bytes);
    const begins = startsWith(bytes, 0, method);
    if (begins !== 'yes') return begins === 'part' ? 'incomplete' : 'other';
    const end = Math.min(bytes.length, maxBytes);
    const unfinished = bytes.length < maxBytes ? 'incomplete' : 'other';
    const urlStart = method.length + 1;
    if (urlStart > end) return unfinished;
    if (bytes[urlStart - 1] !== SP) return 'other';
    if (urlStart === end) return unfinished;
    if (bytes[urlStart] !== SLASH) return 'other';
    let at = urlStart;
    while (at < end && ((CLASSES[bytes[at] as number] as number) & TARGET) !== 0) at++;
    if (at === end) return unfinished;
    if (bytes[at] !== SP) return 'other';
    const urlEnd = at;
    const version = startsWith(bytes, at + 1, VERSION);
    if (version !== 'yes') return version === 'no' ? 'other' : unfinished;
    at += 1 + VERSION.length;

    const spans = this.#spans;
    let count = 0;
    for (;;) {
      if (at + 1 >= end) return at < end && bytes[at] !== CR && !isToken(bytes[at] as number) ? 'other' : unfinished;
      if (bytes[at] === CR) break;
      const nameStart = at;
      while (at < end && ((CLASSES[bytes[at] as number] as number) & TOKEN) !== 0) at++;
      if (at === end) return unfinished;
      if (bytes[at] !== COLON || at === nameStart || count === spans.length) return 'other';
      const nameEnd = at++;
      while (at < end && (bytes[at] === SP || bytes[at] === TAB)) at++;
      const valueStart = at;
      while (at < end && ((CLASSES[bytes[at] as number] as number) & VALUE) !== 0) at++;
      if (at + 1 >= end) return at < end && bytes[at] !== CR ? 'other' : unfinished;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return 'other';
      let valueEnd = at;
      while (valueEnd > valueStart && bytes[valueEnd - 1] === SP) valueEnd--;
      // Parsers do not agree on a tab behind a number.
      if (bytes[valueEnd - 1] === TAB && valueEnd > valueStart) return 'other';
      spans[count] = nameStart;
      spans[count + 1] = nameEnd;
      spans[count + 2] = valueStart;
      spans[count + 3] = valueEnd;
      count += 4;
      at += 2;
    }
    if (bytes[at + 1] !== LF) return 'other';
    return this.#toHead(bytes.toString('latin1', 0, at + 2), { method, urlEnd, count });
  }

  #toHead(text: string, line: { method: string; urlEnd: number; count: number }): RequestHead | 'other' {
    const spans = this.#spans;
    const rawHeaders: string[] = [];
    const framing = new Framing();
    let nameLengths = 0;
    let lengthIndex = -1;
    let lengthAt = -1;
    for (let index = 0; index < line.count; index += 4) {
      const name = text.substring(spans[index] as number, spans[index + 1]);
      const value = text.substring(spans[index + 2] as number, spans[index + 3]);
      const isCounted = framing.bodyBytes !== -1;
      if (!framing.read(name, value)) return 'other';
      if (!isCounted && framing.bodyBytes !== -1) {
        lengthIndex = rawHeaders.length + 1;
        lengthAt = spans[index + 2] as number;
      }
      nameLengths |= 1 << (name.length & 31);
      rawHeaders.push(name, value);
    }
    if (!framing.isWhole) return 'other';
    return {
      method: line.method,
      url: text.substring(line.method.length + 1, line.urlEnd),
      rawHeaders,
      nameLengths,
      headBytes: text.length,
      bodyBytes: Math.max(framing.bodyBytes, 0),
      lengthIndex,
      lengthAt,
      close: framing.close,
    };
  }
}

function isToken(byte: number): boolean {
  return ((CLASSES[byte] as number) & TOKEN) !== 0;
}
