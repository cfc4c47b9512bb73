import { GatewayError } from '../../errors/gateway-error.ts';
import type { UpstreamRequest } from '../ports.ts';
import { applyCredential, buildProviderRequest } from '../provider-request.ts';
import type { Attempt } from '../state.ts';
import { AttemptHandler } from './attempt-handler.ts';
import type { AttemptOutcome, AttemptSink } from './attempt-outcome.ts';
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

/** Sends a request that is ready. */
function dispatch(attempt: Attempt, request: UpstreamRequest, { tracksLoad, sink }: SendOptions): void {
  const { state } = attempt;
  // A token may have taken long to come.
  if (attempt.lost || state.clientGone) {
    sink.ended(unneeded());
    return;
  }
  state.phase = 'attempt';
  attempt.startedMonotonic = state.runtime.monotonic();
  attemptBegun(attempt, tracksLoad);
  state.runtime.upstream.send(request, new AttemptHandler(attempt, sink));
}

/** Tells of a request that could not be made or signed. */
function tellUnsent(thrown: unknown, sink: AttemptSink): void {
  let outcome: AttemptOutcome;
  try {
    outcome = unsent(thrown);
  } catch (fault) {
    sink.broke(fault);
    return;
  }
  sink.ended(outcome);
}

/** How an attempt is sent. */
interface SendOptions {
  /** Whether the figures of its target are kept. */
  readonly tracksLoad: boolean;
  readonly sink: AttemptSink;
}

/**
 * Sends the provider request of an attempt; tells the sink when the client has its answer or the attempt has failed. It may
 * do so before it returns. What breaks before that is thrown, for the sink to be told by the caller.
 */
export function sendAttempt(attempt: Attempt, options: SendOptions): void {
  const { state, chosen } = attempt;
  const { sink } = options;
  if (attempt.lost || state.clientGone) {
    sink.ended(unneeded());
    return;
  }
  state.attempt = attempt;
  if (!chosen.sameDialect && chosen.dialect.provider === undefined) {
    attemptFamily(attempt, options.tracksLoad)
      .catch(unsent)
      .then(
        (outcome) => sink.ended(outcome),
        (thrown) => sink.broke(thrown),
      );
    return;
  }
  let request: UpstreamRequest;
  try {
    request = buildProviderRequest(attempt);
  } catch (thrown) {
    tellUnsent(thrown, sink);
    return;
  }
  state.attempts++;
  attempt.upstreamHost = request.endpoint.resolved?.peer ?? request.endpoint.host;
  let signing: void | Promise<void>;
  try {
    signing = applyCredential(attempt, request);
  } catch (thrown) {
    tellUnsent(thrown, sink);
    return;
  }
  if (signing === undefined) {
    dispatch(attempt, request, options);
    return;
  }
  signing
    .then(
      () => dispatch(attempt, request, options),
      (thrown) => tellUnsent(thrown, sink),
    )
    .catch((thrown: unknown) => sink.broke(thrown));
}
