import type { BudgetConfig, RateLimitConfig } from '../../config/model.ts';
import { budgetList, rateLimitList } from '../../config/model-limits.ts';
import type { IssuedKey } from '../../stores/keys/issued-key.ts';
import { createPrincipal, type Principal } from '../auth/principal.ts';
import type { Account } from './account.ts';
import { createAccount, type OrganizationTree } from './organization-tree.ts';

/** An empty list of a stored key means that nothing confines it. */
function confined(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function texts(metadata: IssuedKey['metadata']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Limits as they were stored; what a later version wrote and this one cannot read refuses the key rather than freeing it. */
function storedLimits(key: IssuedKey): { rate_limit: RateLimitConfig[]; budget: BudgetConfig[] } {
  return {
    rate_limit: rateLimitList.parse(key.limits['rate_limit'] ?? []),
    budget: budgetList.parse(key.budget['budget'] ?? []),
  };
}

/** The account of an issued key below the level that it belongs to. Throws Error when its organization or limits cannot be made out. */
export function issuedKeyAccount(key: IssuedKey, tree: OrganizationTree): Account {
  const parent = tree.find({
    organization: key.organization,
    team: key.team === '' ? undefined : key.team,
    user: key.user === '' ? undefined : key.user,
  });
  if (parent === undefined) throw new Error(`the organization "${key.organization}" is not configured`);
  const expiresMs = Math.min(key.expiresMs ?? Number.POSITIVE_INFINITY, key.overlapUntilMs ?? Number.POSITIVE_INFINITY);
  return createAccount(
    'key',
    {
      name: key.name,
      id: key.id,
      metadata: texts(key.metadata),
      allowed_models: confined(key.allowedModels),
      allowed_operations: confined(key.allowedEndpoints),
      allowed_routes: confined(key.allowedRoutes),
      allowed_ips: confined(key.allowedIps),
      ...storedLimits(key),
      expiresMs,
    },
    parent,
  );
}

/** Who an issued key stands for; undefined when it cannot be told what it may do, so that it is as good as unknown. */
export function issuedKeyPrincipal(key: IssuedKey, tree: OrganizationTree): Principal | undefined {
  let account: Account;
  try {
    account = issuedKeyAccount(key, tree);
  } catch {
    return undefined;
  }
  return createPrincipal({
    organization: key.organization,
    team: key.team === '' ? undefined : key.team,
    user: key.user === '' ? undefined : key.user,
    key: { id: key.id, name: key.name },
    account,
    metadata: account.metadata,
  });
}
