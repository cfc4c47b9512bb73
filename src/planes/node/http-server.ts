import { createServer, type IncomingMessage, type ServerResponse as NodeResponse, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ClientRequest, ClientResponse } from '../../exchange/ports.ts';
import { NodeClientRequest } from './client-request.ts';
import { NodeClientResponse } from './client-response.ts';
import { RequestHeadParser } from './http1/request-head.ts';
import { KEEP_ALIVE_MS, ResponseHeadWriter } from './http1/response-head-writer.ts';
import { ServerConnection, type ServerLane } from './http1/server-connection.ts';
import { joinWrites } from './join-writes.ts';
import { rawErrorAnswer } from './raw-error.ts';

/** What of an HTTP server may change while it is open; new connections see it. */
export interface HttpServerSettings {
  /** The name of the listener, for requests; empty when it has none. */
  name: string;
  maxHeaderBytes: number;
  /** 0 is no bound. */
  requestReceivedTimeoutMs: number;
}

/** How an HTTP server is set up. */
export interface HttpServerOptions extends HttpServerSettings {
  /** Handles a request. Must not throw. */
  serve(request: ClientRequest, response: ClientResponse): void;
  /** Whether connections should end after their answer. */
  closing(): boolean;
}

/** An HTTP server that does not listen yet. */
export interface HttpServer {
  readonly server: Server;
  /** Connections that are open. */
  readonly connections: number;
  configure(settings: HttpServerSettings): void;
  /** Ends the connections that wait for a request. */
  closeIdle(): void;
  /** Cuts all connections. */
  destroyAll(): void;
  /** Ends the connections whose request, or rest of a request, takes too long to come. Called once a second. */
  checkTimes(): void;
}

/** How often `node:http` looks at its connections for requests that take too long to arrive. */
const CHECK_MS = 1000;
/** For the head of a request, whatever the whole may take. */
const MAX_HEADERS_MS = 60_000;

type ConnectionListener = (this: Server, socket: Socket) => void;

/**
 * Makes a server whose connections are read by the codec of our own as long as their requests are of the ordinary form; at
 * the first other request `node:http` takes the connection, with all that it knows of HTTP.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { serve, closing } = options;
  /** The connections of `node:http`, and the latest answer on each. */
  const others = new Map<Socket, NodeResponse | undefined>();
  const handle = (message: IncomingMessage, response: NodeResponse) => {
    others.set(message.socket, response);
    serve(new NodeClientRequest(message, lane.name), new NodeClientResponse(response, closing));
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, requireHostHeader: false, connectionsCheckingInterval: CHECK_MS },
    handle,
  );
  const [nodeListener] = server.listeners('connection') as [ConnectionListener];
  const lane: ServerLane = {
    parser: new RequestHeadParser(),
    heads: new ResponseHeadWriter(),
    connections: new Set(),
    name: options.name,
    maxHeaderBytes: options.maxHeaderBytes,
    headersTimeoutMs: MAX_HEADERS_MS,
    requestTimeoutMs: options.requestReceivedTimeoutMs,
    now: () => performance.now(),
    closing,
    serve,
    refusal: rawErrorAnswer,
    handOver(socket) {
      others.set(socket, undefined);
      joinWrites(socket);
      socket.once('close', () => others.delete(socket));
      nodeListener.call(server, socket);
    },
  };
  const configure = ({ name, maxHeaderBytes, requestReceivedTimeoutMs }: HttpServerSettings) => {
    const headersTimeoutMs = Math.min(requestReceivedTimeoutMs || MAX_HEADERS_MS, MAX_HEADERS_MS);
    lane.name = name;
    lane.maxHeaderBytes = maxHeaderBytes;
    lane.headersTimeoutMs = headersTimeoutMs;
    lane.requestTimeoutMs = requestReceivedTimeoutMs;
    // Read for each new connection, though Node's types know it as an option only.
    Object.assign(server, { maxHeaderSize: maxHeaderBytes });
    server.requestTimeout = requestReceivedTimeoutMs;
    server.headersTimeout = headersTimeoutMs;
  };
  configure(options);
  server.off('connection', nodeListener);
  server.on('connection', (socket: Socket) => void new ServerConnection(socket, lane));
  // The exchange answers it in the client's dialect.
  server.on('checkExpectation', handle);
  server.maxHeadersCount = 0;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Bytes of an answer under way must stay the answer's.
    const answer = others.get(socket);
    const answering = answer?.headersSent && !answer.writableFinished;
    if (!socket.writable || answering || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawErrorAnswer(error.code ?? ''));
  });
  return {
    server,
    get connections() {
      return lane.connections.size + others.size;
    },
    configure,
    closeIdle() {
      server.closeIdleConnections();
      for (const connection of lane.connections) connection.closeIdle();
    },
    destroyAll() {
      for (const connection of lane.connections) connection.destroy();
      for (const socket of others.keys()) socket.destroy();
    },
    checkTimes() {
      const now = lane.now();
      for (const connection of lane.connections) connection.checkTime(now);
    },
  };
}
