import { GatewayError } from '../errors/gateway-error.ts';
import type { Service } from '../snapshot/snapshot.ts';
import { admit, findService } from './admit.ts';
import { admitLimits, checkAllowed } from './admit-limits.ts';
import { runAttempts } from './attempts/run-attempts.ts';
import { authenticate } from './authenticate.ts';
import { sendError } from './error-answer.ts';
import { answerModels, isModelsRequest } from './models-list.ts';
import { findRoute, plan } from './plan.ts';
import type { ClientRequest, ClientResponse } from './ports.ts';
import type { ExchangeRuntime } from './runtime.ts';
import { settle } from './settle.ts';
import { ExchangeState } from './state.ts';

/** Smaller bodies are no burden to the memory manager. */
const LARGE_BODY = 1024 * 1024;

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

/** Ends an exchange; `thrown` is what the client has still to be told. Never throws, and does nothing the second time. */
function conclude(state: ExchangeState, thrown?: unknown): void {
  if (state.settled) return;
  if (thrown !== undefined) {
    try {
      fail(state, thrown);
    } catch (error) {
      state.runtime.reportFault(error, state.id);
      state.response.destroy();
    }
  }
  try {
    settle(state);
  } catch (error) {
    state.runtime.reportFault(error, state.id);
  }
  const bytes = state.body?.length ?? 0;
  if (bytes >= LARGE_BODY) state.runtime.bodyReleased(bytes);
}

function abandon(state: ExchangeState): void {
  state.clientGone = true;
  state.cancelWait?.();
  if (state.race !== undefined) state.race.abort();
  else state.attempt?.abort?.();
}

async function listModels(state: ExchangeState, service: Service): Promise<void> {
  await authenticate(state);
  await answerModels(state, service);
  conclude(state);
}

function startAttempts(state: ExchangeState): void {
  if (state.clientGone || state.route === undefined) conclude(state);
  else runAttempts(plan(state, state.route), (thrown) => conclude(state, thrown));
}

function startAdmitted(state: ExchangeState, service: Service): void | Promise<void> {
  if (state.clientGone) {
    conclude(state);
    return;
  }
  state.route = findRoute(state, service);
  checkAllowed(state);
  const reserving = admitLimits(state, service);
  if (reserving !== undefined) return reserving.then(() => startAttempts(state));
  startAttempts(state);
}

function start(state: ExchangeState): void | Promise<void> {
  const service = findService(state);
  state.service = state.bound.services[service.index];
  if (isModelsRequest(state.request.method, state.path)) return listModels(state, service);
  const admitting = admit(state, service);
  return admitting === undefined ? startAdmitted(state, service) : admitting.then(() => startAdmitted(state, service));
}

/**
 * Handles one request from admission to settlement. Never throws: whatever happens becomes an answer, a cut connection, and
 * exactly one record. Goes as far as it can at once: a promise is made only where something has to be waited for.
 */
export function handleExchange(runtime: ExchangeRuntime, request: ClientRequest, response: ClientResponse): void {
  const state = new ExchangeState(runtime, request, response);
  runtime.activeRequests.increment();
  response.onAbort(() => abandon(state));
  try {
    start(state)?.catch((thrown: unknown) => conclude(state, thrown));
  } catch (thrown) {
    conclude(state, thrown);
  }
}
