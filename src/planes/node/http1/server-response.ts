import type { ClientResponse } from '../../../exchange/ports.ts';
import type { ResponseHead } from './response-head-writer.ts';

/** Writes of one turn are joined up to this size; what comes on top goes out at once. */
const JOIN_BYTES = 16 * 1024;

/** What a response needs of its connection. */
export interface ResponseSink {
  composeHead(status: number, headers: readonly string[]): ResponseHead;
  /** Sends a text of a character for each byte, then bytes, then text; false when the client reads slower. */
  send(text: string, bytes?: Uint8Array, tail?: string): boolean;
  /** Whether what was sent waits for the client to read. */
  readonly isFull: boolean;
  /** The answer is over. `cut`: less was sent than was declared. */
  finish(how: 'keep' | 'close' | 'cut'): void;
}

type Framing = 'unknown' | 'declared' | 'chunked' | 'none';

/** Not yet known. */
const UNDECLARED = -1;

/** An answer that is written by the own HTTP/1.1 codec. What is written in one turn of the event loop leaves as one piece. */
export class ServerResponse implements ClientResponse {
  aborted = false;
  bytesSent = 0;
  readonly #sink: ResponseSink;
  /** The head until it leaves. */
  #head = '';
  #framing: Framing = 'unknown';
  #declared = UNDECLARED;
  #close = false;
  /** Small pieces of the body that leave at the end of the turn, a character for each byte. */
  #pending = '';
  #isScheduled = false;
  #hasHead = false;
  #isStarted = false;
  #isEnded = false;
  #isFinished = false;
  #drained: (() => void) | undefined = undefined;
  #abandoned: (() => void) | undefined = undefined;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether bytes of the answer have left, so that no other answer may be sent. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  writeHead(status: number, headers: string[]): void {
    if (this.#hasHead) throw new Error('The head of the answer is written already');
    const head = this.#sink.composeHead(status, headers);
    this.#hasHead = true;
    this.#head = head.text;
    this.#close = head.close;
    if (status === 204 || status === 304) this.#framing = 'none';
    else if (head.contentLength !== undefined) {
      this.#framing = 'declared';
      this.#declared = head.contentLength;
    }
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.#isEnded || chunk.length === 0) return true;
    const bytes = typeof chunk === 'string' ? undefined : chunk;
    if (bytes !== undefined && bytes.length > JOIN_BYTES) {
      this.flush();
      this.bytesSent += bytes.length;
      return this.#sendBody('', bytes);
    }
    const text = toBytesText(chunk);
    this.bytesSent += text.length;
    this.#pending += text;
    if (this.#pending.length >= JOIN_BYTES) return this.flush();
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(flushPending, this);
    }
    // When it is full, a drain event is on its way.
    return !this.#sink.isFull;
  }

  /** Hands what is pending to the connection. */
  flush(): boolean {
    this.#isScheduled = false;
    const text = this.#pending;
    if (text.length === 0 || this.#isEnded) return true;
    this.#pending = '';
    return this.#sendBody(text, undefined);
  }

  end(chunk?: Uint8Array | string): void {
    if (this.#isEnded) return;
    let text = this.#pending;
    let bytes: Uint8Array | undefined;
    if (chunk !== undefined && chunk.length > 0) {
      if (typeof chunk !== 'string' && chunk.length > JOIN_BYTES) {
        bytes = chunk;
        this.bytesSent += chunk.length;
      } else {
        const more = toBytesText(chunk);
        this.bytesSent += more.length;
        text += more;
      }
    }
    this.#isEnded = true;
    this.#pending = '';
    if (this.#framing === 'unknown') {
      this.#declared = this.bytesSent;
      this.#framing = 'declared';
      this.#head += `Content-Length: ${this.bytesSent}\r\n`;
    }
    // Another length than declared would shift where the client believes the next answer to begin.
    const isBroken = this.#framing === 'declared' && this.bytesSent !== this.#declared;
    if (isBroken) {
      this.#sink.finish('cut');
      return;
    }
    this.#isFinished = true;
    this.#sendLast(text, bytes);
    this.#sink.finish(this.#close ? 'close' : 'keep');
  }

  onDrain(callback: () => void): void {
    this.#drained = both(this.#drained, callback);
  }

  onAbort(callback: () => void): void {
    this.#abandoned = both(this.#abandoned, callback);
  }

  destroy(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sink.finish('cut');
  }

  /** The client has read what was sent. */
  drained(): void {
    const callback = this.#drained;
    this.#drained = undefined;
    callback?.();
  }

  /** The connection is gone. */
  abandon(): void {
    if (this.#isFinished) return;
    this.#isEnded = true;
    this.#pending = '';
    this.aborted = true;
    this.#abandoned?.();
  }

  /** Takes the head, which goes out with the first bytes, with what ends it. */
  #takeHead(): string {
    if (this.#isStarted) return '';
    this.#isStarted = true;
    const head = this.#head;
    this.#head = '';
    if (this.#framing === 'unknown') {
      this.#framing = 'chunked';
      return `${head}Transfer-Encoding: chunked\r\n\r\n`;
    }
    return `${head}\r\n`;
  }

  #sendBody(text: string, bytes: Uint8Array | undefined): boolean {
    if (this.#framing === 'declared' && this.bytesSent > this.#declared) {
      this.#isEnded = true;
      this.#sink.finish('cut');
      return true;
    }
    const head = this.#takeHead();
    if (this.#framing === 'none') return this.#sink.send(head);
    if (this.#framing === 'declared') return this.#sink.send(head + text, bytes);
    const size = (bytes ?? text).length.toString(16);
    return this.#sink.send(`${head}${size}\r\n${text}${bytes === undefined ? '\r\n' : ''}`, bytes, '\r\n');
  }

  #sendLast(text: string, bytes: Uint8Array | undefined): void {
    const head = this.#takeHead();
    if (this.#framing === 'none') {
      this.#sink.send(head);
    } else if (this.#framing === 'declared') {
      if (head.length + text.length > 0 || bytes !== undefined) this.#sink.send(head + text, bytes);
    } else {
      const size = text.length + (bytes?.length ?? 0);
      if (size === 0) this.#sink.send(`${head}0\r\n\r\n`);
      else if (bytes === undefined) this.#sink.send(`${head}${size.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
      else this.#sink.send(`${head}${size.toString(16)}\r\n${text}`, bytes, '\r\n0\r\n\r\n');
    }
  }
}

function flushPending(response: ServerResponse): void {
  response.flush();
}

function both(first: (() => void) | undefined, second: () => void): () => void {
  if (first === undefined) return second;
  return () => {
    first();
    second();
  };
}

/** A body's bytes as a text of a character for each: joined with a head, it costs one copy and one write. */
function toBytesText(chunk: Uint8Array | string): string {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk) === chunk.length ? chunk : Buffer.from(chunk).toString('latin1');
  }
  return (Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)).toString(
    'latin1',
  );
}
