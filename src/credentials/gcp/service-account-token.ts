import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { JsonObject } from '../../json/types.ts';
import type { CredentialEnvironment } from '../credential.ts';
import { FORM_HEADERS, formBody, textField } from '../token-request.ts';
import {
  CLOUD_PLATFORM_SCOPE,
  DEFAULT_TOKEN_ENDPOINT,
  type GcpTokenSource,
  keyFileError,
  requestAccessToken,
} from './gcp-token.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The longest life Google allows an assertion. */
const ASSERTION_SECONDS = 3600;

/**
 * Tokens of a service account: an assertion signed with its key is swapped at the token endpoint
 * (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). The key is checked here and now.
 */
export function serviceAccountSource(
  file: JsonObject,
  environment: CredentialEnvironment,
  tokenEndpoint: string | undefined,
): GcpTokenSource {
  const email = textField(file, 'client_email');
  const pem = textField(file, 'private_key');
  if (email === undefined || pem === undefined) throw keyFileError('lacks `client_email` or `private_key`');
  const key = privateKey(pem);
  const audience = textField(file, 'token_uri') ?? DEFAULT_TOKEN_ENDPOINT;
  const keyId = textField(file, 'private_key_id');
  const header = encode(keyId === undefined ? { alg: 'RS256', typ: 'JWT' } : { alg: 'RS256', typ: 'JWT', kid: keyId });
  return () => {
    const issuedAt = Math.floor(environment.now() / 1000);
    const claims = encode({
      iss: email,
      scope: CLOUD_PLATFORM_SCOPE,
      aud: audience,
      iat: issuedAt,
      exp: issuedAt + ASSERTION_SECONDS,
    });
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), key).toString('base64url');
    const assertion = `${header}.${claims}.${signature}`;
    return requestAccessToken(environment, {
      service: 'the Google token endpoint',
      method: 'POST',
      url: tokenEndpoint ?? audience,
      headers: FORM_HEADERS,
      body: formBody({ grant_type: GRANT, assertion }),
      secrets: [assertion],
    });
  };
}

function privateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // What the parser says may quote the key.
    throw keyFileError('has a `private_key` that is not a PEM private key');
  }
  if (key.asymmetricKeyType !== 'rsa') throw keyFileError('has a `private_key` that is not an RSA key');
  return key;
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
