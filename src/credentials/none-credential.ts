import type { Credential } from './credential.ts';

/** Sends nothing: for servers that ask for nothing. */
export function createNoneCredential(): Credential {
  return { apply() {}, consumedHeaders: [], forwardsClientCredential: false };
}
