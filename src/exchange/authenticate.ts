import type { ExchangeState } from './state.ts';

/** Finds out who sends the request, where the service asks for it. Throws, or rejects with, GatewayError; a promise only for a token seen for the first time. */
export function authenticate(state: ExchangeState): void | Promise<void> {
  const authenticator = state.service?.authenticator;
  if (authenticator === undefined) return;
  state.authenticator = authenticator;
  const principal = authenticator.authenticate({
    rawHeaders: state.request.rawHeaders,
    query: state.query,
    ip: state.request.remoteAddress,
    nowMs: state.startedAt,
  });
  if (principal instanceof Promise) {
    return principal.then((known) => {
      state.principal = known;
    });
  }
  state.principal = principal;
}
