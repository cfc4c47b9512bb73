import type { Socket } from 'node:net';
import type { UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../../../exchange/ports.ts';
import { type Call, ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { HeaderLines } from './header-lines.ts';
import type { ReadBuffer } from './read-buffer.ts';

/** How often idle connections are looked at. */
const SWEEP_MS = 1000;

/** What a pool is made of. */
export interface PoolOptions {
  /** Value of `host` where a request has none of its own. */
  readonly host: string;
  /** Into which the sockets read that `connect` makes. */
  readonly readBuffer: ReadBuffer;
  /** Most connections at once; infinite for no bound. */
  readonly maxConnections: number;
  /** Makes a connection that is ready for requests, or gives the reason why there is none. */
  connect(callback: (made: Socket | Error) => void): void;
  /** Sorts an error of a connection. */
  classify(error: Error): UpstreamFailure;
}

function shutDown(): Error {
  return new Error('The gateway is shutting down.');
}

/**
 * Connections to one endpoint: the one used last is taken first, so that what a quiet time does not need falls idle. Requests
 * beyond the bound wait, first come, first served.
 */
export class ConnectionPool implements ConnectionOwner {
  readonly host: string;
  readonly lines = new HeaderLines();
  readonly readBuffer: ReadBuffer;
  readonly #options: PoolOptions;
  readonly #connections = new Set<ClientConnection>();
  /** Those without a request; the one used last is last. */
  readonly #free: ClientConnection[] = [];
  readonly #waiting: Call[] = [];
  /** Calls for which a connection is being made. */
  readonly #connecting = new Set<Call>();
  #flushing = false;
  #retired = false;
  #destroyed = false;
  #sweeper: NodeJS.Timeout | undefined = undefined;

  constructor(options: PoolOptions) {
    this.host = options.host;
    this.readBuffer = options.readBuffer;
    this.#options = options;
  }

  /** Sends a request when this turn's input has been read. Never calls the handler before it returns. */
  send(request: UpstreamRequest, handler: UpstreamHandler): void {
    this.#waiting.push({ request, handler, again: false });
    this.#flushSoon();
  }

  /** Keeps no connection from now on; requests in flight and those that wait finish. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#free.splice(0)) connection.destroy(new Error('not needed any more'));
  }

  /** Breaks everything off. Resolves when all connections are closed. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    clearInterval(this.#sweeper);
    const cause = shutDown();
    const closed = [...this.#connections].map(
      (connection) =>
        new Promise<void>((resolve) => {
          connection.onClosed(resolve);
          connection.destroy(cause);
        }),
    );
    const calls = [...this.#waiting.splice(0), ...this.#connecting];
    this.#connecting.clear();
    for (const { handler } of calls) handler.onError(this.classify(cause));
    await Promise.all(closed);
  }

  classify(error: Error): UpstreamFailure {
    return this.#options.classify(error);
  }

  freed(connection: ClientConnection): void {
    if (this.#retired && this.#waiting.length === 0) {
      connection.destroy(new Error('not needed any more'));
      return;
    }
    connection.idleSeconds = 0;
    this.#free.push(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  lost(connection: ClientConnection): void {
    this.#connections.delete(connection);
    const index = this.#free.indexOf(connection);
    if (index !== -1) this.#free.splice(index, 1);
    if (this.#waiting.length > 0) this.#flushSoon();
  }

  repeat(call: Call): void {
    call.again = true;
    if (this.#destroyed) call.handler.onError(this.classify(shutDown()));
    else if (this.#hasRoom()) this.#connect(call);
    else {
      this.#waiting.unshift(call);
      this.#flushSoon();
    }
  }

  /**
   * Requests leave when all input of this turn of the event loop has been read. What the provider sent or ended on an idle
   * connection is known by then, and cannot be taken for the answer to a request that was sent after it.
   */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    if (this.#destroyed) for (const { handler } of this.#waiting.splice(0)) handler.onError(this.classify(shutDown()));
    while (this.#waiting.length > 0) {
      const free = this.#free.pop();
      if (free === undefined && !this.#hasRoom()) return;
      const call = this.#waiting.shift() as Call;
      if (free === undefined) this.#connect(call);
      else free.send(call);
    }
  };

  #hasRoom(): boolean {
    return this.#connections.size + this.#connecting.size < this.#options.maxConnections;
  }

  #connect(call: Call): void {
    this.#connecting.add(call);
    this.#options.connect((made) => {
      const known = this.#connecting.delete(call);
      if (made instanceof Error) {
        if (this.#waiting.length > 0) this.#flushSoon();
        if (known) call.handler.onError(this.classify(made));
        return;
      }
      const connection = new ClientConnection(made, this);
      // It has been told already that the pool is no more.
      if (!known) {
        connection.destroy(shutDown());
        return;
      }
      this.#connections.add(connection);
      connection.send(call);
    });
  }

  /** Closes what was idle for too long, and stops looking when nothing is idle. */
  #sweep(): void {
    for (const connection of [...this.#free]) {
      connection.idleSeconds++;
      if (connection.idleSeconds >= connection.keepSeconds) connection.destroy(new Error('idle for too long'));
    }
    if (this.#free.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}
