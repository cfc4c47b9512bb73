import { STATUS_CODES } from 'node:http';
import { NOT_IN_VALUE, TOKEN } from './characters.ts';
import { HeaderLines } from './header-lines.ts';

/** How long a kept-alive connection may wait for its next request. */
export const KEEP_ALIVE_MS = 75_000;

/** Names of which is remembered that they are valid. */
const MAX_NAMES = 1000;

type NameKind = 'plain' | 'connection' | 'content-length' | 'date' | 'framing';

function kindOf(name: string): NameKind {
  const lower = name.toLowerCase();
  switch (lower) {
    case 'connection':
    case 'content-length':
    case 'date':
      return lower;
    case 'transfer-encoding':
    case 'trailer':
      return 'framing';
    default:
      return 'plain';
  }
}

/** The head of an answer, complete but for how the body is delimited and the empty line. */
export interface ResponseHead {
  readonly text: string;
  /** As declared in its headers; undefined when they do not. */
  readonly contentLength: number | undefined;
  /** Whether the connection ends with the answer. */
  readonly close: boolean;
}

/** Writes heads of answers. One for all connections of a listener: it keeps what they have in common. */
export class ResponseHeadWriter {
  readonly #kinds = new Map<string, NameKind>();
  /** Those that say nothing about connection and framing. */
  readonly #lines = new HeaderLines();
  #second = -1;
  #date = '';

  /**
   * Composes a head as `node:http` does: the headers given, then Date and Connection, unless they are given. How the body is
   * delimited is the connection's: headers about it, but for Content-Length, are left out. Throws TypeError for names and
   * values that would not be what they are for the client (RFC 9110 section 5).
   */
  compose(status: number, headers: readonly string[], close: boolean): ResponseHead {
    if (!(status >= 200 && status <= 999)) throw new RangeError(`Not a status of an answer: ${status}`);
    let text = status === 200 ? 'HTTP/1.1 200 OK\r\n' : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    let contentLength: number | undefined;
    let connection: string | undefined;
    let hasDate = false;
    for (let index = 0; index < headers.length; index += 2) {
      const name = headers[index] as string;
      const value = headers[index + 1] as string;
      const line = this.#lines.find(index, name, value);
      if (line !== undefined) {
        text += line;
        continue;
      }
      const kind = this.#kinds.get(name) ?? this.#classify(name);
      if (NOT_IN_VALUE.test(value)) throw new TypeError(`Invalid character in the value of the header ${name}`);
      if (kind === 'plain') {
        text += this.#lines.add(index, name, value);
        continue;
      }
      if (kind === 'framing') continue;
      if (kind === 'content-length') contentLength = toLength(value);
      else if (kind === 'date') hasDate = true;
      else connection = value.toLowerCase();
      text += `${name}: ${value}\r\n`;
    }
    if (!hasDate) text += this.#dateLine();
    if (connection !== undefined) return { text, contentLength, close: close || connection.includes('close') };
    text += close
      ? 'Connection: close\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n`;
    return { text, contentLength, close };
  }

  #classify(name: string): NameKind {
    if (!TOKEN.test(name)) throw new TypeError(`Not a header name: ${JSON.stringify(name)}`);
    // Providers choose names too.
    if (this.#kinds.size >= MAX_NAMES) this.#kinds.clear();
    const kind = kindOf(name);
    this.#kinds.set(name, kind);
    return kind;
  }

  #dateLine(): string {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(now).toUTCString()}\r\n`;
    }
    return this.#date;
  }
}

function toLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError(`Not a content-length: ${value}`);
  return Number(value);
}
