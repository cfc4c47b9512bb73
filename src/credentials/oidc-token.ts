import type { OidcConfig } from '../config/model-credentials.ts';
import type { JsonObject } from '../json/types.ts';
import type { CredentialEnvironment } from './credential.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';
import { FORM_HEADERS, formBody, isLoopbackUrl, requestJson, textField } from './token-request.ts';

const SERVICE = 'the OpenID provider';

/**
 * Gets a token by the client-credentials grant (RFC 6749 section 4.4). Without `token_endpoint` the provider is asked for it
 * (OpenID Connect Discovery 1.0). The client proves itself by HTTP Basic (RFC 6749 section 2.3.1) unless discovery names
 * `client_secret_post` alone. Rejects with `credential_unavailable`, which names `kind`, the credential in need of the token.
 */
export async function fetchOidcToken(
  oidc: OidcConfig,
  kind: CredentialKind,
  environment: CredentialEnvironment,
): Promise<string> {
  const metadata = oidc.token_endpoint === undefined ? await discover(oidc, kind, environment) : undefined;
  const endpoint = oidc.token_endpoint ?? (metadata && textField(metadata, 'token_endpoint'));
  if (endpoint === undefined || !URL.canParse(endpoint)) {
    throw credentialError(kind, `${SERVICE} names no token endpoint; set \`token_endpoint\``);
  }
  if (metadata !== undefined) assertSameFooting(oidc.issuer, endpoint, kind);
  const secret = oidc.client_secret.reveal();
  const inBody = wantsSecretInBody(metadata);
  const headers: Record<string, string> = { ...FORM_HEADERS };
  const basic = Buffer.from(`${formEncode(oidc.client_id)}:${formEncode(secret)}`).toString('base64');
  if (!inBody) headers['authorization'] = `Basic ${basic}`;
  const answer = await requestJson(environment, {
    kind,
    service: SERVICE,
    method: 'POST',
    url: endpoint,
    headers,
    body: formBody({
      grant_type: oidc.grant_type,
      client_id: inBody ? oidc.client_id : undefined,
      client_secret: inBody ? secret : undefined,
      scope: oidc.scopes.length === 0 ? undefined : oidc.scopes.join(' '),
      audience: oidc.audience,
    }),
    secrets: [secret, basic],
  });
  const token = textField(answer, 'access_token') ?? textField(answer, 'id_token');
  if (token === undefined) throw credentialError(kind, `${SERVICE} issued no token`);
  return token;
}

/** What discovery names may be neither less protected than the issuer nor on this machine when the issuer is not. */
function assertSameFooting(issuer: string, endpoint: string, kind: CredentialKind): void {
  if (issuer.startsWith('https:') && !endpoint.startsWith('https:')) {
    throw credentialError(kind, `${SERVICE} names a token endpoint without TLS`);
  }
  if (isLoopbackUrl(endpoint) && !isLoopbackUrl(issuer)) {
    throw credentialError(kind, `${SERVICE} names a token endpoint on the gateway's own machine`);
  }
}

function discover(oidc: OidcConfig, kind: CredentialKind, environment: CredentialEnvironment): Promise<JsonObject> {
  return requestJson(environment, {
    kind,
    service: SERVICE,
    method: 'GET',
    url: `${oidc.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
    headers: { accept: 'application/json' },
  });
}

function wantsSecretInBody(metadata: JsonObject | undefined): boolean {
  const methods = metadata?.['token_endpoint_auth_methods_supported'];
  return Array.isArray(methods) && methods.includes('client_secret_post') && !methods.includes('client_secret_basic');
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
