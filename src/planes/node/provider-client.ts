import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import type { Upstream, UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../../exchange/ports.ts';
import type { Cluster, ClusterEndpoint } from '../../snapshot/snapshot.ts';
import { ConnectionPool } from './http1/connection-pool.ts';
import { ReadBuffer } from './http1/read-buffer.ts';

/** How long an idle connection to a provider is kept: shorter than common load balancers keep theirs. */
const KEEP_ALIVE_MS = 30_000;
/** How soon a kept connection fails that was gone before it was used again: a round trip. */
const STALE_MS = 500;
const MAX_HEADER_BYTES = 64 * 1024;

/** Sends requests to providers through pools that outlive configurations as long as their settings stay the same. */
export interface ProviderClient extends Upstream {
  /** Drops the pools that none of these endpoints uses any more; requests in flight on them finish. */
  retain(used: readonly UsedEndpoints[]): void;
  close(): Promise<void>;
}

/** Endpoints of a cluster that requests may still go to. */
export interface UsedEndpoints {
  readonly cluster: Cluster;
  readonly endpoints: readonly ClusterEndpoint[];
}

const KINDS: Readonly<Record<string, UpstreamFailure['kind']>> = {
  ECONNREFUSED: 'connect',
  ENOTFOUND: 'connect',
  EAI_AGAIN: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  EMFILE: 'connect',
  ETIMEDOUT: 'timeout-connect',
  UND_ERR_CONNECT_TIMEOUT: 'timeout-connect',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_SOCKET: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  UND_ERR_RESPONSE: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
};

/** Sorts an error of undici, Node's sockets or TLS. */
export function classifyFailure(error: NodeJS.ErrnoException): UpstreamFailure {
  const code = error.code ?? '';
  const known = KINDS[code];
  if (known !== undefined) return { kind: known, cause: error };
  if (code.startsWith('HPE_') || error.name === 'HTTPParserError') return { kind: 'protocol', cause: error };
  if (
    code.startsWith('ERR_TLS') ||
    code.startsWith('UNABLE_TO_') ||
    code.startsWith('DEPTH_ZERO') ||
    code.startsWith('SELF_SIGNED') ||
    code === 'EPROTO' ||
    code.startsWith('CERT_') ||
    code.includes('CERT') ||
    code.startsWith('ERR_SSL')
  ) {
    return { kind: 'tls', cause: error };
  }
  return { kind: 'reset', cause: error };
}

function poolKey(cluster: Cluster, endpoint: ClusterEndpoint): string {
  const { tls, connect_timeout, max_connections, forward_proxy } = cluster.config;
  const { origin, resolved } = endpoint;
  return JSON.stringify([origin, resolved?.address, tls, connect_timeout, max_connections, forward_proxy]);
}

/** Takes the requests for one endpoint. */
interface RequestPool {
  send(request: UpstreamRequest, handler: UpstreamHandler): void;
  /** Takes no more requests; those in flight finish. */
  retire(): void;
  destroy(): Promise<void>;
}

function createPool(
  { cluster, endpoint }: UpstreamRequest,
  options: { serverName: string | undefined; readBuffer: ReadBuffer },
): RequestPool {
  const { tls, connect_timeout, max_connections, forward_proxy } = cluster.config;
  const ca = tls?.ca ?? (tls?.ca_file === undefined ? undefined : readFileSync(tls.ca_file, 'utf8'));
  const secure = {
    ...(ca === undefined ? {} : { ca }),
    ...(tls?.server_name === undefined ? {} : { servername: tls.server_name }),
    ...(tls?.insecure_skip_verify === true ? { rejectUnauthorized: false } : {}),
  };
  if (forward_proxy !== undefined) return new ProxiedPool(cluster, secure);
  const { resolved } = endpoint;
  const lookup = resolved === undefined ? {} : { lookup: lookupOf(resolved.address) };
  const { serverName, readBuffer } = options;
  const { onread } = readBuffer;
  const connect = buildConnector({ ...secure, ...lookup, onread, timeout: connect_timeout, allowH2: false });
  const { hostname, host, protocol, port } = new URL(endpoint.origin);
  const place = {
    // An IPv6 address stands in brackets in a URL alone.
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    host,
    protocol,
    port,
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
  return new ConnectionPool({
    host,
    readBuffer,
    maxConnections: max_connections ?? Number.POSITIVE_INFINITY,
    connect: (callback) => connect(place, (error, socket) => callback(error ?? (socket as Socket))),
    classify: classifyFailure,
  });
}

/** Leads every name to one address: connections go there, while `host` header and TLS keep the name. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}

function bodyOf(pieces: readonly Uint8Array[] | undefined): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (pieces === undefined) return null;
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  // Joining costs less than a write for each piece, until the copy itself is large.
  return lengthOf(pieces) <= 256 * 1024 ? Buffer.concat(pieces) : iterate(pieces);
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

async function* iterate(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) if (piece.length > 0) yield piece;
}

/** Whether undici says of the connection that broke that answers had come over it before. */
function hasAnswered(error: Error): boolean {
  const socket: unknown = 'socket' in error ? error.socket : undefined;
  const bytes: unknown = typeof socket === 'object' && socket !== null && 'bytesRead' in socket ? socket.bytesRead : 0;
  return typeof bytes === 'number' && bytes > 0;
}

/** Connections to the endpoints of a cluster through its forward proxy, which undici asks for tunnels. */
class ProxiedPool implements RequestPool {
  /** Connections made so far. */
  connects = 0;
  readonly #dispatcher: Dispatcher;
  #retired = false;

  constructor(cluster: Cluster, secure: buildConnector.BuildOptions) {
    const { connect_timeout, max_connections, forward_proxy = '' } = cluster.config;
    this.#dispatcher = new ProxyAgent({
      connections: max_connections ?? null,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      allowH2: false,
      // The exchange bounds the time of each attempt.
      headersTimeout: 0,
      bodyTimeout: 0,
      uri: forward_proxy.includes('://') ? forward_proxy : `http://${forward_proxy}`,
      proxyTunnel: true,
      requestTls: { ...secure, timeout: connect_timeout },
    });
    this.#dispatcher.on('connect', () => {
      this.connects++;
    });
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): void {
    const { body, headers } = request;
    // undici counts one buffer itself.
    if (body !== undefined && body.length !== 1) headers.push('content-length', String(lengthOf(body)));
    else if (body === undefined && request.method === 'POST') headers.push('content-length', '0');
    this.dispatch(request, { handler, again: false });
  }

  /** Sends a request; `again` tells that it was sent once before. */
  dispatch(request: UpstreamRequest, options: { handler: UpstreamHandler; again: boolean }): void {
    this.#dispatcher.dispatch(
      {
        origin: request.endpoint.origin,
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers,
        body: bodyOf(request.body) as Uint8Array,
      },
      new Dispatched(this, request, options) as Dispatcher.DispatchHandler,
    );
  }

  /** Whether it still takes requests. */
  get open(): boolean {
    return !this.#retired;
  }

  retire(): void {
    this.#retired = true;
    // Closing waits for the requests in flight.
    this.#dispatcher.close().catch(() => this.#dispatcher.destroy());
  }

  destroy(): Promise<void> {
    this.#retired = true;
    return this.#dispatcher.destroy();
  }
}

/** One request on its way through a proxy, as undici's handler with raw headers. */
class Dispatched {
  readonly #pool: ProxiedPool;
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #again: boolean;
  readonly #connects: number;
  readonly #sentAt: number;
  #over = false;
  #aborted = false;
  #answered = false;

  constructor(pool: ProxiedPool, request: UpstreamRequest, options: { handler: UpstreamHandler; again: boolean }) {
    this.#pool = pool;
    this.#request = request;
    this.#handler = options.handler;
    this.#again = options.again;
    this.#connects = pool.connects;
    this.#sentAt = performance.now();
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#handler.onStart(() => {
      this.#aborted = true;
      abort();
    });
  }

  onHeaders(status: number, rawHeaders: Buffer[], resume: () => void): boolean {
    this.#answered = true;
    const texts = rawHeaders.map((bytes) => bytes.toString('latin1'));
    this.#handler.onHead(status, texts, resume);
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onEnd();
  }

  onError(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    const failure = classifyFailure(error);
    if (failure.kind === 'reset' && !this.#answered && !this.#aborted && this.#mayRepeat(error)) {
      this.#pool.dispatch(this.#request, { handler: this.#handler, again: true });
      return;
    }
    // undici also calls it aborted when a proxy refuses the tunnel.
    this.#handler.onError(failure.kind === 'aborted' && !this.#aborted ? { kind: 'connect', cause: error } : failure);
  }

  /**
   * A kept connection may be closed by the provider in the moment in which it is used again. No connection made since means
   * that it was a kept one; one that goes at once has not been read from any more. Later the provider may have worked on the
   * request, and only the route's retry policy may send it twice.
   */
  #mayRepeat(error: Error): boolean {
    const kept = this.#pool.connects === this.#connects || hasAnswered(error);
    return this.#pool.open && !this.#again && kept && performance.now() - this.#sentAt <= STALE_MS;
  }
}

/**
 * The name that TLS shall ask for where a request is addressed to another host than the endpoint's; undefined for the
 * endpoint's own, and without TLS.
 */
function ownServerName(request: UpstreamRequest): string | undefined {
  if (!request.endpoint.origin.startsWith('https:')) return undefined;
  const { headers } = request;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'host') {
      const name = (headers[index + 1] as string).replace(/:\d*$/, '');
      return isIP(name) === 0 ? name : undefined;
    }
  }
  return undefined;
}

/** Makes the client. Connections are opened when first needed. */
export function createProviderClient(): ProviderClient {
  const pools = new Map<string, RequestPool>();
  const readBuffer = new ReadBuffer();
  /** Saves making the key for each request. */
  let byEndpoint = new WeakMap<ClusterEndpoint, RequestPool>();

  function poolAt(key: string, request: UpstreamRequest, serverName: string | undefined): RequestPool {
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = createPool(request, { serverName, readBuffer });
      pools.set(key, pool);
    }
    return pool;
  }

  function poolFor(request: UpstreamRequest): RequestPool {
    const { cluster, endpoint } = request;
    const serverName = ownServerName(request);
    if (serverName !== undefined) return poolAt(`${serverName} ${poolKey(cluster, endpoint)}`, request, serverName);
    let pool = byEndpoint.get(endpoint);
    if (pool === undefined) {
      pool = poolAt(poolKey(cluster, endpoint), request, undefined);
      byEndpoint.set(endpoint, pool);
    }
    return pool;
  }

  return {
    send(request, handler) {
      poolFor(request).send(request, handler);
    },
    retain(used) {
      const wanted = new Set(
        used.flatMap(({ cluster, endpoints }) => endpoints.map((endpoint) => poolKey(cluster, endpoint))),
      );
      byEndpoint = new WeakMap();
      for (const [key, pool] of pools) {
        if (wanted.has(key)) continue;
        pools.delete(key);
        pool.retire();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}
