import type { Credential } from './credential.ts';
import { type CredentialKind, credentialError } from './credential-error.ts';
import { setHeader } from './header-list.ts';
import { createTokenCache, type TokenCacheOptions } from './token-cache.ts';

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** Headers that prove a caller: names (lower case) and values in turn. */
export type ProofHeaders = readonly string[];

/** The proof that a bearer token is. Throws `credential_unavailable` when no header can carry the token. */
export function bearerProof(kind: CredentialKind, token: string): ProofHeaders {
  if (!VISIBLE_ASCII.test(token))
    throw credentialError(kind, 'the token that was issued is not one a header can carry');
  return ['authorization', `Bearer ${token}`];
}

/** Sends headers made of a token that is fetched, kept and refreshed. At once when the token is at hand. */
export function createTokenCredential(options: TokenCacheOptions<ProofHeaders>): Credential {
  const cache = createTokenCache(options);
  return {
    apply(request) {
      const proof = cache.peek();
      if (proof === undefined) return cache.fetch().then((fetched) => setAll(request.headers, fetched));
      return setAll(request.headers, proof);
    },
    consumedHeaders: [],
    forwardsClientCredential: false,
    close: cache.close,
  };
}

function setAll(headers: string[], proof: ProofHeaders): void {
  for (let index = 0; index < proof.length; index += 2) {
    setHeader(headers, proof[index] ?? '', proof[index + 1] ?? '');
  }
}
