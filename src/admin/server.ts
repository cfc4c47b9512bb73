import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { identify, isForwarded, requireRole } from './access.ts';
import { AdminError, refusalAnswer, toAdminError } from './admin-error.ts';
import type { AdminAnswer } from './answer.ts';
import { type AuditEvent, createAuditTrail } from './audit-trail.ts';
import { createFailedLogins } from './failed-logins.ts';
import { isAllowedHost } from './host-check.ts';
import type { AdminPort, AuditEntry } from './port.ts';
import { readText } from './read-body.ts';
import type { Actor } from './roles.ts';
import type { AdminRequest, AdminRoute, ChangeNote } from './route.ts';
import { createRouteIndex, type PathMethods } from './route-index.ts';
import { ADMIN_ROUTES } from './routes.ts';
import { type AdminToken, createTokenCheck, type TokenCheck } from './token-check.ts';

/** What `createAdminServer` takes. */
export interface AdminServerOptions {
  /** Address or host name to listen on. */
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** Names beside `localhost` under which the server may be called, such as a service's DNS name. */
  hostNames?: readonly string[];
  /**
   * `admin.tokens` of the configuration in force, asked for at each request; the same list again costs nothing. Without any, this
   * machine alone may read.
   */
  tokens?: () => readonly AdminToken[];
  admin: AdminPort;
  /** Hears of failures inside a route. */
  onError(error: unknown): void;
  /** Hears of every entry of the audit log, also while none is kept. */
  onAudit?(entry: AuditEntry): void;
  /** Milliseconds since the epoch; default the system's clock. */
  now?: () => number;
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

const NO_TOKENS: readonly AdminToken[] = [];

/** Creates the server of `/metrics`, health and `/api/v1`; it does not listen yet. */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  const { admin, now = Date.now } = options;
  const routes = createRouteIndex(ADMIN_ROUTES);
  const allowedNames = [options.address, ...(options.hostNames ?? [])].map((name) => name.toLowerCase());
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS });
  const failedLogins = createFailedLogins();
  const trail = createAuditTrail(admin, options);
  let tokens: { list: readonly AdminToken[]; check: TokenCheck } | undefined;
  server.maxConnections = MAX_CONNECTIONS;

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const requestId = randomUUID();
    answerRequest(request, requestId)
      .then((answer) => send(request, response, withRequestId(answer, requestId)))
      .catch((error: unknown) => {
        if (isClientGone(error)) return;
        options.onError(error);
        if (response.headersSent) response.destroy();
        else void send(request, response, withRequestId(refusalAnswer(internalError()), requestId));
      });
  });

  async function answerRequest(request: IncomingMessage, requestId: string): Promise<AdminAnswer> {
    const event: { route?: AdminRoute; actor?: Actor; note: ChangeNote } = {
      note: { target: '', before: null, after: null },
    };
    const about = (route: AdminRoute): AuditEvent => ({
      route,
      actor: event.actor,
      note: event.note,
      requestId,
      sourceIp: request.socket.remoteAddress ?? '',
      nowMs: now(),
    });
    try {
      const { route, params } = findRoute(request);
      event.route = route;
      event.note.target = pathOf(request.url ?? '/');
      event.actor = identifyCaller(request, route);
      requireRole(event.actor, route.access);
      const answer = await route.handle(
        admin,
        toAdminRequest(request, { params, requestId, ...event, actor: event.actor }),
      );
      if (route.action !== undefined) await trail.changed(about(route));
      return answer;
    } catch (error) {
      if (isClientGone(error)) throw error;
      const refusal = toAdminError(error) ?? internalError();
      if (refusal.status >= 500 && refusal !== error) options.onError(error);
      if (event.route?.action !== undefined) await trail.refused(about(event.route), refusal);
      return refusalAnswer(refusal);
    }
  }

  function findRoute(request: IncomingMessage): { route: AdminRoute; params: AdminRequest['params'] } {
    if (!isAllowedHost(request.headers.host, allowedNames)) {
      throw new AdminError(421, 'host_not_allowed', {
        message: 'The admin API does not answer under this host name; use localhost or an IP address.',
      });
    }
    const path = pathOf(request.url ?? '/');
    const match = routes.find(path);
    if (match === undefined) {
      throw new AdminError(404, 'unknown_path', { message: `The admin API has no path ${path.slice(0, 200)}.` });
    }
    const route = match.methods.get(request.method === 'HEAD' ? 'GET' : (request.method ?? ''));
    if (route !== undefined) return { route, params: match.params };
    const allow = allowHeader(match.methods);
    throw new AdminError(405, 'method_not_allowed', {
      message: `${path.slice(0, 200)} takes ${allow} only.`,
      headers: { allow },
    });
  }

  function identifyCaller(request: IncomingMessage, route: AdminRoute): Actor {
    const caller = {
      remoteAddress: request.socket.remoteAddress ?? '',
      forwarded: isForwarded(request.headers),
      authorization: request.headers.authorization,
    };
    return identify(caller, route.access, { tokens: currentTokens(), failedLogins, nowMs: now() });
  }

  function currentTokens(): TokenCheck {
    const list = options.tokens?.() ?? NO_TOKENS;
    if (tokens?.list !== list) tokens = { list, check: createTokenCheck(list) };
    return tokens.check;
  }

  function toAdminRequest(
    request: IncomingMessage,
    known: { params: AdminRequest['params']; requestId: string; actor: Actor; note: ChangeNote },
  ): AdminRequest {
    return {
      header: (name) => firstValue(request.headers[name]),
      params: known.params,
      actor: known.actor,
      nowMs: now(),
      requestId: known.requestId,
      change: known.note,
      search: new URLSearchParams(queryOf(request.url ?? '')),
      readText: (rules) => readText(request, rules),
    };
  }

  return {
    listen: () => listen(server, options),
    close: () => close(server),
  };
}

function internalError(): AdminError {
  return new AdminError(500, 'internal_error', { message: 'The admin API failed; the log says why.' });
}

function withRequestId(answer: AdminAnswer, requestId: string): AdminAnswer {
  return { ...answer, headers: { ...answer.headers, 'x-aigw-request-id': requestId } };
}

async function send(request: IncomingMessage, response: ServerResponse, answer: AdminAnswer): Promise<void> {
  const headers: Record<string, string> = { ...SECURITY_HEADERS, ...answer.headers };
  if (answer.status !== 304) headers['content-type'] = answer.contentType;
  // A body that was not read to its end is not waited for.
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (hasBody && !request.complete) headers['connection'] = 'close';
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

function allowHeader(methods: PathMethods): string {
  return [...methods.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

/** The path of a request target; a proxy's absolute form has none here. */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function queryOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? '' : target.slice(query + 1);
}

function firstValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
