import type { Mirror } from '../../snapshot/snapshot.ts';
import { chooseBinding } from '../binding.ts';
import { collect } from '../collect.ts';
import type { BoundCluster, LiveTarget } from '../live.ts';
import { applyCredential, buildProviderRequest } from '../provider-request.ts';
import type { ExchangeState } from '../state.ts';
import { Attempt } from '../state.ts';
import { chooseLane } from './choose-lane.ts';

/** A copy is given up after this long. */
const TIMEOUT_MS = 120_000;
/** More of an answer is not read. */
const MAX_BYTES = 16 * 1024 * 1024;

async function copy(state: ExchangeState, mirror: Mirror): Promise<boolean> {
  const target = state.bound.targets[mirror.target.index] as LiveTarget;
  const chosen = chooseBinding(state, mirror.target);
  if (chosen === undefined || (!chosen.sameDialect && chosen.dialect.provider === undefined)) return false;
  const cluster = state.bound.clusters[mirror.target.cluster.index] as BoundCluster;
  const lane = chooseLane(cluster, [], { context: state.pickContext() });
  if (lane === undefined) return false;
  const attempt = new Attempt(state, { live: target, cluster, lane, chosen });
  // Built in this turn: the request's own attempts may change what it is built from.
  const request = buildProviderRequest(attempt);
  await applyCredential(attempt, request);
  const answer = await collect(state.runtime, request, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
  return answer.status >= 200 && answer.status < 300;
}

/** Sends the copies of a request that its route asks for. Nobody waits for them, pays for them or sees their answers. */
export function startMirrors(state: ExchangeState): void {
  for (const mirror of state.route?.mirrors ?? []) {
    if (state.runtime.random() >= mirror.share) continue;
    const name = mirror.target.cluster.name;
    copy(state, mirror).then(
      (good) => state.runtime.countMirror(name, good ? 'ok' : 'failed'),
      () => state.runtime.countMirror(name, 'failed'),
    );
  }
}
