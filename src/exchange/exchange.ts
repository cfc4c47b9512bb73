import { GatewayError } from '../errors/gateway-error.ts';
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
    state.service = state.bound.services[service.index];
    if (isModelsRequest(request.method, state.path)) {
      await authenticate(state);
      await answerModels(state, service);
    } else {
      await admit(state, service);
      if (!state.clientGone) {
        const route = findRoute(state, service);
        state.route = route;
        checkAllowed(state);
        const admitted = admitLimits(state, service);
        if (admitted !== undefined) await admitted;
        if (!state.clientGone) await runAttempts(plan(state, state.route));
      }
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
