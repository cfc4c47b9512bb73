import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleExchange } from '../../exchange/exchange.ts';
import type { ExchangeRuntime } from '../../exchange/runtime.ts';
import { createHttpServer, type HttpServer, type HttpServerSettings } from './http-server.ts';

/** What of a listener may change while it is open; new connections see it. */
export type ListenerSettings = HttpServerSettings;

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
/** How often a listener that closes looks for connections that have become idle. */
const CLOSE_IDLE_MS = 20;

function start(server: Server, options: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.address, port: options.port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeGracefully(http: HttpServer, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => http.destroyAll(), graceMs);
    http.server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    http.closeIdle();
    // A connection becomes idle when its answer ends.
    const sweep = setInterval(() => http.closeIdle(), CLOSE_IDLE_MS);
  });
}

/** Opens a listener. Rejects with the system's error when the address cannot be taken. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { runtime } = options;
  let { name } = options;
  const http = createHttpServer({
    name,
    maxHeaderBytes: options.maxHeaderBytes,
    requestReceivedTimeoutMs: options.requestReceivedTimeoutMs,
    serve: (request, response) => void handleExchange(runtime, request, response),
    closing: () => runtime.draining(),
  });
  const port = await start(http.server, options);
  const timeCheck = setInterval(() => http.checkTimes(), CHECK_MS);
  timeCheck.unref();
  http.server.once('close', () => clearInterval(timeCheck));
  return {
    get name() {
      return name;
    },
    configure(settings) {
      name = settings.name;
      http.configure(settings);
    },
    address: options.address,
    requestedPort: options.port,
    port,
    get connections() {
      return http.connections;
    },
    close: (graceMs) => closeGracefully(http, graceMs),
  };
}
