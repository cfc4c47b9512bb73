import type { Principal } from '../filters/auth/principal.ts';
import { findAdmissionRefusal } from '../filters/organizations/allowances.ts';
import type { ExchangeState } from './state.ts';

/** Takes the caller in, or throws why it may not come: its key has expired, or it calls from elsewhere than it may. */
function take(state: ExchangeState, principal: Principal | undefined): void {
  // A caller that is refused is known all the same.
  state.principal = principal;
  if (principal?.account === undefined) return;
  const refusal = findAdmissionRefusal(principal.account, state.request.remoteAddress, state.startedAt);
  if (refusal !== undefined) throw refusal;
}

/** Finds out who sends the request, where the service asks for it. Throws, or rejects with, GatewayError; a promise only for a token seen for the first time. */
export function authenticate(state: ExchangeState): void | Promise<void> {
  const authenticator = state.service?.authenticator;
  if (authenticator === undefined) return;
  state.authenticator = authenticator;
  const principal = authenticator.authenticate({ rawHeaders: state.request.rawHeaders, query: state.query });
  if (principal instanceof Promise) return principal.then((known) => take(state, known));
  take(state, principal);
}
