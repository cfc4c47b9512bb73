import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamRequest } from '../ports.ts';
import { applyCredential, buildProviderRequest } from '../provider-request.ts';
import type { Attempt } from '../state.ts';
import { AttemptHandler } from './attempt-handler.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { attemptFamily } from './family-attempt.ts';
import { attemptBegun } from './observe-health.ts';

/**
 * An attempt that could not be made. A missing credential, or a request that this target's API cannot express, may spare
 * another target; what is wrong with the request itself may not.
 */
function unsent(thrown: unknown): AttemptOutcome {
  const error = GatewayError.from(thrown);
  if (error.code === 'unsupported_parameter') return { kind: 'failed', error, failure: 'unexpressible' };
  if (!error.retryable) throw error;
  return { kind: 'failed', error, failure: 'unsigned' };
}

/** What becomes of an attempt that nobody waits for any more before it is sent. */
function unneeded(): AttemptOutcome {
  const error = new GatewayError('client_closed', 'The request was given up before it was sent.');
  return { kind: 'failed', error, failure: 'aborted' };
}

/** Sends the provider request of an attempt and resolves when the client has its answer or the attempt has failed. */
export function sendAttempt(attempt: Attempt, tracksLoad: boolean): Promise<AttemptOutcome> {
  const { state, chosen } = attempt;
  if (attempt.lost || state.clientGone) return Promise.resolve(unneeded());
  state.attempt = attempt;
  if (!chosen.sameDialect && chosen.dialect.provider === undefined) {
    return attemptFamily(attempt, tracksLoad).catch(unsent);
  }
  let request: UpstreamRequest;
  try {
    request = buildProviderRequest(attempt);
  } catch (thrown) {
    return Promise.resolve(thrown).then(unsent);
  }
  state.attempts++;
  attempt.upstreamHost = request.endpoint.resolved?.peer ?? request.endpoint.host;
  const dispatch = () =>
    new Promise<AttemptOutcome>((resolve) => {
      // A token may have taken long to come.
      if (attempt.lost || state.clientGone) {
        resolve(unneeded());
        return;
      }
      state.phase = 'attempt';
      attempt.startedMonotonic = state.runtime.monotonic();
      attemptBegun(attempt, tracksLoad);
      state.runtime.upstream.send(request, new AttemptHandler(attempt, resolve));
    });
  let pending: void | Promise<void>;
  try {
    pending = applyCredential(attempt, request);
  } catch (thrown) {
    return Promise.resolve(thrown).then(unsent);
  }
  return pending === undefined ? dispatch() : pending.then(dispatch, unsent);
}
