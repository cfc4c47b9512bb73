import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { ClientRequest } from '../../exchange/ports.ts';
import { bodyTooLarge } from './body-too-large.ts';

/** A `node:http` request as the exchange sees it. */
export class NodeClientRequest implements ClientRequest {
  readonly #message: IncomingMessage;
  readonly method: string;
  readonly url: string;
  readonly listener: string;

  constructor(message: IncomingMessage, listener: string) {
    this.#message = message;
    this.method = message.method ?? 'GET';
    this.url = message.url ?? '/';
    this.listener = listener;
  }

  get rawHeaders(): readonly string[] {
    return this.#message.rawHeaders;
  }

  get remoteAddress(): string {
    return this.#message.socket.remoteAddress ?? '';
  }

  get protocol(): string {
    return `HTTP/${this.#message.httpVersion}`;
  }

  header(name: string): string | undefined {
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    const message = this.#message;
    const declared = Number(message.headers['content-length'] ?? Number.NaN);
    if (declared > maxBytes) return Promise.reject(bodyTooLarge(maxBytes));
    return new Promise((resolve, reject) => {
      // One buffer of the declared size: a body of many chunks is never held twice.
      let whole: Buffer | undefined;
      let chunks: Buffer[] = [];
      let length = 0;
      message.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) {
          chunks = [];
          message.pause();
          reject(bodyTooLarge(maxBytes));
          return;
        }
        if (declared > chunk.length) {
          whole ??= Buffer.allocUnsafeSlow(declared);
          chunk.copy(whole, length - chunk.length);
        } else chunks.push(chunk);
      });
      message.on('end', () => {
        if (whole !== undefined) resolve(length === whole.length ? whole : whole.subarray(0, length));
        else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
      });
      const gone = (error?: Error) =>
        reject(
          new GatewayError('client_closed', 'The client closed the connection before its request was whole.', {
            cause: error,
          }),
        );
      message.on('error', gone);
    });
  }
}
