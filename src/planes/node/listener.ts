import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { handleExchange } from '../../exchange/exchange.ts';
import type { ExchangeRuntime } from '../../exchange/runtime.ts';
import { NodeClientRequest } from './client-request.ts';
import { NodeClientResponse } from './client-response.ts';
import { joinWrites } from './join-writes.ts';
import { rawErrorAnswer } from './raw-error.ts';

/** What of a listener may change while it is open; new connections see it. */
export interface ListenerSettings {
  /** Empty when it has none. */
  name: string;
  maxHeaderBytes: number;
  /** 0 is no bound. */
  requestReceivedTimeoutMs: number;
}

/** How a listener is set up. */
export interface ListenerOptions extends ListenerSettings {
  address: string;
  port: number;
  runtime: ExchangeRuntime;
}

/** A listening HTTP server. */
export interface Listener {
  readonly name: string;
  readonly address: string;
  /** The port asked for; 0 took a free one. */
  readonly requestedPort: number;
  readonly port: number;
  configure(settings: ListenerSettings): void;
  /** Connections that are open. */
  readonly connections: number;
  /** Takes no new connections, ends idle ones, and waits for the rest up to the time given; then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** A kept-alive connection without a request is closed after this. */
const KEEP_ALIVE_MS = 75_000;
/** How often connections are looked at for requests that take too long to arrive. */
const CHECK_MS = 1000;
/** For the head of a request, whatever the whole may take. */
const MAX_HEADERS_MS = 60_000;

function start(server: Server, options: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address, port: options.port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** The open connections and the latest answer on each. */
type Sockets = ReadonlyMap<Socket, ServerResponse | undefined>;

/** Ends the connections that wait for a request: those between two, and those on which none ever came, which Node counts as busy. */
function closeIdle(server: Server, sockets: Sockets): void {
  server.closeIdleConnections();
  for (const socket of sockets.keys()) if (socket.bytesRead === 0) socket.destroy();
}

function closeGracefully(server: Server, sockets: Sockets, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      for (const socket of sockets.keys()) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    closeIdle(server, sockets);
    // A connection becomes idle when its answer ends.
    const sweep = setInterval(() => closeIdle(server, sockets), 20);
  });
}

/** Opens a listener. Rejects with the system's error when the address cannot be taken. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { runtime } = options;
  let { name } = options;
  const sockets = new Map<Socket, ServerResponse | undefined>();
  const draining = () => runtime.draining();
  const handle = (message: IncomingMessage, response: ServerResponse) => {
    sockets.set(message.socket, response);
    void handleExchange(runtime, new NodeClientRequest(message, name), new NodeClientResponse(response, draining));
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, requireHostHeader: false, connectionsCheckingInterval: CHECK_MS },
    handle,
  );
  const configure = (settings: ListenerSettings) => {
    name = settings.name;
    // Read for each new connection, though Node's types know it as an option only.
    Object.assign(server, { maxHeaderSize: settings.maxHeaderBytes });
    server.requestTimeout = settings.requestReceivedTimeoutMs;
    server.headersTimeout = Math.min(settings.requestReceivedTimeoutMs || MAX_HEADERS_MS, MAX_HEADERS_MS);
  };
  configure(options);
  // The exchange answers it in the client's dialect.
  server.on('checkExpectation', handle);
  server.maxHeadersCount = 0;
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, undefined);
    joinWrites(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Bytes of an answer under way must stay the answer's.
    const answer = sockets.get(socket);
    const answering = answer?.headersSent && !answer.writableFinished;
    if (!socket.writable || answering || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawErrorAnswer(error.code ?? ''));
  });
  const port = await start(server, options);
  return {
    get name() {
      return name;
    },
    configure,
    address: options.address,
    requestedPort: options.port,
    port,
    get connections() {
      return sockets.size;
    },
    close: (graceMs) => closeGracefully(server, sockets, graceMs),
  };
}
