import { type buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import type { UpstreamHandler, UpstreamRequest } from '../../exchange/ports.ts';
import type { Cluster } from '../../snapshot/snapshot.ts';
import { classifyFailure } from './classify-failure.ts';
import { MAX_RESPONSE_HEAD } from './http1/response-head.ts';
import { KEEP_SECONDS, lengthOf, type RequestPool, STALE_MS } from './request-pool.ts';

function bodyOf(pieces: readonly Uint8Array[] | undefined): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (pieces === undefined) return null;
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  // Joining costs less than a write for each piece, until the copy itself is large.
  return lengthOf(pieces) <= 256 * 1024 ? Buffer.concat(pieces) : iterate(pieces);
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
export class ProxiedPool implements RequestPool {
  /** Connections made so far. */
  connects = 0;
  readonly #dispatcher: Dispatcher;
  #retired = false;

  constructor(cluster: Cluster, secure: buildConnector.BuildOptions) {
    const { connect_timeout, max_connections, forward_proxy = '' } = cluster.config;
    this.#dispatcher = new ProxyAgent({
      connections: max_connections ?? null,
      pipelining: 1,
      keepAliveTimeout: KEEP_SECONDS * 1000,
      maxHeaderSize: MAX_RESPONSE_HEAD,
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
