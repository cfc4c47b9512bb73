import { GatewayError } from '../../../errors/gateway-error.ts';
import type { ClientRequest } from '../../../exchange/ports.ts';
import { bodyTooLarge } from '../body-too-large.ts';
import type { RequestHead } from './request-head.ts';

/** Headers of which only the first counts, as `node:http` has it; the values of others are joined. */
const FIRST_ONLY: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

const NO_BODY = Buffer.alloc(0);

/** What a request needs of its connection. */
export interface RequestSource {
  readonly remoteAddress: string;
  /** Reads on: somebody waits for the body. */
  resumeReading(): void;
}

interface BodyReader {
  resolve(body: Uint8Array): void;
  reject(error: GatewayError): void;
}

/** A request that was read by the own HTTP/1.1 codec, as the exchange sees it. */
export class ServerRequest implements ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly protocol = 'HTTP/1.1';
  readonly listener: string;
  readonly #source: RequestSource;
  readonly #nameLengths: number;
  readonly #declared: number;
  #body: Uint8Array | undefined;
  #received = 0;
  #reader: BodyReader | undefined = undefined;
  #lost = false;

  constructor(head: RequestHead, source: RequestSource, listener: string) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.listener = listener;
    this.#source = source;
    this.#nameLengths = head.nameLengths;
    this.#declared = head.bodyBytes;
    this.#body = head.bodyBytes === 0 ? NO_BODY : undefined;
  }

  get remoteAddress(): string {
    return this.#source.remoteAddress;
  }

  header(name: string): string | undefined {
    if ((this.#nameLengths & (1 << (name.length & 31))) === 0) return undefined;
    const raw = this.rawHeaders;
    let found: string | undefined;
    for (let index = 0; index < raw.length; index += 2) {
      const written = raw[index] as string;
      if (written.length !== name.length || (written !== name && written.toLowerCase() !== name)) continue;
      if (found === undefined) found = raw[index + 1] as string;
      else if (FIRST_ONLY.has(name)) return found;
      else found += (name === 'cookie' ? '; ' : ', ') + raw[index + 1];
    }
    return found;
  }

  /** Bytes of the body that have not come yet. */
  get missingBytes(): number {
    return this.#declared - this.#received;
  }

  /** Whether somebody waits for the body. */
  get isAwaited(): boolean {
    return this.#reader !== undefined;
  }

  readBody(maxBytes: number): Uint8Array | Promise<Uint8Array> {
    if (this.#declared > maxBytes) throw bodyTooLarge(maxBytes);
    if (this.#received === this.#declared) return this.#takeBody();
    if (this.#lost) throw clientClosed();
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#source.resumeReading();
    });
  }

  /** Takes what has come of the body, which must not be more than is missing. A body that comes in one piece is not copied. */
  takeBytes(bytes: Buffer): void {
    if (bytes.length === this.#declared) this.#body = bytes;
    else {
      this.#body ??= Buffer.allocUnsafeSlow(this.#declared);
      bytes.copy(this.#body, this.#received);
    }
    this.#received += bytes.length;
    if (this.#received === this.#declared) this.#reader?.resolve(this.#takeBody());
  }

  /** The connection is gone: the rest of the body will not come. */
  lose(cause?: Error): void {
    this.#lost = true;
    if (this.#received < this.#declared) this.#reader?.reject(clientClosed(cause));
  }

  #takeBody(): Uint8Array {
    const body = this.#body ?? NO_BODY;
    // The exchange decides how long the bytes are kept.
    this.#body = undefined;
    return body;
  }
}

function clientClosed(cause?: Error): GatewayError {
  const options = cause === undefined ? {} : { cause };
  return new GatewayError('client_closed', 'The client closed the connection before its request was whole.', options);
}
