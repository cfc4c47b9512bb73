import { isObject, type JsonObject } from '../../json/types.ts';
import type { CredentialEnvironment } from '../credential.ts';
import { readTokenFile } from '../read-file.ts';
import { parseJsonObject, requestText, textField } from '../token-request.ts';
import { GCP, type GcpTokenSource, keyFileError } from './gcp-token.ts';
import { impersonatedSource } from './impersonation.ts';
import { DEFAULT_STS_ENDPOINT, JWT_TOKEN_TYPE, tokenExchangeSource } from './token-exchange.ts';

/**
 * Tokens by a key file of type `external_account` (workload identity federation, https://google.aip.dev/auth/4117). The foreign
 * token comes from a file or a URL, as text or as a field of a JSON object; commands and AWS identities are refused.
 */
export function externalAccountSource(file: JsonObject, environment: CredentialEnvironment): GcpTokenSource {
  const audience = textField(file, 'audience');
  const source = file['credential_source'];
  if (audience === undefined || !isObject(source)) throw keyFileError('lacks `audience` or `credential_source`');
  const id = textField(file, 'client_id');
  const secret = textField(file, 'client_secret');
  const exchanged = tokenExchangeSource(
    {
      endpoint: textField(file, 'token_url') ?? DEFAULT_STS_ENDPOINT,
      audience,
      subjectTokenType: textField(file, 'subject_token_type') ?? JWT_TOKEN_TYPE,
      subjectToken: subjectTokenOf(source, environment),
      client: id !== undefined && secret !== undefined ? { id, secret } : undefined,
    },
    environment,
  );
  const url = textField(file, 'service_account_impersonation_url');
  if (url === undefined) return exchanged;
  const options = file['service_account_impersonation'];
  const lifetime = isObject(options) ? options['token_lifetime_seconds'] : undefined;
  return impersonatedSource(
    exchanged,
    { url, lifetimeSeconds: typeof lifetime === 'number' ? lifetime : undefined },
    environment,
  );
}

function subjectTokenOf(source: JsonObject, environment: CredentialEnvironment): () => Promise<string> {
  const format = isObject(source['format']) ? source['format'] : {};
  const field = format['type'] === 'json' ? textField(format, 'subject_token_field_name') : undefined;
  if (format['type'] === 'json' && field === undefined) throw keyFileError('lacks `subject_token_field_name`');
  const path = textField(source, 'file');
  if (path !== undefined) return async () => pick(await readTokenFile(environment, path, GCP), field);
  const url = textField(source, 'url');
  if (url === undefined || source['environment_id'] !== undefined) {
    throw keyFileError('has a `credential_source` that is neither `file` nor `url`; the gateway supports no other');
  }
  const headers: Record<string, string> = {};
  if (isObject(source['headers'])) {
    for (const [name, value] of Object.entries(source['headers'])) {
      if (typeof value === 'string') headers[name.toLowerCase()] = value;
    }
  }
  return async () => {
    const body = await requestText(environment, {
      kind: GCP,
      service: 'the source of the foreign token',
      method: 'GET',
      url,
      headers,
      // Identity services of other clouds and platforms answer on link-local or loopback addresses.
      allowLocal: true,
      secrets: Object.values(headers),
    });
    return pick(body.trim(), field);
  };
}

function pick(text: string, field: string | undefined): string {
  if (field === undefined) return text;
  const object = parseJsonObject(text);
  const token = object && textField(object, field);
  if (token === undefined)
    throw keyFileError('names a `subject_token_field_name` that the foreign token does not have');
  return token;
}
