import type { AuthScheme } from '../providers/provider.ts';
import type { Credential } from './credential.ts';
import { credentialError } from './credential-error.ts';
import { setHeader } from './header-list.ts';

/** Visible ASCII and what lies above it, as HTTP field values may carry; no blanks inside, no line breaks. */
const KEY = /^[\x21-\x7e\x80-\xff]+$/;

/** A header that carries a key. */
export interface KeyHeader {
  readonly name: string;
  /** Stands before the key, such as `Bearer `. */
  readonly prefix: string;
}

const BEARER: KeyHeader = { name: 'authorization', prefix: 'Bearer ' };
const GOOGLE: KeyHeader = { name: 'x-goog-api-key', prefix: '' };

/** Where a plain key goes under each scheme. */
const KEY_HEADER_BY_SCHEME: Readonly<Record<AuthScheme, KeyHeader>> = {
  bearer: BEARER,
  'x-api-key': { name: 'x-api-key', prefix: '' },
  'api-key': { name: 'api-key', prefix: '' },
  'x-goog-api-key': GOOGLE,
  // Bedrock API keys go in place of a signature: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
  'aws-sigv4': BEARER,
  // Vertex AI takes API keys in express mode: https://cloud.google.com/vertex-ai/generative-ai/docs/start/api-keys
  'gcp-token': GOOGLE,
  none: BEARER,
};

/** The header in which a provider of that scheme takes a plain key. */
export function keyHeaderOf(auth: AuthScheme): KeyHeader {
  return KEY_HEADER_BY_SCHEME[auth];
}

/** Sends a fixed key. White space around it is dropped; a key that no header can carry is `credential_unavailable` at once. */
export function createApiKeyCredential(auth: AuthScheme, key: string): Credential {
  const trimmed = key.trim();
  if (!KEY.test(trimmed)) {
    throw credentialError(
      'API key',
      trimmed === ''
        ? 'the key is empty'
        : 'the key holds a blank, a line break or another character no header can carry',
    );
  }
  const { name, prefix } = keyHeaderOf(auth);
  const value = prefix + trimmed;
  return {
    apply(request) {
      setHeader(request.headers, name, value);
    },
    consumedHeaders: [],
    forwardsClientCredential: false,
  };
}
