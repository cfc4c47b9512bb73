import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { handleExchange } from '../../exchange/exchange.ts';
import type { ExchangeRuntime } from '../../exchange/runtime.ts';
import { NodeClientRequest } from './client-request.ts';
import { NodeClientResponse } from './client-response.ts';
import { RequestHeadParser } from './http1/request-head.ts';
import { KEEP_ALIVE_MS, ResponseHeadWriter } from './http1/response-head-writer.ts';
import { ServerConnection, type ServerLane } from './http1/server-connection.ts';
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

/** What serves connections beside the codec of our own. */
type ConnectionListener = (this: Server, socket: Socket) => void;

/** The open connections, by who serves them. */
interface Connections {
  /** Those of the own codec. */
  own: Set<ServerConnection>;
  /** Those of `node:http`, and the latest answer on each. */
  node: Map<Socket, ServerResponse | undefined>;
}

function destroyAll(connections: Connections): void {
  for (const connection of connections.own) connection.destroy();
  for (const socket of connections.node.keys()) socket.destroy();
}

/** Ends the connections that wait for a request. */
function closeIdle(server: Server, connections: Connections): void {
  server.closeIdleConnections();
  for (const connection of connections.own) connection.closeIdle();
}

function closeGracefully(server: Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => destroyAll(connections), graceMs);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    closeIdle(server, connections);
    // A connection becomes idle when its answer ends.
    const sweep = setInterval(() => closeIdle(server, connections), 20);
  });
}

/**
 * Opens a listener. Rejects with the system's error when the address cannot be taken. Requests of the ordinary form are read
 * by the codec of our own; at the first other one `node:http` takes the connection.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { runtime } = options;
  const connections: Connections = { own: new Set(), node: new Map() };
  const draining = () => runtime.draining();
  const handle = (message: IncomingMessage, response: ServerResponse) => {
    connections.node.set(message.socket, response);
    void handleExchange(runtime, new NodeClientRequest(message, lane.name), new NodeClientResponse(response, draining));
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, requireHostHeader: false, connectionsCheckingInterval: CHECK_MS },
    handle,
  );
  const [nodeListener] = server.listeners('connection') as [ConnectionListener];
  const lane: ServerLane = {
    parser: new RequestHeadParser(),
    heads: new ResponseHeadWriter(),
    connections: connections.own,
    name: options.name,
    maxHeaderBytes: options.maxHeaderBytes,
    headersTimeoutMs: MAX_HEADERS_MS,
    requestTimeoutMs: options.requestReceivedTimeoutMs,
    now: () => performance.now(),
    closing: draining,
    serve: (request, response) => void handleExchange(runtime, request, response),
    refusal: rawErrorAnswer,
    handOver(socket) {
      connections.node.set(socket, undefined);
      joinWrites(socket);
      socket.once('close', () => connections.node.delete(socket));
      nodeListener.call(server, socket);
    },
  };
  const configure = (settings: ListenerSettings) => {
    const { maxHeaderBytes, requestReceivedTimeoutMs } = settings;
    const headersTimeoutMs = Math.min(requestReceivedTimeoutMs || MAX_HEADERS_MS, MAX_HEADERS_MS);
    lane.name = settings.name;
    lane.maxHeaderBytes = maxHeaderBytes;
    lane.headersTimeoutMs = headersTimeoutMs;
    lane.requestTimeoutMs = requestReceivedTimeoutMs;
    // Read for each new connection, though Node's types know it as an option only.
    Object.assign(server, { maxHeaderSize: maxHeaderBytes });
    server.requestTimeout = requestReceivedTimeoutMs;
    server.headersTimeout = headersTimeoutMs;
  };
  configure(options);
  // The exchange answers it in the client's dialect.
  server.on('checkExpectation', handle);
  server.maxHeadersCount = 0;
  server.off('connection', nodeListener);
  server.on('connection', (socket: Socket) => void new ServerConnection(socket, lane));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Bytes of an answer under way must stay the answer's.
    const answer = connections.node.get(socket);
    const answering = answer?.headersSent && !answer.writableFinished;
    if (!socket.writable || answering || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawErrorAnswer(error.code ?? ''));
  });
  const port = await start(server, options);
  const timeCheck = setInterval(() => {
    const now = lane.now();
    for (const connection of lane.connections) connection.checkTime(now);
  }, CHECK_MS);
  timeCheck.unref();
  server.once('close', () => clearInterval(timeCheck));
  return {
    get name() {
      return lane.name;
    },
    configure,
    address: options.address,
    requestedPort: options.port,
    port,
    get connections() {
      return connections.own.size + connections.node.size;
    },
    close: (graceMs) => closeGracefully(server, connections, graceMs),
  };
}
