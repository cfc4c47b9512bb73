import { randomBytes } from 'node:crypto';
import { createKey } from '../../../src/filters/auth/key-format.ts';
import { createKeyHasher } from '../../../src/filters/auth/key-hash.ts';
import { openStore } from '../../../src/stores/database/open-database.ts';
import type { NewKey } from '../../../src/stores/keys/issued-key.ts';
import type { KeyStore } from '../../../src/stores/keys/key-store.ts';
import { createKeyStore } from '../../../src/stores/keys/sql-key-store.ts';

/** The secret with which keys of these tests are hashed. */
export const HMAC_SECRET = 'a secret of these tests alone';

/** A key that was issued. */
export interface IssuedTestKey {
  readonly text: string;
  readonly id: string;
  readonly prefix: string;
}

/** Runs with the key store of a database (a file, or a `postgres://` URL). */
export async function withKeyStore<Result>(
  address: string,
  run: (store: KeyStore) => Promise<Result>,
): Promise<Result> {
  const database = await openStore(address);
  try {
    return await run(createKeyStore(database));
  } finally {
    await database.close();
  }
}

/** Issues a key of the organization `acme`. */
export async function issueKey(store: KeyStore, fields: Partial<NewKey> = {}): Promise<IssuedTestKey> {
  const key = createKey(randomBytes);
  await store.insert({
    id: key.id,
    hash: createKeyHasher(HMAC_SECRET)(key.text),
    prefix: key.prefix,
    name: 'issued',
    organization: 'acme',
    team: '',
    user: '',
    createdMs: Date.now(),
    expiresMs: null,
    allowedModels: [],
    allowedEndpoints: [],
    allowedRoutes: [],
    allowedIps: [],
    limits: {},
    budget: {},
    metadata: {},
    ...fields,
  });
  return key;
}
