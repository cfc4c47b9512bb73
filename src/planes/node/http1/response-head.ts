import { isValueCode, TOKEN_CODES } from './characters.ts';

/** Most bytes of the head of one answer. */
export const MAX_RESPONSE_HEAD = 64 * 1024;

/** So many lines of a head are remembered, and none of heads that are longer than the second. */
const REMEMBERED_LINES = 32;
const REMEMBERED_HEAD = 4096;

const USUAL_STATUS_LINE = 'HTTP/1.1 200 OK\r\n';

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/**
 * The head of one answer (RFC 9112 §4, §5) and what it says of the body's framing and of the connection. One object serves
 * all answers of a connection: `parse` sets every field. Most lines of an answer, if not all, are those of the answer
 * before, at the same place: what they say is not read again.
 */
export class ResponseHead {
  status = 0;
  /** Bytes of the body; -1 when not told. */
  contentLength = -1;
  chunked = false;
  /** Whether another request may follow on the connection, as far as the head tells. */
  keepAlive = true;
  /** How long the provider keeps an idle connection; infinite when not told. */
  keepAliveSeconds = Number.POSITIVE_INFINITY;
  #rawHeaders: string[] = [];
  /** The last head, if it was valid: all fields are as it says. */
  #text = '';
  /** The lines of the last head, each with its CR LF, and the names and values in them in turn. */
  readonly #lines: string[] = [];
  readonly #fields: string[] = [];

  /** Names and values in turn, as on the wire. */
  get rawHeaders(): readonly string[] {
    return this.#rawHeaders;
  }

  /**
   * Reads the head that a text starts with, one character for each byte. `end` is behind the CR LF of its last line, before the
   * empty line. Gives undefined, or says what is wrong with it; the fields mean nothing then.
   */
  parse(text: string, end: number): string | undefined {
    if (end === this.#text.length && text.slice(0, end) === this.#text) return undefined;
    this.#text = '';
    const problem = this.#parseAnew(text, end);
    if (problem === undefined && end <= REMEMBERED_HEAD) this.#text = text.slice(0, end);
    return problem;
  }

  #parseAnew(text: string, end: number): string | undefined {
    this.#rawHeaders = [];
    this.contentLength = -1;
    this.chunked = false;
    this.keepAliveSeconds = Number.POSITIVE_INFINITY;
    const statusEnd = this.#parseStatusLine(text);
    if (statusEnd === -1) return 'the status line is not one of HTTP/1.0 or HTTP/1.1';
    let at = statusEnd;
    for (let line = 0; at < end; line++) {
      const known = this.#lines[line];
      if (known !== undefined && text.slice(at, at + known.length) === known) {
        const problem = this.#take(this.#fields[2 * line] as string, this.#fields[2 * line + 1] as string);
        if (problem !== undefined) return problem;
        at += known.length;
        continue;
      }
      let colon = at;
      while (TOKEN_CODES[text.charCodeAt(colon)] === 1) colon++;
      if (colon === at || text.charCodeAt(colon) !== 0x3a) return 'a header has no valid name';
      const lineEnd = valueEnd(text, colon + 1);
      if (lineEnd === -1) return 'a header has a character that is not allowed';
      const name = text.slice(at, colon);
      const value = trimmed(text, colon + 1, lineEnd);
      const problem = this.#take(name, value);
      if (problem !== undefined) return problem;
      if (line < REMEMBERED_LINES && end <= REMEMBERED_HEAD) {
        this.#lines[line] = text.slice(at, lineEnd + 2);
        this.#fields[2 * line] = name;
        this.#fields[2 * line + 1] = value;
      }
      at = lineEnd + 2;
    }
    if (!this.chunked) return undefined;
    if (this.contentLength !== -1) return 'it has a content-length and is chunked';
    // RFC 9112 §6.1: who says 1.0 does not know that framing, and what follows cannot be trusted.
    if (text.charCodeAt(7) === 0x30) this.keepAlive = false;
    return undefined;
  }

  /** Where the next line starts; -1 when it is no status line. */
  #parseStatusLine(text: string): number {
    if (text.slice(0, USUAL_STATUS_LINE.length) === USUAL_STATUS_LINE) {
      this.status = 200;
      this.keepAlive = true;
      return USUAL_STATUS_LINE.length;
    }
    const minor = text.charCodeAt(7);
    if (!text.startsWith('HTTP/1.') || (minor !== 0x30 && minor !== 0x31) || text.charCodeAt(8) !== 0x20) return -1;
    const first = text.charCodeAt(9);
    const second = text.charCodeAt(10);
    const third = text.charCodeAt(11);
    if (first < 0x31 || !isDigit(first) || !isDigit(second) || !isDigit(third)) return -1;
    this.status = (first - 0x30) * 100 + (second - 0x30) * 10 + (third - 0x30);
    // RFC 9112 §9.3: kept unless told otherwise, which it was not before 1.1.
    this.keepAlive = minor === 0x31;
    const afterCode = text.charCodeAt(12);
    if (afterCode !== 0x20 && afterCode !== 0x0d) return -1;
    const end = valueEnd(text, 12);
    return end === -1 ? -1 : end + 2;
  }

  #take(name: string, value: string): string | undefined {
    this.#rawHeaders.push(name, value);
    switch (name.length) {
      case 10: {
        const lower = name.toLowerCase();
        if (lower === 'connection') this.#takeConnection(value.toLowerCase());
        else if (lower === 'keep-alive') this.#takeKeepAlive(value);
        return undefined;
      }
      case 14:
        return name.toLowerCase() === 'content-length' ? this.#takeLength(value) : undefined;
      case 17:
        return name.toLowerCase() === 'transfer-encoding' ? this.#takeEncoding(value) : undefined;
      default:
        return undefined;
    }
  }

  #takeConnection(value: string): void {
    if (value === 'keep-alive') this.keepAlive = true;
    else if (value.split(',').some((token) => token.trim() === 'close')) this.keepAlive = false;
  }

  #takeKeepAlive(value: string): void {
    const seconds = /(?:^|[\s,;])timeout=(\d{1,9})/i.exec(value)?.[1];
    if (seconds !== undefined) this.keepAliveSeconds = Number(seconds);
  }

  /** Two of them, even equal ones, are signs of an answer that others may read otherwise (RFC 9112 §6.3). */
  #takeLength(value: string): string | undefined {
    if (this.contentLength !== -1) return 'it has two content-lengths';
    if (!/^\d{1,15}$/.test(value)) return 'its content-length is not a number';
    this.contentLength = Number(value);
    return undefined;
  }

  /** Nothing else was asked for: other codings could not be taken off. */
  #takeEncoding(value: string): string | undefined {
    if (this.chunked || value.toLowerCase() !== 'chunked') return 'its transfer-encoding is not "chunked"';
    this.chunked = true;
    return undefined;
  }
}

/** Where the CR LF of a line is; -1 when a character comes before it that no line may hold. */
function valueEnd(text: string, from: number): number {
  let at = from;
  while (isValueCode(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a ? at : -1;
}

/** A part of a text without the blanks around it. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
