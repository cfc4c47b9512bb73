import { GatewayError } from '../errors/gateway-error.ts';

/** The kinds of credential, as they are named to people. */
export type CredentialKind = 'API key' | 'AWS' | 'Google Cloud' | 'Azure Entra';

/**
 * Makes the error for a credential that cannot be had now or can never be had. `reason` is a clause that
 * clients may read: it names no secret, no file and no host. `cause` is for the log.
 */
export function credentialError(kind: CredentialKind, reason: string, cause?: unknown): GatewayError {
  return new GatewayError('credential_unavailable', `The ${kind} credential is unavailable: ${reason}.`, {
    cause,
    retryAfterSeconds: 1,
  });
}
