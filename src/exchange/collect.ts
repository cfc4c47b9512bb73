import { canDecompress, decompressInto } from './decompress.ts';
import { ResponseHeaders } from './headers.ts';
import type { UpstreamFailure, UpstreamHandler, UpstreamRequest } from './ports.ts';
import type { Relay } from './relay/relay.ts';
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
  #sink: Relay = {
    data: (chunk) => this.#take(chunk),
    end: () => this.#finish(),
    fail: (error) => this.#stop({ kind: 'protocol', cause: error }),
  };

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

  onHead(status: number, rawHeaders: readonly string[], resume: () => void): void {
    // Interim answers (103 Early Hints) precede the real head.
    if (status < 200) return;
    this.#status = status;
    const headers = new ResponseHeaders(rawHeaders);
    this.#headers = headers;
    const encoding = headers.get('content-encoding');
    if (encoding === undefined || encoding === '' || encoding === 'identity') return;
    if (!canDecompress(encoding)) {
      const cause = new Error(`the answer has the content-encoding "${encoding.slice(0, 50)}"`);
      this.#stop({ kind: 'protocol', cause });
      return;
    }
    headers.drop('content-encoding');
    headers.drop('content-length');
    this.#sink = decompressInto(encoding, this.#sink, resume);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#sink.data(chunk);
  }

  onEnd(): void {
    this.#sink.end();
  }

  onError(failure: UpstreamFailure): void {
    this.#runtime.watchdog.unwatch(this);
    this.#reject(failure);
  }

  #take(chunk: Uint8Array): boolean {
    this.#length += chunk.length;
    if (this.#length <= this.#options.maxBytes) this.#chunks.push(chunk);
    else
      this.#stop({ kind: 'too-large', cause: new Error(`the answer is larger than ${this.#options.maxBytes} bytes`) });
    return true;
  }

  #finish(): void {
    this.#runtime.watchdog.unwatch(this);
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  #stop(failure: CollectFailure): void {
    this.#runtime.watchdog.unwatch(this);
    this.#reject(failure);
    this.#abort();
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
