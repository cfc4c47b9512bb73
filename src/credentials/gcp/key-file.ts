import { isObject, type JsonObject } from '../../json/types.ts';
import type { CredentialEnvironment } from '../credential.ts';
import { FORM_HEADERS, formBody, parseJsonObject, textField } from '../token-request.ts';
import { externalAccountSource } from './external-account.ts';
import { DEFAULT_TOKEN_ENDPOINT, type GcpTokenSource, keyFileError, requestAccessToken } from './gcp-token.ts';
import { impersonatedSource } from './impersonation.ts';
import { serviceAccountSource } from './service-account-token.ts';

/** How a key file gets its tokens, and the project that pays (`x-goog-user-project`), where the file names one. */
export interface KeyFileTokens {
  source: GcpTokenSource;
  quotaProject: string | undefined;
}

/**
 * Reads the text of a Google key file of type `service_account`, `authorized_user`, `external_account` or
 * `impersonated_service_account`. Throws `credential_unavailable` that tells the fault and quotes nothing.
 */
export function parseKeyFile(
  text: string,
  environment: CredentialEnvironment,
  tokenEndpoint: string | undefined,
): KeyFileTokens {
  const file = parseJsonObject(text);
  if (file === undefined) throw keyFileError('is not a JSON object');
  return { source: sourceOf(file, environment, tokenEndpoint), quotaProject: textField(file, 'quota_project_id') };
}

function sourceOf(
  file: JsonObject,
  environment: CredentialEnvironment,
  tokenEndpoint: string | undefined,
): GcpTokenSource {
  switch (file['type']) {
    case 'service_account':
      return serviceAccountSource(file, environment, tokenEndpoint);
    case 'authorized_user':
      return authorizedUserSource(file, environment, tokenEndpoint);
    case 'external_account':
      return externalAccountSource(file, environment);
    case 'impersonated_service_account':
      return impersonatedFileSource(file, environment, tokenEndpoint);
    default:
      throw keyFileError(
        'has a `type` that is none of service_account, authorized_user, external_account, impersonated_service_account',
      );
  }
}

/** Tokens of a person, by the refresh token that `gcloud auth application-default login` leaves (RFC 6749 section 6). */
function authorizedUserSource(
  file: JsonObject,
  environment: CredentialEnvironment,
  tokenEndpoint: string | undefined,
): GcpTokenSource {
  const clientId = textField(file, 'client_id');
  const clientSecret = textField(file, 'client_secret');
  const refreshToken = textField(file, 'refresh_token');
  if (clientId === undefined || clientSecret === undefined || refreshToken === undefined) {
    throw keyFileError('lacks `client_id`, `client_secret` or `refresh_token`');
  }
  const body = formBody({
    grant_type: 'refresh_token',
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
  });
  return () =>
    requestAccessToken(environment, {
      service: 'the Google token endpoint',
      method: 'POST',
      url: tokenEndpoint ?? DEFAULT_TOKEN_ENDPOINT,
      headers: FORM_HEADERS,
      body,
      secrets: [clientSecret, refreshToken],
    });
}

function impersonatedFileSource(
  file: JsonObject,
  environment: CredentialEnvironment,
  tokenEndpoint: string | undefined,
): GcpTokenSource {
  const url = textField(file, 'service_account_impersonation_url');
  const caller = file['source_credentials'];
  if (url === undefined || !isObject(caller)) {
    throw keyFileError('lacks `service_account_impersonation_url` or `source_credentials`');
  }
  if (caller['type'] === 'impersonated_service_account') throw keyFileError('nests one impersonation in another');
  const delegates = Array.isArray(file['delegates'])
    ? file['delegates'].filter((delegate) => typeof delegate === 'string')
    : [];
  return impersonatedSource(sourceOf(caller, environment, tokenEndpoint), { url, delegates }, environment);
}
