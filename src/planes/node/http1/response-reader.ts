import { ChunkedBody } from './chunked-body.ts';
import { MAX_RESPONSE_HEAD, ResponseHead } from './response-head.ts';

/** Where most heads end: as much is made text at once. */
const USUAL_HEAD = 2048;
/** What no head holds, of which a line that never ends would show nothing else. */
const NOT_IN_HEAD = /[^\t\r\n\x20-\x7e\x80-\xff]|\r[^\n]|[^\r]\n/;

const IN_HEAD = 0;
const IN_COUNTED = 1;
const IN_CHUNKED = 2;
const UNTIL_CLOSE = 3;
const OVER = 4;

/**
 * Reads the answers of one connection, one after the other, wherever their bytes are cut. `push` leaves what it found in the
 * fields: they hold for the last piece of input alone, but for the head and the two ends, which stay until `begin`.
 */
export class ResponseReader {
  readonly head = new ResponseHead();
  /** Whether the head of the final answer is there; interim ones (1xx) are passed over. */
  hasHead = false;
  /** Bytes of the body in the last input; undefined when there were none. */
  data: Buffer | undefined = undefined;
  /** Whether the answer is whole. */
  complete = false;
  /** What is wrong with the answer: nothing that comes after it can be read. */
  problem: string | undefined = undefined;
  /** Whether bytes came after the end of the answer. */
  excess = false;
  #state = OVER;
  #bodyless = false;
  /** Bytes of a counted body that are still to come. */
  #left = 0;
  /** A head that is not whole. */
  #held = '';
  readonly #chunked = new ChunkedBody();

  /** Makes it ready for the next answer; one to a HEAD request has no body, whatever its head says. */
  begin(toHead: boolean): void {
    this.hasHead = false;
    this.data = undefined;
    this.complete = false;
    this.problem = undefined;
    this.excess = false;
    this.#state = IN_HEAD;
    this.#bodyless = toHead;
    this.#held = '';
  }

  /** Reads on in the first `length` bytes, which it may change. What is in `data` afterwards is a copy. */
  push(bytes: Buffer, length: number): void {
    this.data = undefined;
    let at = 0;
    while (this.#state === IN_HEAD && at < length && this.problem === undefined) at = this.#readHead(bytes, at, length);
    if (this.problem === undefined && at < length) this.#readBody(bytes, at, length);
  }

  /** The connection ended. Tells whether that ends the answer as it should. */
  end(): boolean {
    if (this.#state !== UNTIL_CLOSE) return false;
    this.#finish();
    return true;
  }

  /** Gives where the head's bytes end. */
  #readHead(bytes: Buffer, from: number, length: number): number {
    const known = this.#held.length;
    if (known === 0) {
      const text = bytes.toString('latin1', from, Math.min(length, from + USUAL_HEAD));
      const end = text.indexOf('\r\n\r\n');
      if (end !== -1) {
        this.#takeHead(text, end + 2);
        return from + end + 4;
      }
    }
    // One byte over the bound says enough.
    const until = Math.min(length, from + MAX_RESPONSE_HEAD + 1 - known);
    const text = this.#held + bytes.toString('latin1', from, until);
    const end = text.indexOf('\r\n\r\n', Math.max(0, known - 3));
    if (end !== -1) {
      this.#held = '';
      this.#takeHead(text, end + 2);
      return from + end + 4 - known;
    }
    this.#held = text;
    if (text.length > MAX_RESPONSE_HEAD) this.problem = 'its head is too large';
    // What cannot become a head is told at once: its end might never come.
    else if (NOT_IN_HEAD.test(known === 0 ? text : text.slice(known - 1)) || !mayStartHead(text))
      this.problem = 'it does not start with a head of HTTP/1';
    return length;
  }

  #takeHead(text: string, end: number): void {
    const { head } = this;
    this.problem = head.parse(text, end);
    if (this.problem !== undefined) return;
    const { status } = head;
    if (status === 101) {
      this.problem = 'it changes the protocol, which was not asked for';
      return;
    }
    if (status < 200) return;
    this.hasHead = true;
    // RFC 9112 §6.3, in its order.
    if (this.#bodyless || status === 204 || status === 304) this.#finish();
    else if (head.chunked) {
      this.#chunked.reset();
      this.#state = IN_CHUNKED;
    } else if (head.contentLength > 0) {
      this.#left = head.contentLength;
      this.#state = IN_COUNTED;
    } else if (head.contentLength === 0) this.#finish();
    else {
      this.#state = UNTIL_CLOSE;
      head.keepAlive = false;
    }
  }

  #readBody(bytes: Buffer, from: number, length: number): void {
    switch (this.#state) {
      case IN_COUNTED: {
        const end = Math.min(length, from + this.#left);
        this.data = copyOf(bytes, from, end);
        this.#left -= end - from;
        if (this.#left > 0) return;
        this.#finish();
        this.excess = end < length;
        return;
      }
      case IN_CHUNKED: {
        const chunked = this.#chunked;
        const end = chunked.read(bytes, from, length);
        if (chunked.end > chunked.start) this.data = copyOf(bytes, chunked.start, chunked.end);
        if (end === -1) this.problem = 'it is not framed as its transfer-encoding says';
        if (!chunked.done) return;
        this.#finish();
        this.excess = end < length;
        return;
      }
      case UNTIL_CLOSE:
        this.data = copyOf(bytes, from, length);
        return;
      default:
        this.excess = true;
    }
  }

  #finish(): void {
    this.#state = OVER;
    this.complete = true;
  }
}

function copyOf(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

/** Whether a text could be the start of a head: its first line as far as it is there. */
function mayStartHead(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7));
}
