import type { RequestHead } from './request-head.ts';

/** Longer heads are not remembered. */
const MAX_HEAD = 2048;
/** Digits of a length that is taken as it stands. */
const MAX_DIGITS = 9;

/**
 * The head of the last request of one connection: most clients send the same again, with the length of another body. What has
 * the same bytes means the same and need not be parsed.
 */
export class RepeatedHead {
  #head: RequestHead | undefined = undefined;
  /** The head up to the value of Content-Length, a character for each byte; all of it when there is none. */
  #before = '';
  /** What follows that value. */
  #after = '';

  /** The head that the bytes start with, if it is that of the last request with any length; undefined otherwise. */
  match(bytes: Buffer, maxBytes: number): RequestHead | undefined {
    const last = this.#head;
    if (last === undefined) return undefined;
    const before = this.#before;
    const after = this.#after;
    const lengthAt = before.length;
    const text = bytes.toString('latin1', 0, Math.min(bytes.length, lengthAt + MAX_DIGITS + after.length));
    if (text.slice(0, lengthAt) !== before) return undefined;
    if (last.lengthIndex === -1) return last.headBytes <= maxBytes ? last : undefined;
    let at = lengthAt;
    let bodyBytes = 0;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      bodyBytes = bodyBytes * 10 + digit;
    }
    const headBytes = at + after.length;
    if (headBytes > maxBytes || text.slice(at, headBytes) !== after) return undefined;
    if (bodyBytes === last.bodyBytes && headBytes === last.headBytes) return last;
    // The parser has its say on what is no plain number.
    if (at === lengthAt || (at > lengthAt + 1 && text.charCodeAt(lengthAt) === 0x30)) return undefined;
    const rawHeaders = last.rawHeaders.slice();
    rawHeaders[last.lengthIndex] = text.slice(lengthAt, at);
    return { ...last, rawHeaders, headBytes, bodyBytes };
  }

  /** Takes the head that was parsed from the start of the bytes. */
  remember(bytes: Buffer, head: RequestHead): void {
    const { headBytes, lengthAt, lengthIndex } = head;
    this.#head = undefined;
    if (headBytes > MAX_HEAD) return;
    const text = bytes.toString('latin1', 0, headBytes);
    const value = lengthIndex === -1 ? '' : (head.rawHeaders[lengthIndex] as string);
    if (value.length > MAX_DIGITS) return;
    this.#before = lengthIndex === -1 ? text : text.slice(0, lengthAt);
    this.#after = lengthIndex === -1 ? '' : text.slice(lengthAt + value.length);
    this.#head = head;
  }
}
