import type { JsonObject } from '../json/types.ts';
import { isObject } from '../json/types.ts';
import type { UpstreamRequest } from './ports.ts';
import type { BoundCluster, ExchangeRuntime } from './runtime.ts';
import type { Watched } from './watchdog.ts';

/** Largest answer taken. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Asks a cluster for a JSON object on the gateway's own behalf, with the cluster's credential. Rejects when there is no
 * credential, no connection, an error status, something else than a JSON object, or nothing within the time.
 */
export async function fetchJson(
  runtime: ExchangeRuntime,
  bound: BoundCluster,
  call: { path: string; headers: readonly string[]; timeoutMs: number },
): Promise<JsonObject> {
  const endpoint = bound.nextEndpoint();
  const request: UpstreamRequest = {
    cluster: bound.cluster,
    endpoint,
    method: 'GET',
    path: endpoint.basePath + call.path,
    headers: ['accept', 'application/json', ...call.headers],
    body: undefined,
  };
  await bound.credential.apply({
    method: request.method,
    host: endpoint.host,
    path: request.path,
    headers: request.headers,
    body: undefined,
    clientHeader: () => undefined,
  });
  const body = await collect(runtime, request, call.timeoutMs);
  const value: unknown = JSON.parse(body.toString('utf8'));
  if (!isObject(value)) throw new Error('the answer is not a JSON object');
  return value;
}

function collect(runtime: ExchangeRuntime, request: UpstreamRequest, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let abort = () => {};
    const watched: Watched = {
      deadline: runtime.monotonic() + timeoutMs,
      watchIndex: -1,
      expire: () => fail(new Error(`no answer within ${timeoutMs} ms`)),
    };
    const fail = (error: Error) => {
      runtime.watchdog.unwatch(watched);
      reject(error);
      abort();
    };
    runtime.watchdog.watch(watched);
    runtime.upstream.send(request, {
      onStart: (stop) => {
        abort = stop;
      },
      onHead: (status) => {
        if (status >= 300) fail(new Error(`status ${status}`));
      },
      onData: (chunk) => {
        length += chunk.length;
        if (length > MAX_BYTES) fail(new Error(`more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
        return true;
      },
      onEnd: () => {
        runtime.watchdog.unwatch(watched);
        resolve(Buffer.concat(chunks));
      },
      onError: (failure) => {
        runtime.watchdog.unwatch(watched);
        reject(failure.cause);
      },
    });
  });
}
