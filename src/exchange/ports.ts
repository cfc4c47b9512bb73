import type { Cluster, ClusterEndpoint } from '../snapshot/snapshot.ts';

/** A request as a plane received it. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  /** Names and values in turn, as on the wire. */
  readonly rawHeaders: readonly string[];
  /** A header by lower-case name; several of one name are joined by commas. */
  header(name: string): string | undefined;
  /** Name of the listener that took the request; empty when it has none. */
  readonly listener: string;
  readonly remoteAddress: string;
  /** Such as `HTTP/1.1`. */
  readonly protocol: string;
  /** Reads the body, at most once; a promise unless it has arrived already. Throws or rejects with GatewayError `request_too_large` or `client_closed`. */
  readBody(maxBytes: number): Uint8Array | Promise<Uint8Array>;
}

/** Where a plane sends the answer. */
export interface ClientResponse {
  /** Status and headers (names and values in turn); sent together with the first bytes of the body. */
  writeHead(status: number, headers: string[]): void;
  /** Returns false when the client reads slower than we write: wait for `onDrain`. */
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): void;
  /** Calls once when writing may go on. */
  onDrain(callback: () => void): void;
  /** Calls once when the connection ended before the answer did. */
  onAbort(callback: () => void): void;
  /** Cuts the connection: the only honest end of an answer that broke off after its head was sent. */
  destroy(): void;
  /** Whether the client went away. */
  readonly aborted: boolean;
  /** Bytes of the body given to the connection so far. */
  readonly bytesSent: number;
}

/** A request to a provider. */
export interface UpstreamRequest {
  readonly cluster: Cluster;
  readonly endpoint: ClusterEndpoint;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  /** Pieces in order; undefined for no body. */
  readonly body: readonly Uint8Array[] | undefined;
}

/** Takes a provider's answer as it arrives. Exactly one of `onEnd` and `onError` comes last. */
export interface UpstreamHandler {
  /** The request has a connection; `abort` ends it, `onError` follows. */
  onStart(abort: () => void): void;
  /** `rawHeaders` are names and values in turn as on the wire, a character for each byte; `resume` undoes a `false` of `onData`. */
  onHead(status: number, rawHeaders: readonly string[], resume: () => void): void;
  /** Returns false to stop the provider from sending until `resume`. */
  onData(chunk: Uint8Array): boolean;
  onEnd(): void;
  onError(failure: UpstreamFailure): void;
}

/** Why a provider request failed, sorted for retries. */
export interface UpstreamFailure {
  kind: 'connect' | 'tls' | 'timeout-connect' | 'reset' | 'protocol' | 'aborted';
  /** For logs. */
  cause: Error;
}

/** Sends requests to providers. Sets no time bounds but the one for connecting: the exchange does. */
export interface Upstream {
  send(request: UpstreamRequest, handler: UpstreamHandler): void;
}
