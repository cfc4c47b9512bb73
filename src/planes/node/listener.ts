import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { handleExchange } from '../../exchange/exchange.ts';
import type { ExchangeRuntime } from '../../exchange/runtime.ts';
import { NodeClientRequest } from './client-request.ts';
import { NodeClientResponse } from './client-response.ts';
import { rawErrorAnswer } from './raw-error.ts';

/** How a listener is set up. */
export interface ListenerOptions {
  name: string;
  address: string;
  port: number;
  maxHeaderBytes: number;
  requestReceivedTimeoutMs: number;
  runtime: ExchangeRuntime;
}

/** A listening HTTP server. */
export interface Listener {
  readonly name: string;
  readonly address: string;
  /** The port asked for; 0 took a free one. */
  readonly requestedPort: number;
  readonly port: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Takes no new connections, ends idle ones, and waits for the rest up to the time given; then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** A kept-alive connection without a request is closed after this. */
const KEEP_ALIVE_MS = 75_000;

function start(server: Server, options: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address, port: options.port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeGracefully(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
    // A connection becomes idle when its answer ends.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
  });
}

/** Opens a listener. Rejects with the system's error when the address cannot be taken. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { runtime } = options;
  const sockets = new Set<Socket>();
  /** The latest answer on each connection. */
  const answers = new WeakMap<Socket, ServerResponse>();
  const handle = (message: IncomingMessage, response: ServerResponse) => {
    answers.set(message.socket, response);
    void handleExchange(
      runtime,
      new NodeClientRequest(message, options.name),
      new NodeClientResponse(response, () => runtime.draining()),
    );
  };
  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderBytes,
      requestTimeout: options.requestReceivedTimeoutMs,
      headersTimeout: Math.min(options.requestReceivedTimeoutMs || 60_000, 60_000),
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
      requireHostHeader: false,
    },
    handle,
  );
  // The exchange answers it in the client's dialect.
  server.on('checkExpectation', handle);
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Bytes of an answer under way must stay the answer's.
    const answer = answers.get(socket);
    const answering = answer?.headersSent && !answer.writableFinished;
    if (!socket.writable || answering || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawErrorAnswer(error.code ?? ''));
  });
  const port = await start(server, options);
  return {
    name: options.name,
    address: options.address,
    requestedPort: options.port,
    port,
    get connections() {
      return sockets.size;
    },
    close: (graceMs) => closeGracefully(server, sockets, graceMs),
  };
}
