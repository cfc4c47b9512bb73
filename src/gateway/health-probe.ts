import { GatewayError } from '../errors/gateway-error.ts';
import type { Lane } from '../exchange/live.ts';
import type { UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../exchange/ports.ts';
import type { ExchangeRuntime } from '../exchange/runtime.ts';
import type { Watched } from '../exchange/watchdog.ts';
import type { Cluster } from '../snapshot/snapshot.ts';

/** What asking for health takes of the world. */
export type ProbeRuntime = Pick<ExchangeRuntime, 'upstream' | 'watchdog' | 'monotonic'>;

/** What an endpoint's answer says: that it is well, what is wrong with it, or nothing, for it could not be asked. */
export type ProbeVerdict = { kind: 'well' } | { kind: 'unwell'; fault: string } | { kind: 'not-asked'; reason: string };

/** The body does not matter; a longer one is cut off. */
const MAX_BYTES = 64 * 1024;

const FAULTS: Readonly<Record<UpstreamFailure['kind'], string>> = {
  connect: 'it cannot be reached',
  'timeout-connect': 'it accepts no connection in time',
  tls: 'no secure connection can be made',
  reset: 'it closed the connection',
  protocol: 'what it sends is not HTTP',
  aborted: 'the connection was closed',
};

/** Takes the head of one answer, within a time. */
class ProbeHandler implements UpstreamHandler, Watched {
  deadline: number;
  watchIndex = -1;
  readonly #runtime: ProbeRuntime;
  readonly #timeoutMs: number;
  readonly #resolve: (verdict: ProbeVerdict) => void;
  #abort: (() => void) | undefined = undefined;
  #bytes = 0;
  #over = false;

  constructor(runtime: ProbeRuntime, timeoutMs: number, resolve: (verdict: ProbeVerdict) => void) {
    this.deadline = runtime.monotonic() + timeoutMs;
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
    runtime.watchdog.watch(this);
  }

  expire(): void {
    this.#resolve({ kind: 'unwell', fault: `no answer within ${this.#timeoutMs} ms` });
    this.#stop();
  }

  onStart(abort: () => void): void {
    this.#abort = abort;
    if (this.#over) abort();
  }

  onHead(status: number): void {
    // Interim answers (103 Early Hints) precede the real head.
    if (status < 200) return;
    this.#resolve(status < 300 ? { kind: 'well' } : { kind: 'unwell', fault: `status ${status}` });
  }

  onData(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BYTES) this.#stop();
    return true;
  }

  onEnd(): void {
    this.#runtime.watchdog.unwatch(this);
  }

  onError(failure: UpstreamFailure): void {
    this.#runtime.watchdog.unwatch(this);
    this.#resolve({ kind: 'unwell', fault: FAULTS[failure.kind] });
  }

  #stop(): void {
    this.#over = true;
    this.#runtime.watchdog.unwatch(this);
    this.#abort?.();
  }
}

/**
 * Asks an endpoint for its health, with the cluster's credential where it has one of its own. The path starts at the root of
 * the server, not at the base path of its API. Never rejects.
 */
export async function probeHealth(
  runtime: ProbeRuntime,
  cluster: Cluster,
  { endpoint, credential }: Pick<Lane, 'endpoint' | 'credential'>,
): Promise<ProbeVerdict> {
  const check = cluster.config.health_check;
  if (check === undefined) return { kind: 'not-asked', reason: 'no health check is configured' };
  const request: UpstreamRequest = {
    cluster,
    endpoint,
    method: 'GET',
    path: check.path,
    headers: ['accept', '*/*', ...Object.entries(cluster.config.headers).flat()],
    body: undefined,
  };
  try {
    const { method, path, headers } = request;
    await credential.apply({
      method,
      path,
      headers,
      host: endpoint.host,
      body: undefined,
      clientHeader: () => undefined,
    });
  } catch (error) {
    // Without a token nothing can be said of the endpoint; one that clients bring is not needed for this.
    const { code, publicMessage } = GatewayError.from(error);
    if (code !== 'missing_credential') return { kind: 'not-asked', reason: publicMessage };
  }
  return new Promise((resolve) => {
    runtime.upstream.send(request, new ProbeHandler(runtime, check.timeout, resolve));
  });
}
