import type { CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import { requestJson, textField } from '../token-request.ts';
import { CLOUD_PLATFORM_SCOPE, GCP, type GcpTokenSource } from './gcp-token.ts';

const SERVICE = 'the Google IAM credentials service';

/** Whom to impersonate. */
export interface Impersonation {
  /** URL of `generateAccessToken` for the service account. */
  url: string;
  /** Service accounts in between. */
  delegates?: readonly string[];
  /** Life of the token in seconds; the default is an hour. */
  lifetimeSeconds?: number | undefined;
}

/**
 * Tokens of a service account, for a caller who may impersonate it
 * (https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken).
 */
export function impersonatedSource(
  caller: GcpTokenSource,
  impersonation: Impersonation,
  environment: CredentialEnvironment,
): GcpTokenSource {
  const { url, delegates = [], lifetimeSeconds = 3600 } = impersonation;
  const body = JSON.stringify({
    delegates: delegates.length === 0 ? undefined : delegates,
    scope: [CLOUD_PLATFORM_SCOPE],
    lifetime: `${lifetimeSeconds}s`,
  });
  return async () => {
    const { value } = await caller();
    const answer = await requestJson(environment, {
      kind: GCP,
      service: SERVICE,
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${value}` },
      body,
      secrets: [value],
    });
    const token = textField(answer, 'accessToken');
    const expiresAtMs = Date.parse(textField(answer, 'expireTime') ?? '');
    if (token === undefined || Number.isNaN(expiresAtMs)) throw credentialError(GCP, `${SERVICE} issued no token`);
    return { value: token, expiresAtMs };
  };
}
