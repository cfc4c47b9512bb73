import type { Socket } from 'node:net';
import type { UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../../../exchange/ports.ts';
import { KEEP_SECONDS, lengthOf, STALE_MS } from '../request-pool.ts';
import type { HeaderLines } from './header-lines.ts';
import type { ReadBuffer, Receiver } from './read-buffer.ts';
import { expectsBody, requestText } from './request-text.ts';
import { ResponseReader } from './response-reader.ts';

/** Head and body up to this size leave as one text; larger bodies leave in the pieces in which they are. */
const MAX_JOINED = 16 * 1024;
/** A request on its way. */
export interface Call {
  readonly request: UpstreamRequest;
  readonly handler: UpstreamHandler;
  /** Whether it was sent before, on a kept connection that turned out to be gone. */
  again: boolean;
}

/** To whom a connection belongs. */
export interface ConnectionOwner {
  /** Value of `host`. */
  readonly host: string;
  /** Of the requests to it. */
  readonly lines: HeaderLines;
  /** Into which its sockets read. */
  readonly readBuffer: ReadBuffer;
  /** Sorts an error of a socket. */
  classify(error: Error): UpstreamFailure;
  /** The connection has no request any more and may have another. */
  freed(connection: ClientConnection): void;
  /** The connection is gone; called once. */
  lost(connection: ClientConnection): void;
  /** A request is to be sent once more, on a connection that was not used before. */
  repeat(call: Call): void;
}

/** An error that `classify` takes for a connection that broke. */
function brokenOff(message: string): Error {
  return Object.assign(new Error(message), { code: 'UND_ERR_SOCKET' });
}

function bufferOf(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One connection to a provider, which has one request at a time. It listens to its socket once for all of them. */
export class ClientConnection implements Receiver {
  /** Whole seconds for which it has had no request; its pool counts them. */
  idleSeconds = 0;
  /** For how many of them it may be kept. */
  keepSeconds = KEEP_SECONDS;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader = new ResponseReader();
  #call: Call | undefined = undefined;
  /** Whether the request of the call has been given to the socket. */
  #written = false;
  /** Whether something of its answer has come. */
  #answered = false;
  #headGiven = false;
  #paused = false;
  /** Whether an answer had come over it before. */
  #used = false;
  #reusable = true;
  #gone = false;
  #sentAt = 0;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    owner.readBuffer.attach(socket, this);
    // Nobody reads from the stream; it ends only when somebody would.
    socket.resume();
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#fail(owner.classify(error)));
    socket.on('close', () => this.#fail(owner.classify(brokenOff('The provider closed the connection.'))));
  }

  /** Sends a request; only while it has none. */
  send(call: Call): void {
    this.#call = call;
    this.#written = false;
    this.#answered = false;
    this.#headGiven = false;
    this.#paused = false;
    try {
      this.#begin(call);
    } catch (error) {
      this.#refuse(call, error as Error);
    }
  }

  /** Closes it. A request on it fails; without one nobody hears of it but the owner. */
  destroy(cause: Error): void {
    this.#fail(this.#owner.classify(cause));
  }

  /** Calls once when the socket is closed for good. */
  onClosed(callback: () => void): void {
    this.#socket.once('close', callback);
  }

  #begin(call: Call): void {
    const { request, handler } = call;
    const { body, method } = request;
    const length = lengthOf(body);
    const { host, lines } = this.#owner;
    const head = requestText(request, { host, lines, keep: method !== 'HEAD', length });
    handler.onStart(() => this.#abort(call));
    if (this.#call !== call) return;
    // A body where none is usual may be taken for the start of the next request.
    this.#reusable = method === 'POST' || (method !== 'HEAD' && (length === 0 || expectsBody(method)));
    this.#reader.begin(method === 'HEAD');
    this.#written = true;
    if (this.#used) this.#sentAt = performance.now();
    this.#write(head, body, length);
  }

  #write(head: string, body: readonly Uint8Array[] | undefined, length: number): void {
    const socket = this.#socket;
    if (body === undefined || length === 0) {
      socket.write(head, 'latin1');
      return;
    }
    if (head.length + length <= MAX_JOINED) {
      // One text takes one call of the system and no list of pieces.
      let text = head;
      for (const piece of body) text += bufferOf(piece).toString('latin1');
      socket.write(text, 'latin1');
      return;
    }
    socket.cork();
    socket.write(head, 'latin1');
    for (const piece of body) if (piece.length > 0) socket.write(piece);
    socket.uncork();
  }

  /** What cannot be sent, or a handler that threw. */
  #refuse(call: Call, cause: Error): void {
    if (this.#call !== call) return;
    this.#call = undefined;
    if (this.#written) this.#lose();
    else this.#owner.freed(this);
    call.handler.onError(this.#owner.classify(cause));
  }

  received(buffer: Buffer, length: number): void {
    const call = this.#call;
    if (call === undefined) {
      this.#fail(this.#owner.classify(brokenOff('The provider sent something that nobody asked for.')));
      return;
    }
    this.#answered = true;
    try {
      this.#reader.push(buffer, length);
      this.#deliver(call);
    } catch (error) {
      this.#refuse(call, error as Error);
    }
  }

  /** Hands on what the reader found. The handler may end the call at each step. */
  #deliver(call: Call): void {
    const reader = this.#reader;
    const { handler } = call;
    if (reader.hasHead && !this.#headGiven) {
      this.#headGiven = true;
      handler.onHead(reader.head.status, reader.head.rawHeaders, () => this.#resume(call));
      if (this.#call !== call) return;
    }
    if (reader.data !== undefined && !handler.onData(reader.data)) {
      this.#paused = true;
      this.#socket.pause();
    }
    if (this.#call !== call) return;
    if (reader.problem !== undefined) {
      this.#fail({ kind: 'protocol', cause: new Error(`The provider's answer is not valid: ${reader.problem}.`) });
    } else if (reader.complete && !this.#paused) this.#finish(call);
  }

  #resume(call: Call): void {
    if (this.#call !== call || !this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
    if (this.#reader.complete) this.#finish(call);
  }

  #finish(call: Call): void {
    const { head, excess } = this.#reader;
    this.#call = undefined;
    this.#used = true;
    this.keepSeconds = Math.min(KEEP_SECONDS, head.keepAliveSeconds - 1);
    // A request of which a part is still to be sent would be taken for the start of the next one.
    const unsent = this.#socket.writableLength > 0;
    if (!head.keepAlive || excess || !this.#reusable || this.keepSeconds <= 0 || unsent) this.#lose();
    else this.#owner.freed(this);
    try {
      call.handler.onEnd();
    } catch (error) {
      call.handler.onError(this.#owner.classify(error as Error));
    }
  }

  #abort(call: Call): void {
    if (this.#call !== call) return;
    this.#call = undefined;
    if (this.#written) this.#lose();
    else this.#owner.freed(this);
    call.handler.onError({ kind: 'aborted', cause: new Error('The request was given up.') });
  }

  /** The provider sends no more. */
  #ended(): void {
    const call = this.#call;
    if (call !== undefined && this.#reader.end()) {
      this.#finish(call);
      return;
    }
    this.#fail(this.#owner.classify(brokenOff('The provider closed the connection.')));
  }

  #fail(failure: UpstreamFailure): void {
    const call = this.#call;
    if (call !== undefined && this.#written && this.#reader.complete) {
      // It only waited for the handler to go on.
      this.#reusable = false;
      this.#finish(call);
      return;
    }
    this.#call = undefined;
    const stale = call !== undefined && failure.kind === 'reset' && this.#isStale(call);
    this.#lose();
    if (call === undefined) return;
    if (stale) this.#owner.repeat(call);
    else call.handler.onError(failure);
  }

  /**
   * A kept connection may be closed by the provider in the moment in which it is used again: one that goes at once, without a
   * byte of an answer, has not been read from any more. Later the provider may have worked on the request, and only the route's
   * retry policy may send it twice.
   */
  #isStale(call: Call): boolean {
    return this.#used && !this.#answered && !call.again && performance.now() - this.#sentAt <= STALE_MS;
  }

  #lose(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.destroy();
    this.#owner.lost(this);
  }
}
