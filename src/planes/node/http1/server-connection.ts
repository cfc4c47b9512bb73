import type { Socket } from 'node:net';
import { RepeatedHead } from './repeated-head.ts';
import type { RequestHeadParser } from './request-head.ts';
import { KEEP_ALIVE_MS, type ResponseHead, type ResponseHeadWriter } from './response-head-writer.ts';
import { type RequestSource, ServerRequest } from './server-request.ts';
import { type ResponseSink, ServerResponse } from './server-response.ts';

/** What the connections of one listener have in common; the fields that are not fixed may change at any time. */
export interface ServerLane {
  readonly parser: RequestHeadParser;
  readonly heads: ResponseHeadWriter;
  /** The connections that are served here. */
  readonly connections: Set<ServerConnection>;
  /** The name of the listener, for requests. */
  name: string;
  maxHeaderBytes: number;
  /** For a head to arrive, and for a new connection to begin one. */
  headersTimeoutMs: number;
  /** For a whole request to arrive; 0 is no bound. */
  requestTimeoutMs: number;
  /** Monotonic milliseconds. */
  now(): number;
  /** Whether connections should end after their answer. */
  closing(): boolean;
  /** Handles a request. Must not throw. */
  serve(request: ServerRequest, response: ServerResponse): void;
  /** Has `node:http` serve the connection; what was read of it has been put back. */
  handOver(socket: Socket): void;
  /** The whole answer to a request that cannot be served, by the code of Node's HTTP server for it. */
  refusal(code: string): string;
}

/** A head in more pieces than this is for the general parser: each piece means to look at the head anew. */
const MAX_PIECES = 8;
/** What a client sends ahead, while its request is under way, is read up to this size. */
const MAX_AHEAD_BYTES = 64 * 1024;
/** A refused client has this long to stop sending and read the answer, which a cut connection might take from it. */
const LINGER_MS = 1000;

/**
 * Where a connection is: `waiting` for a head, `receiving` a body, `answering` a request that has come whole, `closing`
 * behind the last answer, or `gone`: closed, or in the hands of `node:http`.
 */
type Phase = 'waiting' | 'receiving' | 'answering' | 'closing' | 'gone';

/**
 * Serves the requests of ordinary form on one connection, one after the other, and hands the connection over as soon as it
 * sees another: from then on `node:http` owns it.
 */
export class ServerConnection implements RequestSource, ResponseSink {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #lane: ServerLane;
  readonly #onData = (bytes: Buffer) => this.#take(bytes);
  readonly #onEnd = () => this.#halfClosed();
  readonly #onDrain = () => this.#drained();
  readonly #onClose = () => this.#closed();
  #phase: Phase = 'waiting';
  /** When the phase, or the request under way, began. */
  #since: number;
  /** What has come and is not understood yet. */
  #held: Buffer | undefined = undefined;
  #pieces = 0;
  readonly #lastHead = new RepeatedHead();
  #isKept = false;
  /** Whether the client has ended its side, after which it gets no answers. */
  #isHalfClosed = false;
  #mustClose = false;
  #request: ServerRequest | undefined = undefined;
  #response: ServerResponse | undefined = undefined;

  constructor(socket: Socket, lane: ServerLane) {
    this.#socket = socket;
    this.#lane = lane;
    this.#since = lane.now();
    this.remoteAddress = socket.remoteAddress ?? '';
    lane.connections.add(this);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('close', this.#onClose);
    // Whatever the error, `close` follows.
    socket.on('error', ignore);
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends the connection if it waits for a request of which nothing has come. */
  closeIdle(): void {
    if (this.#phase === 'waiting' && this.#held === undefined && this.#socket.writableLength === 0) this.destroy();
  }

  /** Ends the connection if the client takes too long; to be called about once a second. */
  checkTime(now: number): void {
    const age = now - this.#since;
    const { headersTimeoutMs, requestTimeoutMs } = this.#lane;
    switch (this.#phase) {
      case 'waiting':
        if (this.#isKept && this.#held === undefined) {
          if (age >= KEEP_ALIVE_MS) this.destroy();
        } else if (age >= headersTimeoutMs) this.#refuse('ERR_HTTP_REQUEST_TIMEOUT');
        return;
      case 'receiving':
        if (requestTimeoutMs > 0 && age >= requestTimeoutMs) this.#refuse('ERR_HTTP_REQUEST_TIMEOUT');
        return;
      case 'closing':
        if (age >= LINGER_MS && this.#socket.writableLength === 0) this.destroy();
        return;
      case 'answering':
      case 'gone':
        return;
    }
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  composeHead(status: number, headers: readonly string[]): ResponseHead {
    // A body that was not read would be taken for the next request.
    const close = this.#mustClose || this.#phase === 'receiving' || this.#lane.closing();
    return this.#lane.heads.compose(status, headers, close);
  }

  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  send(text: string, bytes?: Uint8Array, tail = ''): boolean {
    const socket = this.#socket;
    if (this.#isHalfClosed || this.#phase === 'gone' || this.#phase === 'closing') return true;
    if (bytes === undefined) return text.length === 0 ? !socket.writableNeedDrain : socket.write(text, 'latin1');
    socket.cork();
    if (text.length > 0) socket.write(text, 'latin1');
    let isReady = socket.write(bytes);
    if (tail.length > 0) isReady = socket.write(tail, 'latin1');
    socket.uncork();
    return isReady;
  }

  finish(how: 'keep' | 'close' | 'cut'): void {
    if (this.#phase === 'gone') return;
    if (how === 'cut') {
      this.#socket.destroy();
      return;
    }
    const isWhole = this.#phase === 'answering';
    this.#since = this.#lane.now();
    this.#response = undefined;
    this.#request = undefined;
    if (how === 'close' || !isWhole || this.#isHalfClosed) {
      this.#phase = 'closing';
      this.#held = undefined;
      if (isWhole) this.#socket.destroySoon();
      else {
        this.#socket.end();
        this.#socket.resume();
      }
      return;
    }
    this.#phase = 'waiting';
    this.#isKept = true;
    if (this.#held !== undefined) this.#serveHeld();
  }

  #take(bytes: Buffer): void {
    switch (this.#phase) {
      case 'waiting':
        if (this.#held === undefined && !this.#socket.writableNeedDrain) this.#begin(bytes);
        else {
          this.#hold(bytes);
          this.#serveHeld();
        }
        return;
      case 'receiving':
        this.#receive(bytes);
        return;
      case 'answering':
        this.#hold(bytes);
        return;
      case 'closing':
      case 'gone':
        return;
    }
  }

  /** Keeps what the client sends ahead of its answer. */
  #hold(bytes: Buffer): void {
    const isFirst = this.#held === undefined;
    this.#held = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes]);
    // What cannot begin a request ends the connection now: the answer under way may take long.
    if (isFirst && !mayBeginRequest(bytes[0] as number)) this.destroy();
    else if (this.#held.length >= MAX_AHEAD_BYTES) this.#socket.pause();
  }

  /** Goes on with what was held, unless answers wait for the client to read them. */
  #serveHeld(): void {
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause();
      return;
    }
    const held = this.#held;
    this.#held = undefined;
    this.#socket.resume();
    if (held !== undefined) this.#begin(held);
  }

  /** Looks at the first bytes of a request. */
  #begin(bytes: Buffer): void {
    const lane = this.#lane;
    const repeated = this.#lastHead.match(bytes, lane.maxHeaderBytes);
    const head = repeated ?? lane.parser.parse(bytes, lane.maxHeaderBytes);
    if (head === 'other') {
      this.#handOver(bytes);
      return;
    }
    if (head === 'incomplete') {
      if (this.#pieces === 0) this.#since = lane.now();
      this.#pieces++;
      this.#held = bytes;
      if (this.#pieces > MAX_PIECES) this.#handOver(bytes);
      return;
    }
    if (repeated === undefined) this.#lastHead.remember(bytes, head);
    const arrived = bytes.length - head.headBytes;
    // Requests that come before the answer to the one before are served at once by `node:http`, and answered in order.
    if (arrived > head.bodyBytes) {
      this.#handOver(bytes);
      return;
    }
    this.#mustClose = head.close;
    const request = new ServerRequest(head, this, lane.name);
    const response = new ServerResponse(this);
    this.#request = request;
    this.#response = response;
    if (arrived > 0) request.takeBytes(bytes.subarray(head.headBytes));
    if (arrived === head.bodyBytes) this.#phase = 'answering';
    else {
      this.#phase = 'receiving';
      if (this.#pieces === 0) this.#since = lane.now();
    }
    this.#pieces = 0;
    lane.serve(request, response);
    // Nobody has asked for the body yet: what is not read stays with the client.
    if (this.#phase === 'receiving' && !request.isAwaited) this.#socket.pause();
  }

  #receive(bytes: Buffer): void {
    const request = this.#request;
    if (request === undefined) return;
    const missing = request.missingBytes;
    if (bytes.length >= missing) this.#phase = 'answering';
    if (bytes.length <= missing) request.takeBytes(bytes);
    else {
      this.#hold(bytes.subarray(missing));
      request.takeBytes(bytes.subarray(0, missing));
    }
  }

  /** Leaves the connection, with what has come of a request, to `node:http`. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#leave();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('close', this.#onClose);
    socket.off('error', ignore);
    // What is put back is read again when the reading goes on, before anything else that comes.
    socket.pause();
    socket.unshift(bytes);
    this.#lane.handOver(socket);
    socket.resume();
  }

  #leave(): void {
    this.#phase = 'gone';
    this.#held = undefined;
    this.#lane.connections.delete(this);
  }

  #drained(): void {
    if (this.#response !== undefined) this.#response.drained();
    else if (this.#phase === 'waiting') this.#serveHeld();
  }

  /** The client has ended its side. It is gone, whatever of an answer is still to come: so `node:http` sees it. */
  #halfClosed(): void {
    if (this.#phase === 'receiving' || (this.#phase === 'waiting' && this.#pieces > 0)) {
      this.#refuse('HPE_INVALID_EOF_STATE');
      return;
    }
    this.#isHalfClosed = true;
    this.#socket.end();
  }

  /** Answers a request that will not come whole, if no other answer has begun, and ends the connection. */
  #refuse(code: string): void {
    if (this.#response?.isStarted === true) {
      this.destroy();
      return;
    }
    this.#phase = 'closing';
    this.#since = this.#lane.now();
    this.#socket.end(this.#lane.refusal(code));
    this.#socket.resume();
  }

  #closed(): void {
    this.#leave();
    const request = this.#request;
    const response = this.#response;
    this.#request = undefined;
    this.#response = undefined;
    request?.lose();
    response?.abandon();
  }
}

function ignore(): void {}

/** Whether a byte may begin a request, or an empty line before one (RFC 9112 section 2.2). */
function mayBeginRequest(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x0d || byte === 0x0a;
}
