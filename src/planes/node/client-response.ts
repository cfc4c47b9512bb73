import type { ServerResponse } from 'node:http';
import type { ClientResponse } from '../../exchange/ports.ts';

/** A `node:http` response as the exchange sees it. Writes of one turn of the event loop leave in one system call. */
export class NodeClientResponse implements ClientResponse {
  readonly #response: ServerResponse;
  readonly #closing: () => boolean;
  #corked = false;
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
    this.bytesSent += chunk.length;
    if (!this.#corked) {
      this.#corked = true;
      this.#response.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#response.uncork();
      });
    }
    return this.#response.write(chunk);
  }

  end(chunk?: Uint8Array | string): void {
    this.#ended = true;
    if (chunk === undefined || chunk.length === 0) this.#response.end();
    else {
      this.bytesSent += chunk.length;
      this.#response.end(chunk);
    }
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
