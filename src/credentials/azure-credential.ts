import type { AzureCredentialConfig } from '../config/model-credentials.ts';
import type { Credential, CredentialEnvironment } from './credential.ts';
import { credentialError } from './credential-error.ts';
import { oauthTokenOf } from './oauth-token.ts';
import { fetchOidcToken } from './oidc-token.ts';
import { readTokenFile } from './read-file.ts';
import type { TokenSource } from './token-cache.ts';
import { bearerProof, createTokenCredential, type ProofHeaders } from './token-credential.ts';
import { FORM_HEADERS, formBody, requestJson } from './token-request.ts';

const KIND = 'Azure Entra';
const SERVICE = 'the Entra token endpoint';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What proves the application to Entra ID: fields of the token request, and which of them are secret. */
type ClientProof = () => Promise<{ fields: Record<string, string>; secret: string }>;

/**
 * Sends a bearer token of Microsoft Entra ID
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow), got with exactly one of a client
 * secret, a federated token file or an OpenID provider; without any, AZURE_FEDERATED_TOKEN_FILE (AKS workload identity) counts.
 * Throws `credential_unavailable` when there is none or more than one.
 */
export function createAzureCredential(config: AzureCredentialConfig, environment: CredentialEnvironment): Credential {
  return createTokenCredential({ kind: KIND, environment, source: entraSource(config, environment) });
}

function entraSource(config: AzureCredentialConfig, environment: CredentialEnvironment): TokenSource<ProofHeaders> {
  const proof = clientProof(config, environment);
  const authority = config.authority.replace(/\/+$/, '');
  const url = `${authority}/${encodeURIComponent(config.tenant_id)}/oauth2/v2.0/token`;
  return async () => {
    const { fields, secret } = await proof();
    const answer = await requestJson(environment, {
      kind: KIND,
      service: SERVICE,
      method: 'POST',
      url,
      headers: FORM_HEADERS,
      body: formBody({ grant_type: 'client_credentials', client_id: config.client_id, scope: config.scope, ...fields }),
      secrets: [secret],
    });
    const token = oauthTokenOf(answer, { kind: KIND, service: SERVICE, nowMs: environment.now() });
    return { value: bearerProof(KIND, token.value), expiresAtMs: token.expiresAtMs };
  };
}

function clientProof(config: AzureCredentialConfig, environment: CredentialEnvironment): ClientProof {
  const { client_secret: clientSecret, oidc } = config;
  const given = [clientSecret, config.federated_token_file, oidc].filter((way) => way !== undefined);
  if (given.length > 1) {
    throw credentialError(KIND, '`client_secret`, `federated_token_file` and `oidc` exclude each other');
  }
  if (clientSecret !== undefined) {
    const secret = clientSecret.reveal();
    return async () => ({ fields: { client_secret: secret }, secret });
  }
  if (oidc !== undefined) return async () => assertion(await fetchOidcToken(oidc, KIND, environment));
  const tokenFile = config.federated_token_file ?? environment.env['AZURE_FEDERATED_TOKEN_FILE'];
  if (!tokenFile) throw credentialError(KIND, 'set `client_secret`, `federated_token_file` or `oidc`');
  return async () => assertion(await readTokenFile(environment, tokenFile, KIND));
}

function assertion(token: string): { fields: Record<string, string>; secret: string } {
  return { fields: { client_assertion_type: ASSERTION_TYPE, client_assertion: token }, secret: token };
}
