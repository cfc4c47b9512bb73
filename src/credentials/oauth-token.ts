import type { JsonObject } from '../json/types.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';
import type { Expiring } from './token-cache.ts';
import { textField } from './token-request.ts';

/** Life of a token whose issuer does not tell (RFC 6749 section 5.1 only recommends `expires_in`), in seconds. */
const DEFAULT_LIFE_SECONDS = 300;

/** Reads the answer of an OAuth token endpoint (RFC 6749 section 5.1): `access_token` and `expires_in`, a number or its text. */
export function oauthTokenOf(
  answer: JsonObject,
  context: { kind: CredentialKind; service: string; nowMs: number },
): Expiring<string> {
  const token = textField(answer, 'access_token');
  if (token === undefined) throw credentialError(context.kind, `${context.service} issued no token`);
  const given = answer['expires_in'];
  const seconds = typeof given === 'number' || (typeof given === 'string' && given !== '') ? Number(given) : Number.NaN;
  return { value: token, expiresAtMs: context.nowMs + (seconds > 0 ? seconds : DEFAULT_LIFE_SECONDS) * 1000 };
}
