import type { AuthScheme } from '../providers/provider.ts';
import { keyHeaderOf } from './api-key-credential.ts';
import type { Credential, SignableRequest } from './credential.ts';
import { bearerToken, KEY_HEADERS, removeKeyHeaders, setHeader } from './header-list.ts';

/** Starts of OAuth access tokens (JWT, Google, Anthropic): every provider takes these as bearer tokens, in no other header. */
const OAUTH_STARTS = ['eyJ', 'ya29.', 'sk-ant-oat'] as const;

/**
 * Sends the client's own credential. What already stands in the header the provider reads goes through untouched;
 * a key in another vendor's header (an OpenAI client in front of Anthropic) is put where the provider looks for it.
 * Without a credential of the client nothing is sent and the provider answers for itself.
 */
export function createPassThroughCredential(auth: AuthScheme): Credential {
  const { name, prefix } = keyHeaderOf(auth);
  // Signed requests and Google's tokens cannot be made out of another vendor's key.
  const respells = auth !== 'aws-sigv4' && auth !== 'gcp-token' && auth !== 'none';
  return {
    apply(request) {
      if (!respells || request.clientHeader(name) !== undefined) return;
      const key = clientKey(request);
      if (key === undefined || isOAuthToken(key)) return;
      removeKeyHeaders(request.headers);
      setHeader(request.headers, name, prefix + key);
    },
    consumedHeaders: [],
    forwardsClientCredential: true,
  };
}

function clientKey(request: SignableRequest): string | undefined {
  for (const name of KEY_HEADERS) {
    const value = request.clientHeader(name);
    if (value === undefined) continue;
    return name === 'authorization' ? bearerToken(value) : value;
  }
  return undefined;
}

function isOAuthToken(key: string): boolean {
  return OAUTH_STARTS.some((start) => key.startsWith(start));
}
