import type { JsonObject } from '../json/types.ts';
import { isObject } from '../json/types.ts';
import { collect } from './collect.ts';
import type { BoundCluster, Lane } from './live.ts';
import type { UpstreamRequest } from './ports.ts';
import type { ExchangeRuntime } from './runtime.ts';

/** Largest answer taken. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The first way in that is well; the first at all when none is. Throws when there is no way in. */
function firstWell(bound: BoundCluster, nowMs: number): Lane {
  const { lanes } = bound.lanes;
  const lane = lanes.find((candidate) => candidate.health.allows(nowMs)) ?? lanes[0];
  if (lane === undefined) throw new Error('no endpoint is known');
  return lane;
}

/**
 * Asks a cluster for a JSON object on the gateway's own behalf, with the cluster's credential. Rejects when there is no
 * credential, no connection, an error status, something else than a JSON object, or nothing within the time.
 */
export async function fetchJson(
  runtime: ExchangeRuntime,
  bound: BoundCluster,
  call: { path: string; headers: readonly string[]; timeoutMs: number },
): Promise<JsonObject> {
  const lane = firstWell(bound, runtime.monotonic());
  const { endpoint } = lane;
  const request: UpstreamRequest = {
    cluster: bound.cluster,
    endpoint,
    method: 'GET',
    path: endpoint.basePath + call.path,
    headers: ['accept', 'application/json', ...call.headers],
    body: undefined,
  };
  await lane.credential.apply({
    method: request.method,
    host: endpoint.host,
    path: request.path,
    headers: request.headers,
    body: undefined,
    clientHeader: () => undefined,
  });
  const answer = await collect(runtime, request, { timeoutMs: call.timeoutMs, maxBytes: MAX_BYTES });
  if (answer.status >= 300) throw new Error(`status ${answer.status}`);
  const value: unknown = JSON.parse(answer.body.toString('utf8'));
  if (!isObject(value)) throw new Error('the answer is not a JSON object');
  return value;
}
