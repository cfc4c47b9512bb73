import { GatewayError } from '../errors/gateway-error.ts';
import type { Target } from '../snapshot/snapshot.ts';
import { admit, findService } from './admit.ts';
import { Attempt } from './attempt.ts';
import { AttemptHandler } from './attempt-handler.ts';
import type { AttemptOutcome } from './attempt-outcome.ts';
import { chooseBinding } from './binding.ts';
import { sendError } from './error-answer.ts';
import { attemptFamily } from './family-attempt.ts';
import { answerModels, isModelsRequest } from './models-list.ts';
import { plan } from './plan.ts';
import type { ClientRequest, ClientResponse, UpstreamRequest } from './ports.ts';
import { applyCredential, buildProviderRequest } from './provider-request.ts';
import { sendRefusal } from './refusal.ts';
import { attemptResult, backoffMs, mayRetry } from './retry.ts';
import type { ExchangeRuntime } from './runtime.ts';
import { settle } from './settle.ts';
import { ExchangeState } from './state.ts';

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

/** Sends one provider request and resolves when the client has its answer or the attempt has failed. */
function send(attempt: Attempt): Promise<AttemptOutcome> {
  const { state, chosen } = attempt;
  state.attempt = attempt;
  if (!chosen.sameDialect && chosen.dialect.provider === undefined) return attemptFamily(attempt).catch(unsent);
  let request: UpstreamRequest;
  try {
    request = buildProviderRequest(state, chosen, attempt.target);
  } catch (thrown) {
    return Promise.resolve(unsent(thrown));
  }
  state.attempts++;
  attempt.upstreamHost = request.endpoint.host;
  const dispatch = () =>
    new Promise<AttemptOutcome>((resolve) => {
      state.phase = 'attempt';
      attempt.startedMonotonic = state.runtime.monotonic();
      state.runtime.upstream.send(request, new AttemptHandler(attempt, resolve));
    });
  let pending: void | Promise<void>;
  try {
    pending = applyCredential(state, request);
  } catch (thrown) {
    return Promise.resolve(unsent(thrown));
  }
  return pending === undefined ? dispatch() : pending.then(dispatch, unsent);
}

function wait(state: ExchangeState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    state.cancelWait = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Tries the targets in order until one answers, then gives the client the last failure. */
async function runAttempts(state: ExchangeState, targets: readonly Target[]): Promise<void> {
  for (let index = 0; index < targets.length; index++) {
    const target = targets[index] as Target;
    const chosen = chooseBinding(state, target);
    if (chosen === undefined) continue;
    const attempt = new Attempt(state, target, chosen);
    const outcome = await send(attempt);
    const unexpressible = outcome.kind === 'failed' && outcome.failure === 'unexpressible';
    if (!unexpressible) state.runtime.countAttempt(target.cluster.name, attemptResult(state, outcome));
    if (outcome.kind === 'done' || state.clientGone) return;
    // Without its credential a target stays out of reach: trying it again is only waiting.
    const unsigned = outcome.kind === 'failed' && outcome.failure === 'unsigned';
    while (unsigned && targets[index + 1] === target) index++;
    const next = targets[index + 1];
    if (next === undefined || !mayRetry(state, outcome)) {
      if (outcome.kind === 'failed') throw outcome.error;
      sendRefusal(attempt, outcome.refusal);
      return;
    }
    const ms = backoffMs(state, next, Math.random());
    if (ms > 0) await wait(state, ms);
    if (state.clientGone) return;
  }
}

function fail(state: ExchangeState, thrown: unknown): void {
  const error = GatewayError.from(thrown);
  if (error.code === 'internal_error') state.runtime.reportFault(error.cause ?? error, state.id);
  state.error = error;
  if (state.clientGone) return;
  if (state.phase === 'committed') {
    state.response.destroy();
    return;
  }
  if (error.cause instanceof Error) state.errorDetail ??= error.cause.message;
  sendError(state, error);
}

/**
 * Handles one request from admission to settlement. Never rejects and never throws: whatever happens
 * becomes an answer, a cut connection, and exactly one record.
 */
export async function handleExchange(
  runtime: ExchangeRuntime,
  request: ClientRequest,
  response: ClientResponse,
): Promise<void> {
  const state = new ExchangeState(runtime, request, response);
  runtime.activeRequests.increment();
  response.onAbort(() => {
    state.clientGone = true;
    state.cancelWait?.();
    if (state.race !== undefined) state.race.abort();
    else state.attempt?.abort?.();
  });
  try {
    const service = findService(state);
    if (isModelsRequest(request.method, state.path)) await answerModels(state, service);
    else {
      await admit(state, service);
      if (!state.clientGone) await runAttempts(state, plan(state, service));
    }
  } catch (thrown) {
    try {
      fail(state, thrown);
    } catch (error) {
      runtime.reportFault(error, state.id);
      response.destroy();
    }
  }
  settle(state);
}
