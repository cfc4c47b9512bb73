import { GatewayError } from '../errors/gateway-error.ts';
import type { Credential } from './credential.ts';

/** Refuses every request: the configuration names a credential that this machine does not have. */
export function createUnavailableCredential(reason: string): Credential {
  return {
    apply() {
      throw new GatewayError('credential_unavailable', `The credential of this cluster is unavailable: ${reason}.`);
    },
    consumedHeaders: [],
    forwardsClientCredential: false,
  };
}
