/**
 * A provider that costs next to nothing: it answers on raw sockets from bytes made at start. What it answers is chosen by the
 * path and by `"stream":true` in the first 64 KiB of the body; two request headers steer it further:
 * `x-gap-us: N` waits N microseconds between the events of a stream, `x-answer-bytes: N` makes the (OpenAI) answer that long.
 * Started with an IPC channel; sends `{ port }` when it listens and ends with its parent.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createMessageReader } from './http-reader.ts';
import { type Canned, type CannedApi, cannedApis, longAnswer } from './provider-answers.ts';

const NOT_FOUND = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
const SCANNED_BYTES = 64 * 1024;
const STREAM_FLAGS = ['"stream":true', '"stream": true'];

/** The value of a numeric request header, 0 when it is not there. */
function numberHeader(head: string, name: string): number {
  const at = head.indexOf(`\r\n${name}: `);
  return at < 0 ? 0 : Number.parseInt(head.slice(at + name.length + 4), 10);
}

function pathOf(head: string): string {
  const start = head.indexOf(' ') + 1;
  const path = head.slice(start, head.indexOf(' ', start));
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

/** Writes each piece by itself, as a provider does that has just made a token. */
function sendAtOnce(socket: Socket, answer: Canned): void {
  const [first, ...rest] = answer.pieces;
  if (first !== undefined) socket.write(rest.length === 0 ? Buffer.concat([answer.head, first]) : answer.head);
  if (rest.length === 0) return;
  for (const piece of answer.pieces) socket.write(piece);
}

function sendPaced(socket: Socket, answer: Canned, gapMs: number): void {
  socket.write(answer.head);
  let next = 0;
  const tick = () => {
    const piece = answer.pieces[next++];
    if (piece === undefined || socket.destroyed) return;
    socket.write(piece);
    setTimeout(tick, gapMs);
  };
  tick();
}

/** Sends a long answer no faster than it is taken. */
function sendLong(socket: Socket, bytes: number, streamed: boolean): void {
  const answer = longAnswer(bytes, streamed);
  const piece = answer.pieces[0] ?? Buffer.alloc(0);
  let left = answer.repeat;
  socket.write(answer.head);
  const pump = () => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(piece)) {
        socket.once('drain', pump);
        return;
      }
    }
    if (!socket.destroyed) socket.write(answer.last);
  };
  pump();
}

function serve(socket: Socket, apis: { pathEnd: string; api: CannedApi; streams?: boolean }[]): void {
  let head = '';
  let scanned = '';
  const reader = createMessageReader({
    head(text) {
      head = text;
      scanned = '';
    },
    body(piece) {
      if (scanned.length < SCANNED_BYTES) scanned += piece.toString('latin1', 0, SCANNED_BYTES);
    },
    end() {
      const path = pathOf(head);
      const found = apis.find((entry) => path.endsWith(entry.pathEnd));
      if (found === undefined) {
        socket.write(NOT_FOUND);
        return;
      }
      const streamed = found.streams ?? STREAM_FLAGS.some((flag) => scanned.includes(flag));
      const long = numberHeader(head, 'x-answer-bytes');
      const gapUs = numberHeader(head, 'x-gap-us');
      const answer = streamed ? found.api.stream : found.api.plain;
      if (long > 0) sendLong(socket, long, streamed);
      else if (streamed && gapUs > 0) sendPaced(socket, answer, gapUs / 1000);
      else sendAtOnce(socket, answer);
    },
  });
  socket.setNoDelay(true);
  socket.on('data', (data) => reader.push(data));
  // A gateway closes its idle connections; nothing is owed to it then.
  socket.on('error', () => socket.destroy());
}

const apis = cannedApis();
const server = createServer((socket) => serve(socket, apis));
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
