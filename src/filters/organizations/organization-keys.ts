import type { KeyHasher } from '../auth/key-hash.ts';
import { createKeyIndex, type KeyIndex } from '../auth/key-index.ts';
import { createPrincipal, type Principal } from '../auth/principal.ts';
import type { Account } from './account.ts';
import { nameAt, type OrganizationTree } from './organization-tree.ts';

/** Who a key stands for. `id` identifies it in usage records: the path of a configured key, the id of an issued one. */
export function keyPrincipal(account: Account, id: string): Principal {
  return createPrincipal({
    organization: nameAt(account, 'organization'),
    team: nameAt(account, 'team'),
    user: nameAt(account, 'user'),
    key: { id, name: account.name },
    account,
    metadata: account.metadata,
  });
}

/** The keys that stand in the configuration, by hash. */
export function indexConfiguredKeys(tree: OrganizationTree, hash: KeyHasher): KeyIndex<Principal> {
  const index = createKeyIndex<Principal>();
  for (const { secret, account } of tree.keys) index.set(hash(secret.reveal()), keyPrincipal(account, account.path));
  return index;
}
