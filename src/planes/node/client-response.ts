import type { ServerResponse } from 'node:http';
import type { ClientResponse } from '../../exchange/ports.ts';

/** Writes of one turn are joined up to this size; what comes on top goes out at once. */
const JOIN_BYTES = 16 * 1024;

/** A `node:http` response as the exchange sees it. Writes of one turn of the event loop leave as one piece in one system call. */
export class NodeClientResponse implements ClientResponse {
  readonly #response: ServerResponse;
  readonly #closing: () => boolean;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #ended = false;
  aborted = false;
  bytesSent = 0;

  /** `closing` tells whether connections should end after their answer: the process is draining. */
  constructor(response: ServerResponse, closing: () => boolean) {
    this.#response = response;
    this.#closing = closing;
  }

  writeHead(status: number, headers: string[]): void {
    if (this.#closing()) headers.push('connection', 'close');
    this.#response.writeHead(status, headers);
  }

  write(chunk: Uint8Array | string): boolean {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytesSent += bytes.length;
    if (this.#pendingBytes === 0) process.nextTick(flushPending, this);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= JOIN_BYTES) return this.flush();
    // When it is set, a drain event is on its way.
    return !this.#response.writableNeedDrain;
  }

  /** Hands what is pending to the connection. */
  flush(): boolean {
    const bytes = this.#takePending();
    return bytes === undefined || this.#ended ? true : this.#response.write(bytes);
  }

  end(chunk?: Uint8Array | string): void {
    const pending = this.#takePending();
    this.#ended = true;
    if (chunk === undefined || chunk.length === 0) {
      if (pending === undefined) this.#response.end();
      else this.#response.end(pending);
      return;
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytesSent += bytes.length;
    this.#response.end(pending === undefined ? bytes : Buffer.concat([pending, bytes]));
  }

  #takePending(): Uint8Array | undefined {
    const pending = this.#pending;
    if (pending.length === 0) return undefined;
    this.#pending = [];
    this.#pendingBytes = 0;
    return pending.length === 1 ? pending[0] : Buffer.concat(pending);
  }

  onDrain(callback: () => void): void {
    this.#response.once('drain', callback);
  }

  onAbort(callback: () => void): void {
    this.#response.on('close', () => {
      if (this.#ended && this.#response.writableFinished) return;
      this.aborted = true;
      callback();
    });
  }

  destroy(): void {
    this.#ended = true;
    this.#response.destroy();
  }
}

function flushPending(response: NodeClientResponse): void {
  response.flush();
}
