import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type AdminAnswer, errorAnswer } from './answer.ts';
import { isAllowedHost, isLoopbackAddress } from './host-check.ts';
import type { AdminPort } from './port.ts';
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts';

/** What `createAdminServer` takes. */
export interface AdminServerOptions {
  /** Address or host name to listen on. */
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** Names beside `localhost` under which the server may be called, such as a service's DNS name. */
  hostNames?: readonly string[];
  admin: AdminPort;
  /** Hears of failures inside a route. */
  onError(error: unknown): void;
}

/** The admin listener. */
export interface AdminServer {
  /** Rejects with a message that names the address when it cannot be had. */
  listen(): Promise<{ port: number }>;
  /** Takes no new connections, lets answers under way finish for a second, then cuts them. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const CLOSE_GRACE_MS = 1000;

/** On every answer: nothing here is for a browser to cache, sniff, frame or script. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Creates the server of `/metrics`, health and `/api/v1`; it does not listen yet. */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  const routes = groupByPath(ADMIN_ROUTES);
  const allowedNames = [options.address, ...(options.hostNames ?? [])].map((name) => name.toLowerCase());
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  server.maxConnections = MAX_CONNECTIONS;

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answerRequest(request)
      .then((answer) => send(request, response, answer))
      .catch((error: unknown) => {
        if (isClientGone(error)) return;
        options.onError(error);
        if (response.headersSent) response.destroy();
        else
          void send(request, response, errorAnswer(500, { code: 'internal_error', message: 'The admin API failed.' }));
      });
  });

  async function answerRequest(request: IncomingMessage): Promise<AdminAnswer> {
    const { host } = request.headers;
    if (!isAllowedHost(host, allowedNames)) {
      return errorAnswer(421, {
        code: 'host_not_allowed',
        message: 'The admin API does not answer under this host name; use localhost or an IP address.',
      });
    }
    const path = pathOf(request.url ?? '/');
    const methods = routes.get(path);
    if (methods === undefined) {
      return errorAnswer(404, { code: 'unknown_path', message: `The admin API has no path ${path}.` });
    }
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const route = methods.get(method);
    if (route === undefined) {
      const allow = allowHeader(methods);
      return errorAnswer(405, {
        code: 'method_not_allowed',
        message: `${path} takes ${allow} only.`,
        headers: { allow },
      });
    }
    if (route.access === 'operator' && !isLoopbackAddress(request.socket.remoteAddress ?? '')) {
      return errorAnswer(403, {
        code: 'operator_only',
        message: `${path} is answered to this machine only; call it from there, or through a port forward.`,
      });
    }
    return route.handle(options.admin, { header: (name) => firstValue(request.headers[name]) });
  }

  return {
    listen: () => listen(server, options),
    close: () => close(server),
  };
}

async function send(request: IncomingMessage, response: ServerResponse, answer: AdminAnswer): Promise<void> {
  const headers: Record<string, string> = { ...SECURITY_HEADERS, ...answer.headers };
  if (answer.status !== 304) headers['content-type'] = answer.contentType;
  // No route reads a body: what comes with one is not waited for.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    headers['connection'] = 'close';
  }
  if (typeof answer.body === 'string') {
    if (answer.status !== 304) headers['content-length'] = String(Buffer.byteLength(answer.body));
    response.writeHead(answer.status, headers).end(request.method === 'HEAD' ? undefined : answer.body);
    return;
  }
  response.writeHead(answer.status, headers);
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(answer.body, { highWaterMark: 1 }), response);
}

/** Whether sending failed because the client left in the middle: nothing is wrong then, and there is nobody to answer. */
function isClientGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE';
}

function listen(server: Server, { address, port }: AdminServerOptions): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'the port is taken; choose another with admin.port, or 0 for a free one'
          : `${error.message}; check admin.address and admin.port`;
      reject(new Error(`The admin API cannot listen on ${address}:${port}: ${why}`, { cause: error }));
    };
    server.once('error', onError);
    server.listen(port, address, () => {
      server.off('error', onError);
      // A listening TCP server's address is an object.
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) return resolve();
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function groupByPath(routes: readonly AdminRoute[]): Map<string, Map<string, AdminRoute>> {
  const paths = new Map<string, Map<string, AdminRoute>>();
  for (const route of routes) {
    const methods = paths.get(route.path) ?? new Map<string, AdminRoute>();
    methods.set(route.method, route);
    paths.set(route.path, methods);
  }
  return paths;
}

function allowHeader(methods: Map<string, AdminRoute>): string {
  return [...methods.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

/** The path of a request target; a proxy's absolute form has none here. */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function firstValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
