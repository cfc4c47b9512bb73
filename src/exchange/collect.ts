import { ResponseHeaders } from './headers.ts';
import type { UpstreamFailure, UpstreamHandler, UpstreamRequest } from './ports.ts';
import type { ExchangeRuntime } from './runtime.ts';
import type { Watched } from './watchdog.ts';

/** A whole answer of a provider. */
export interface CollectedAnswer {
  status: number;
  headers: ResponseHeaders;
  body: Buffer;
}

/** What `collect` may be told. */
export interface CollectOptions {
  timeoutMs: number;
  maxBytes: number;
  /** Gets a function that ends the request. */
  onStart?(abort: () => void): void;
}

/** A bound that an answer went over. */
export interface ExceededBound {
  kind: 'timeout-head' | 'too-large';
  cause: Error;
}

/** Why there is no whole answer: the connection's failure, or what was exceeded. */
export type CollectFailure = UpstreamFailure | ExceededBound;

/** Takes one answer whole, within bounds. */
class Collector implements UpstreamHandler, Watched {
  deadline: number;
  watchIndex = -1;
  readonly #runtime: ExchangeRuntime;
  readonly #options: CollectOptions;
  readonly #resolve: (answer: CollectedAnswer) => void;
  readonly #reject: (failure: CollectFailure) => void;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #status = 0;
  #headers = new ResponseHeaders([]);
  #abort: () => void = () => {};

  constructor(
    runtime: ExchangeRuntime,
    options: CollectOptions,
    settle: { resolve: (answer: CollectedAnswer) => void; reject: (failure: CollectFailure) => void },
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    this.deadline = options.timeoutMs > 0 ? runtime.monotonic() + options.timeoutMs : Number.POSITIVE_INFINITY;
    runtime.watchdog.watch(this);
  }

  expire(): void {
    this.#reject({ kind: 'timeout-head', cause: new Error(`no whole answer within ${this.#options.timeoutMs} ms`) });
    this.#abort();
  }

  onStart(abort: () => void): void {
    this.#abort = abort;
    this.#options.onStart?.(abort);
  }

  onHead(status: number, rawHeaders: readonly Uint8Array[]): void {
    this.#status = status;
    this.#headers = new ResponseHeaders(rawHeaders);
  }

  onData(chunk: Uint8Array): boolean {
    this.#length += chunk.length;
    if (this.#length <= this.#options.maxBytes) {
      this.#chunks.push(chunk);
      return true;
    }
    this.#runtime.watchdog.unwatch(this);
    this.#reject({ kind: 'too-large', cause: new Error(`the answer is larger than ${this.#options.maxBytes} bytes`) });
    this.#abort();
    return true;
  }

  onEnd(): void {
    this.#runtime.watchdog.unwatch(this);
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  onError(failure: UpstreamFailure): void {
    this.#runtime.watchdog.unwatch(this);
    this.#reject(failure);
  }
}

/** Sends a request and takes its answer whole, whatever its status. Rejects with a CollectFailure. */
export function collect(
  runtime: ExchangeRuntime,
  request: UpstreamRequest,
  options: CollectOptions,
): Promise<CollectedAnswer> {
  return new Promise((resolve, reject) => {
    runtime.upstream.send(request, new Collector(runtime, options, { resolve, reject }));
  });
}
