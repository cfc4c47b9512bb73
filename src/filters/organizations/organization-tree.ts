import type { GatewayConfig, OrganizationConfig } from '../../config/model.ts';
import type { Secret } from '../../config/secret.ts';
import { compileBudgets, compileRateLimits } from '../limits/compile-limits.ts';
import type { CompiledLimit } from '../limits/limit.ts';
import { NO_LIMITS, toLimitSet } from '../limits/limit-set.ts';
import type { Account, AccountLevel } from './account.ts';
import { type AllowancesInput, compileAllowances, UNCONFINED } from './allowances.ts';

/** A key that stands in the configuration. */
export interface ConfiguredKey {
  readonly secret: Secret;
  readonly account: Account;
}

/** Where in the organizations a key or token belongs. */
export interface Membership {
  readonly organization: string;
  readonly team?: string | undefined;
  readonly user?: string | undefined;
}

/** All accounts of a configuration. */
export interface OrganizationTree {
  readonly accounts: readonly Account[];
  readonly keys: readonly ConfiguredKey[];
  /** The account by its path, such as `acme/search/ada`; undefined when the configuration has none. */
  byPath(path: string): Account | undefined;
  /**
   * The innermost account of a membership. A team or user that the configuration does not name has its own, without limits, under
   * the one it does name: those of the levels above hold. Undefined when the organization is not there.
   */
  find(membership: Membership): Account | undefined;
}

type KeyConfig = OrganizationConfig['keys'][number];
type UserConfig = OrganizationConfig['users'][number];
type TeamConfig = OrganizationConfig['teams'][number];

/** What every level of the configuration has. */
type LevelConfig = AllowancesInput &
  Pick<OrganizationConfig, 'name' | 'metadata' | 'rate_limit' | 'budget'> & {
    /** Takes the name's place in the path, where names are not unique. */
    id?: string;
    expires?: string | undefined;
    /** Epoch milliseconds; goes before `expires`. */
    expiresMs?: number;
  };

type Draft<T> = { -readonly [Name in keyof T]: T[Name] };

/** The path of an account below another. */
export function accountPath(parent: Account | undefined, level: AccountLevel, name: string): string {
  if (parent === undefined) return name;
  if (level === 'key') return `${parent.path}#${name}`;
  // A user without a team stands behind the place where its team would be: a team may have the same name.
  return level === 'user' && parent.level === 'organization' ? `${parent.path}//${name}` : `${parent.path}/${name}`;
}

const NO_METADATA: Readonly<Record<string, string>> = Object.freeze({});

/** Labels of a level over those above. There may be very many keys: those without labels of their own share their parent's. */
function metadataOf(own: Readonly<Record<string, string>>, parent: Account | undefined): Account['metadata'] {
  const above = parent?.metadata ?? NO_METADATA;
  return Object.keys(own).length === 0 ? above : { ...above, ...own };
}

function allLimits(own: readonly CompiledLimit[], parent: Account | undefined): CompiledLimit[] {
  const limits = [...own];
  for (let level = parent; level !== undefined; level = level.parent) limits.push(...level.limits);
  return limits;
}

/** Makes an account from what the configuration, or a stored key, says of it. Throws Error with a readable message. */
export function createAccount(level: AccountLevel, config: LevelConfig, parent: Account | undefined): Account {
  const path = accountPath(parent, level, config.id ?? config.name);
  const limits =
    config.rate_limit.length === 0 && config.budget.length === 0
      ? NO_LIMITS.request
      : [...compileRateLimits(config.rate_limit, path), ...compileBudgets(config.budget, path)];
  const account: Draft<Account> = {
    level,
    name: config.name,
    path,
    parent,
    allowances: compileAllowances(
      config,
      config.expiresMs ?? (config.expires === undefined ? undefined : Date.parse(config.expires)),
    ),
    confined: parent?.confined,
    metadata: metadataOf(config.metadata, parent),
    limits,
    allLimits: limits.length === 0 && parent !== undefined ? parent.allLimits : toLimitSet(allLimits(limits, parent)),
  };
  if (account.allowances !== UNCONFINED) account.confined = account;
  return Object.freeze(account);
}

/** A level that the configuration does not name. */
function unnamed(level: AccountLevel, name: string, parent: Account): Account {
  return createAccount(level, { name, metadata: {}, rate_limit: [], budget: [] }, parent);
}

/** Compiles the section `organizations`. Throws Error with a readable message for what loading could not check. */
export function compileOrganizations(config: Pick<GatewayConfig, 'organizations'>): OrganizationTree {
  const accounts = new Map<string, Account>();
  const keys: ConfiguredKey[] = [];

  function add(level: AccountLevel, level_config: LevelConfig, parent: Account | undefined): Account {
    const account = createAccount(level, level_config, parent);
    accounts.set(account.path, account);
    return account;
  }

  function addKeys(list: readonly KeyConfig[], parent: Account): void {
    for (const key of list) keys.push({ secret: key.key, account: add('key', key, parent) });
  }

  function addUsers(list: readonly UserConfig[], parent: Account): void {
    for (const user of list) addKeys(user.keys, add('user', user, parent));
  }

  function addTeams(list: readonly TeamConfig[], parent: Account): void {
    for (const team of list) {
      const account = add('team', team, parent);
      addUsers(team.users, account);
      addKeys(team.keys, account);
    }
  }

  for (const organization of config.organizations) {
    const account = add('organization', organization, undefined);
    addTeams(organization.teams, account);
    addUsers(organization.users, account);
    addKeys(organization.keys, account);
  }

  return {
    accounts: [...accounts.values()],
    keys,
    byPath: (path) => accounts.get(path),
    find({ organization, team, user }) {
      let account = accounts.get(organization);
      if (account?.level !== 'organization') return undefined;
      for (const [level, name] of [
        ['team', team],
        ['user', user],
      ] as const) {
        if (name === undefined) continue;
        const parent: Account = account;
        const known = accounts.get(accountPath(parent, level, name));
        // Names in tokens may hold anything, such as what parts the names of a path.
        account = known?.level === level && known.parent === parent ? known : unnamed(level, name, parent);
      }
      return account;
    },
  };
}

/** The name of the account at a level at or above this one. */
export function nameAt(account: Account, level: AccountLevel): string | undefined {
  for (let at: Account | undefined = account; at !== undefined; at = at.parent) if (at.level === level) return at.name;
  return undefined;
}
