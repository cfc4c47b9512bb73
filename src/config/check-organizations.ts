import { type LimitedLevel, notARange } from './check-limits.ts';
import { unknownName } from './check-names.ts';
import { isModelCovered, isRangeCovered, parseRange } from './coverage.ts';
import { duplicateNames } from './duplicate-names.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import { hasGoodChecksum, looksIssued } from './issued-key-form.ts';
import type { GatewayConfig, OrganizationConfig } from './model.ts';
import type { Secret } from './secret.ts';

const LISTS = ['allowed_models', 'allowed_operations', 'allowed_routes', 'allowed_ips'] as const;

type Allowances = Pick<OrganizationConfig, (typeof LISTS)[number]>;

/** One level of an organization. */
export interface OrganizationLevel {
  readonly kind: 'organization' | 'team' | 'user' | 'key';
  readonly name: string;
  readonly level: LimitedLevel & Allowances;
  readonly path: ConfigPath;
  readonly parent: OrganizationLevel | undefined;
  /** Of a key: its text. */
  readonly key?: Secret;
}

type WithKeys = Pick<OrganizationConfig, 'keys'>;
type WithUsers = WithKeys & Pick<OrganizationConfig, 'users'>;

/** All levels of all organizations, each before those below it. */
export function organizationLevels({ organizations }: Pick<GatewayConfig, 'organizations'>): OrganizationLevel[] {
  const levels: OrganizationLevel[] = [];
  const addKeys = ({ keys }: WithKeys, parent: OrganizationLevel) => {
    for (const [index, key] of keys.entries()) {
      const path = [...parent.path, 'keys', index];
      levels.push({ kind: 'key', name: key.name, level: key, path, parent, key: key.key });
    }
  };
  const addUsers = (holder: WithUsers, parent: OrganizationLevel) => {
    for (const [index, user] of holder.users.entries()) {
      const path = [...parent.path, 'users', index];
      const level: OrganizationLevel = { kind: 'user', name: user.name, level: user, path, parent };
      levels.push(level);
      addKeys(user, level);
    }
    addKeys(holder, parent);
  };
  for (const [index, organization] of organizations.entries()) {
    const { name } = organization;
    const path = ['organizations', index];
    const top: OrganizationLevel = { kind: 'organization', name, level: organization, path, parent: undefined };
    levels.push(top);
    for (const [position, team] of organization.teams.entries()) {
      const at = [...path, 'teams', position];
      const level: OrganizationLevel = { kind: 'team', name: team.name, level: team, path: at, parent: top };
      levels.push(level);
      addUsers(team, level);
    }
    addUsers(organization, top);
  }
  return levels;
}

/** Names are unique within their level, keys in all; no level may do more than the one above it. */
export function checkOrganizations(config: GatewayConfig): UnplacedIssue[] {
  const levels = organizationLevels(config);
  const routes = routeNames(config);
  return [
    ...sameNames(levels),
    ...checkKeyTexts(levels.flatMap(({ key, path }) => (key === undefined ? [] : [{ key, path }]))),
    ...levels.flatMap((level) => checkAllowances(level, routes)),
    ...checkUse(config),
  ];
}

/** What routes are called: by their names, else by service and place. */
export function routeNames(config: Pick<GatewayConfig, 'virtual_services'>): string[] {
  return config.virtual_services.flatMap((service) => [
    ...service.virtual_routes.map((route, index) => route.name ?? `${service.name}/${index}`),
    // Requests that name their cluster go over a route of its own.
    ...service.virtual_routes.flatMap(({ split, fallback }) =>
      [...split, ...fallback].map(({ cluster }) => `${service.name}/${cluster}`),
    ),
  ]);
}

function sameNames(levels: readonly OrganizationLevel[]): UnplacedIssue[] {
  const families = new Map<OrganizationLevel | undefined, Map<OrganizationLevel['kind'], OrganizationLevel[]>>();
  for (const level of levels) {
    const family = families.get(level.parent) ?? new Map<OrganizationLevel['kind'], OrganizationLevel[]>();
    families.set(level.parent, family);
    const siblings = family.get(level.kind) ?? [];
    family.set(level.kind, siblings);
    siblings.push(level);
  }
  return [...families.values()].flatMap((family) =>
    [...family].flatMap(([kind, siblings]) =>
      duplicateNames(
        siblings.map(({ name }) => name),
        kind,
        (index) => [...(siblings[index]?.path ?? []), 'name'],
      ),
    ),
  );
}

/** Keys that gateways would take for the same, or for one of their own. Their texts are not shown. */
export function checkKeyTexts(keys: readonly { key: Secret; path: ConfigPath }[]): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const seen = new Set<string>();
  for (const { key, path } of keys) {
    const text = key.reveal();
    const at = [...path, 'key'];
    if (seen.has(text)) {
      const message = 'is the same text as another key, so that nobody could tell whose it is';
      issues.push({ path: at, severity: 'error', message, fix: 'give each its own' });
    }
    seen.add(text);
    if (looksIssued(text) && !hasGoodChecksum(text)) {
      const message = 'looks like a key that a gateway has issued, but its checksum is wrong: it would never be taken';
      issues.push({ path: at, severity: 'error', message, fix: 'copy it again, or choose another text' });
    }
  }
  return issues;
}

function checkAllowances(level: OrganizationLevel, routes: readonly string[]): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  for (const [index, name] of (level.level.allowed_routes ?? []).entries()) {
    const path = [...level.path, 'allowed_routes', index];
    issues.push(...unknownName(name, { known: routes, what: 'virtual route', path }));
  }
  for (const [index, range] of (level.level.allowed_ips ?? []).entries()) {
    if (parseRange(range) === undefined) issues.push(notARange(range, [...level.path, 'allowed_ips', index]));
  }
  if (issues.length > 0) return issues;
  for (const list of LISTS) issues.push(...checkWithin(level, list));
  return issues;
}

function covers(list: (typeof LISTS)[number], value: string, outer: readonly string[]): boolean {
  if (list === 'allowed_models') return isModelCovered(value, outer);
  return list === 'allowed_ips' ? isRangeCovered(value, outer) : outer.includes(value);
}

/** What a level names must be allowed by the nearest level above that names anything: that one is held to those above it. */
function checkWithin(level: OrganizationLevel, list: (typeof LISTS)[number]): UnplacedIssue[] {
  let above = level.parent;
  while (above !== undefined && above.level[list] === undefined) above = above.parent;
  if (above === undefined) return [];
  const outer = above.level[list] ?? [];
  const whose = `the ${above.kind} "${above.name}"`;
  return (level.level[list] ?? []).flatMap((value, index): UnplacedIssue[] => {
    if (covers(list, value, outer)) return [];
    const message = `"${value}" is more than ${whose} may do`;
    const fix = `allow it there too, in one entry that covers it, or name something of ${outer.join(', ') || 'nothing'}`;
    return [{ path: [...level.path, list, index], severity: 'error', message, fix }];
  });
}

function checkUse(config: GatewayConfig): UnplacedIssue[] {
  if (config.organizations.length === 0) return [];
  const issues: UnplacedIssue[] = [];
  const used = config.virtual_services.some(
    ({ auth_filter: auth }) =>
      auth?.api_keys === 'organizations' || auth?.jwt?.some(({ claims }) => claims.organization !== undefined),
  );
  if (!used) {
    const message = 'no virtual service asks for their keys, so that none of their limits holds';
    const fix = 'add `auth_filter: { api_keys: organizations }` to a virtual service';
    issues.push({ path: ['organizations'], severity: 'warning', message, fix, part: 'key' });
  }
  if (config.stores.ledger === undefined) {
    const message = 'their usage is not kept: no ledger is configured';
    const fix = 'add `stores: { ledger: { sqlite: ./aigw.db } }`';
    issues.push({ path: ['organizations'], severity: 'warning', message, fix, part: 'key' });
  }
  return issues;
}
