import { randomBytes } from 'node:crypto';
import { createKey } from '../../../src/filters/auth/key-format.ts';
import { createKeyHasher } from '../../../src/filters/auth/key-hash.ts';
import type { IssuedKey, NewKey } from '../../../src/stores/keys/issued-key.ts';
import { HMAC_SECRET } from './issue-keys.ts';

/** A key with the rights of another, which is to take its place. */
export function nextKey(old: IssuedKey | undefined): NewKey {
  if (old === undefined) throw new Error('there is no key to replace');
  const key = createKey(randomBytes);
  const { version: _, sequence: __, revokedMs: ___, rotatedFrom: ____, overlapUntilMs: _____, ...rights } = old;
  return { ...rights, id: key.id, prefix: key.prefix, hash: createKeyHasher(HMAC_SECRET)(key.text) };
}
