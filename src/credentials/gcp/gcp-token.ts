import type { CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import { oauthTokenOf } from '../oauth-token.ts';
import type { Expiring, TokenSource } from '../token-cache.ts';
import { requestJson, type TokenRequest } from '../token-request.ts';

/** The kind named in errors. */
export const GCP = 'Google Cloud';
/** The scope that covers Vertex AI. */
export const CLOUD_PLATFORM_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Where keys are swapped for tokens unless the key file or the configuration names another place. */
export const DEFAULT_TOKEN_ENDPOINT = 'https://oauth2.googleapis.com/token';

/** Where Google access tokens come from. */
export type GcpTokenSource = TokenSource<string>;

/** Asks an endpoint for an OAuth access token and reads its answer. */
export async function requestAccessToken(
  environment: CredentialEnvironment,
  request: Omit<TokenRequest, 'kind'>,
): Promise<Expiring<string>> {
  const answer = await requestJson(environment, { ...request, kind: GCP });
  return oauthTokenOf(answer, { kind: GCP, service: request.service, nowMs: environment.now() });
}

/** `endpoint` with `path` where it names only a host, unchanged where it has a path of its own. */
export function withDefaultPath(endpoint: string, path: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/' || url.pathname === '') url.pathname = path;
  return url.href;
}

/** The error of a key file with a fault. `fault` quotes nothing of the file. */
export function keyFileError(fault: string): Error {
  return credentialError(GCP, `the key file ${fault}`);
}
