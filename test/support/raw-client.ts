import { connect, type Socket } from 'node:net';
import { type AnswerParser, createAnswerParser, type RawAnswer } from './answer-parser.ts';
import { waitFor, within } from './wait.ts';

/** A client connection that sends whatever bytes it is told. */
export interface RawConnection extends AnswerParser {
  readonly socket: Socket;
  /** Resolves when the connection is closed, by whichever side; true when it ended with a reset or another error. */
  readonly closed: Promise<boolean>;
  send(bytes: string | Uint8Array): void;
  /** Resolves when `count` answers are whole or the connection is closed. */
  whole(count?: number): Promise<void>;
  /** Everything received of the last answer's body. */
  body(): Buffer;
  /** The same as text. */
  text(): string;
}

/** Opens a connection to a port of this machine. */
export async function openRaw(port: number, options: { headOnly?: boolean } = {}): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const parser = createAnswerParser(options);
  let failed = false;
  let over = false;
  const closed = new Promise<boolean>((resolve) => {
    socket.on('close', () => {
      over = true;
      parser.end();
      resolve(failed);
    });
  });
  socket.on('error', () => {
    failed = true;
  });
  socket.on('data', (chunk: Buffer) => parser.push(chunk));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    closed,
    get answers() {
      return parser.answers;
    },
    get interim() {
      return parser.interim;
    },
    get garbage() {
      return parser.garbage;
    },
    push: parser.push,
    end: parser.end,
    send(bytes) {
      if (!socket.destroyed) socket.write(bytes);
    },
    whole: (count = 1) =>
      waitFor(
        `${count} whole answers`,
        () => over || parser.answers.filter((answer) => answer.complete).length >= count,
      ),
    body: () => parser.answers.at(-1)?.body ?? Buffer.alloc(0),
    text: () => parser.answers.at(-1)?.body.toString('utf8') ?? '',
  };
}

/** What came back for bytes sent on a connection of their own. */
export interface RawResult {
  /** The first final answer; undefined when there was none. */
  answer: RawAnswer | undefined;
  answers: readonly RawAnswer[];
  interim: readonly number[];
  garbage: string;
}

/**
 * Sends pieces on a connection of its own, each with a system call of its own, and reads until `count` answers (default 1) are
 * whole or the gateway closes. `half` ends our side after the last piece.
 */
export async function sendRaw(
  port: number,
  pieces: string | Uint8Array | readonly (string | Uint8Array)[],
  options: { count?: number; half?: boolean; headOnly?: boolean } = {},
): Promise<RawResult> {
  const connection = await openRaw(port, options);
  const list = typeof pieces === 'string' || pieces instanceof Uint8Array ? [pieces] : pieces;
  for (const piece of list) {
    if (connection.socket.destroyed) break;
    await new Promise<void>((resolve) => {
      connection.socket.write(piece, () => resolve());
    });
  }
  if (options.half === true) connection.socket.end();
  await connection.whole(options.count ?? 1);
  connection.socket.destroy();
  await within('the client connection to close', connection.closed);
  const { answers, interim, garbage } = connection;
  return { answer: answers[0], answers, interim, garbage };
}

/** A request as text: method and path, headers, and a body with its length. */
export function requestText(
  target: string,
  options: { headers?: Record<string, string>; body?: string | Uint8Array; close?: boolean } = {},
): Buffer {
  const body = Buffer.from(options.body ?? '');
  const headers: Record<string, string> = {
    host: 'localhost',
    ...(options.close === true ? { connection: 'close' } : {}),
    ...(options.body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(body.length) }),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}

/** Sends a JSON request on a connection of its own and resolves to its answer. Rejects when there is none. */
export async function postJson(
  port: number,
  path: string,
  request: { body: unknown; headers?: Record<string, string> },
): Promise<RawAnswer> {
  const headers = request.headers ?? {};
  const result = await sendRaw(
    port,
    requestText(`POST ${path}`, { headers, body: JSON.stringify(request.body), close: true }),
  );
  if (result.answer === undefined) throw new Error(`no answer to POST ${path}: ${result.garbage}`);
  return result.answer;
}
