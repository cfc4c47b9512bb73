import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createMessageReader } from './http-reader.ts';
import type { BuiltRequest } from './requests.ts';

/** How one request ended. */
export interface Outcome {
  status: number;
  /** The answer was whole and ended as its kind must. */
  whole: boolean;
  /** Milliseconds. */
  totalMs: number;
  firstByteMs: number;
  bodyBytes: number;
}

/** One client connection. It connects again when the other side has closed it. */
export interface LoadConnection {
  /** Sends one request and reports how it ended, once. Must not be called again before that. */
  send(done: (outcome: Outcome) => void): void;
  readonly socket: Socket;
  close(): void;
}

/** Bytes at the end of an answer in which its end marker is looked for. */
const TAIL_BYTES = 64;

/** What a connection may be told beside port and request. */
export interface ConnectionOptions {
  /** Gets each piece of each answer's body. */
  onBody?: (piece: Buffer) => void;
}

/** Opens connections of one client to one port with one request. */
export function createConnection(port: number, request: BuiltRequest, options: ConnectionOptions = {}): LoadConnection {
  let socket = open();
  let done: ((outcome: Outcome) => void) | undefined;
  let started = 0;
  let firstByteMs = Number.NaN;
  let status = 0;
  let bodyBytes = 0;
  let tail = '';

  function settle(whole: boolean): void {
    const report = done;
    done = undefined;
    report?.({ status, whole, totalMs: performance.now() - started, firstByteMs, bodyBytes });
  }

  function open(): Socket {
    const fresh = connect({ host: '127.0.0.1', port, noDelay: true });
    const reader = createMessageReader({
      head(head) {
        status = Number(head.slice(9, 12));
      },
      body(piece) {
        if (bodyBytes === 0) firstByteMs = performance.now() - started;
        bodyBytes += piece.length;
        const end = piece.toString('latin1', Math.max(0, piece.length - TAIL_BYTES));
        tail = end.length === TAIL_BYTES ? end : (tail + end).slice(-TAIL_BYTES);
        options.onBody?.(piece);
      },
      end: () => settle(bodyBytes > 0 && tail.includes(request.marker)),
    });
    fresh.on('data', (data) => reader.push(data));
    // The close that follows an error settles the request.
    fresh.on('error', () => undefined);
    fresh.on('close', () => settle(false));
    return fresh;
  }

  return {
    get socket() {
      return socket;
    },
    send(report) {
      if (socket.destroyed || socket.writableEnded) socket = open();
      done = report;
      status = 0;
      bodyBytes = 0;
      tail = '';
      firstByteMs = Number.NaN;
      started = performance.now();
      if (request.body.length > 64 * 1024) {
        socket.write(request.head);
        socket.write(request.body);
      } else socket.write(Buffer.concat([request.head, request.body]));
    },
    close() {
      socket.destroy();
    },
  };
}
