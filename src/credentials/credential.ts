/** Proves the gateway to one provider. Made once for a cluster, used by every request. */
export interface Credential {
  /**
   * Adds what proves the caller to `request.headers`. Returns nothing when that could be done at once
   * (static keys, a fresh token), a promise when a token has to be fetched first. Throws, or rejects
   * with, GatewayError `missing_credential` or `credential_unavailable`.
   */
  apply(request: SignableRequest): void | Promise<void>;
  /**
   * Client headers that carry credentials for this cluster, lower case: they must not be forwarded.
   * A trailing `*` stands for any rest.
   */
  readonly consumedHeaders: readonly string[];
  /** Whether the client's own `authorization` (and kin) must reach the provider. */
  readonly forwardsClientCredential: boolean;
  /** Ends background work. */
  close?(): void;
}

/** A provider request before it is sent. */
export interface SignableRequest {
  method: string;
  /** The host header's value: name, and port where it is not the default. */
  host: string;
  /** Path and query as they go on the wire. */
  path: string;
  /** Names and values in turn, names in lower case; `apply` appends or replaces. */
  headers: string[];
  /** The body's bytes; undefined when there is none or it is streamed. */
  body: Uint8Array | undefined;
  /** A header of the client's request by lower-case name. */
  clientHeader(name: string): string | undefined;
}

/** One HTTP exchange, as token endpoints need it. The plane provides it. */
export type HttpCall = (request: {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  timeoutMs: number;
  /** Lets link-local and loopback addresses through: only for metadata servers. */
  allowLocal?: boolean;
}) => Promise<{ status: number; headers: Record<string, string>; body: string }>;

/** What credentials take from the world around them. */
export interface CredentialEnvironment {
  http: HttpCall;
  /** Milliseconds since the epoch. */
  now(): number;
  env: Readonly<Record<string, string | undefined>>;
  /** Rejects when the file cannot be read. */
  readFile(path: string): Promise<string>;
  homeDirectory: string;
}
