import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import type { Scope } from './wait.ts';

/** A request that reached the provider. */
export interface ProviderCall {
  readonly method: string;
  readonly path: string;
  /** By lower-case name; the last of a name counts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: string;
  readonly body: Buffer;
  /** The connection, for answers as raw as can be. */
  readonly socket: Socket;
  /** Resolves when the connection closes: how a provider sees that the gateway gave up. */
  readonly closed: Promise<void>;
  /** Writes a whole answer with a length. */
  reply(status: number, headers: Record<string, string>, body: string | Uint8Array): void;
  /** Writes the head of a chunked answer. */
  head(status: number, headers: Record<string, string>): void;
  /** Writes one chunk; false when the gateway reads slower than we write. */
  chunk(bytes: string | Uint8Array): boolean;
  /** Ends a chunked answer. */
  end(): void;
}

/** A provider that answers with whatever bytes a test wants. */
export interface RawProvider {
  readonly port: number;
  readonly url: string;
  readonly calls: readonly ProviderCall[];
  /** Connections that are open. */
  readonly connections: number;
  close(): Promise<void>;
}

const HEAD_END = Buffer.from('\r\n\r\n');

function headText(status: number, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`;
}

function createCall(head: string, body: Buffer, connection: { socket: Socket; closed: Promise<void> }): ProviderCall {
  const { socket, closed } = connection;
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const write = (bytes: string | Uint8Array) => !socket.destroyed && socket.write(bytes);
  return {
    method,
    path,
    headers,
    rawHeaders: head,
    body,
    socket,
    closed,
    reply(status, answerHeaders, answerBody) {
      const bytes = Buffer.from(answerBody);
      const text = headText(status, { ...answerHeaders, 'content-length': String(bytes.length) });
      write(Buffer.concat([Buffer.from(text, 'latin1'), bytes]));
    },
    head: (status, answerHeaders) =>
      void write(Buffer.from(headText(status, { ...answerHeaders, 'transfer-encoding': 'chunked' }), 'latin1')),
    chunk(bytes) {
      const piece = Buffer.from(bytes);
      return write(
        Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1'), piece, Buffer.from('\r\n')]),
      );
    },
    end: () => void write('0\r\n\r\n'),
  };
}

function serve(socket: Socket, answer: (call: ProviderCall) => void): void {
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  let pieces: Buffer[] = [];
  let held = 0;
  let need = 0;
  let head: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    pieces.push(chunk);
    held += chunk.length;
    while (held >= need && held > 0) {
      let rest = Buffer.concat(pieces);
      if (head === undefined) {
        const end = rest.indexOf(HEAD_END);
        if (end === -1) {
          need = held + 1;
          break;
        }
        head = rest.toString('latin1', 0, end);
        rest = rest.subarray(end + HEAD_END.length);
        need = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      }
      if (rest.length < need) {
        pieces = [rest];
        held = rest.length;
        break;
      }
      const call = createCall(head, rest.subarray(0, need), { socket, closed });
      rest = rest.subarray(need);
      pieces = [rest];
      held = rest.length;
      need = 0;
      head = undefined;
      answer(call);
    }
  });
}

/**
 * Starts a provider on a free port. `answer` is called for each whole request; `accept` may take a connection over before
 * anything is read of it and says so by returning true.
 */
export async function startRawProvider(
  scope: Scope,
  answer: (call: ProviderCall) => void,
  accept: (socket: Socket) => boolean = () => false,
): Promise<RawProvider> {
  const calls: ProviderCall[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The gateway cuts connections as it must; that is what tests look at.
    socket.on('error', () => undefined);
    if (accept(socket)) return;
    serve(socket, (call) => {
      calls.push(call);
      answer(call);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  scope.after(close);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    calls,
    get connections() {
      return sockets.size;
    },
    close,
  };
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
