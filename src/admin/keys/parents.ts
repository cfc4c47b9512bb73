import { isModelCovered, isRangeCovered } from '../../config/coverage.ts';
import type { OrganizationConfig } from '../../config/model.ts';
import { nearest } from '../../config/nearest.ts';
import type { AllowancesInput } from '../../filters/organizations/allowances.ts';
import { AdminError, invalidInput } from '../admin-error.ts';

/** Whose key it is. */
export interface KeyOwner {
  readonly organization: string;
  readonly team?: string | undefined;
  readonly user?: string | undefined;
}

/** A level that the configuration names, and what it is confined to. */
export interface ParentLevel {
  readonly level: 'organization' | 'team' | 'user';
  readonly path: string;
  readonly config: AllowancesInput;
}

type Named = { readonly name: string } & AllowancesInput;

/**
 * The levels above a key, from the outside in. AdminError 400 for an organization that the configuration does not name, and for a
 * team or user that is missing among those it names: where it names none, any may be given.
 */
export function findParents(organizations: readonly OrganizationConfig[], owner: KeyOwner): ParentLevel[] {
  const organization = organizations.find(({ name }) => name === owner.organization);
  if (organization === undefined) {
    throw unknownLevel('organization', owner.organization, { known: organizations, place: 'the configuration' });
  }
  const parents: ParentLevel[] = [{ level: 'organization', path: organization.name, config: organization }];
  let { users } = organization;
  let path = organization.name;
  if (owner.team !== undefined) {
    const team = findLevel(organization.teams, { level: 'team', name: owner.team, place: path });
    users = team?.users ?? [];
    path = `${path}/${owner.team}`;
    if (team !== undefined) parents.push({ level: 'team', path, config: team });
  }
  if (owner.user !== undefined) {
    const user = findLevel(users, { level: 'user', name: owner.user, place: path });
    path = `${path}/${owner.user}`;
    if (user !== undefined) parents.push({ level: 'user', path, config: user });
  }
  return parents;
}

function findLevel<Level extends Named>(
  known: readonly Level[],
  { level, name, place }: { level: 'team' | 'user'; name: string; place: string },
): Level | undefined {
  const found = known.find((candidate) => candidate.name === name);
  if (found === undefined && known.length > 0) throw unknownLevel(level, name, { known, place });
  return found;
}

function unknownLevel(
  level: string,
  name: string,
  { known, place }: { known: readonly Named[]; place: string },
): AdminError {
  const suggestion = nearest(
    name,
    known.map((candidate) => candidate.name),
  );
  const mend = suggestion === undefined ? `add it under \`organizations\`` : `did you mean "${suggestion}"?`;
  return invalidInput(level, `${place} has no ${level} "${name}"; ${mend}`);
}

/** What a key asks to be allowed; undefined where it asks for nothing of its own. */
export interface WantedAllowances {
  readonly allowed_models?: readonly string[] | undefined;
  readonly allowed_operations?: readonly string[] | undefined;
  readonly allowed_routes?: readonly string[] | undefined;
  readonly allowed_ips?: readonly string[] | undefined;
}

type Covers = (wanted: string, parent: readonly string[]) => boolean;

const COVERS: Readonly<Record<keyof WantedAllowances, Covers>> = {
  allowed_models: isModelCovered,
  allowed_operations: (wanted, parent) => parent.includes(wanted),
  allowed_routes: (wanted, parent) => parent.includes(wanted),
  allowed_ips: isRangeCovered,
};

const SINGLY: Readonly<Record<keyof WantedAllowances, string>> = {
  allowed_models: '; a name or glob must lie within a single one of them',
  allowed_operations: '',
  allowed_routes: '',
  allowed_ips: '; a range must lie within a single one of them',
};

const MAX_SHOWN = 10;

/** AdminError 400 for the first thing that a key asks for beyond what one of the levels above it may do. */
export function checkWithinParents(wanted: WantedAllowances, parents: readonly ParentLevel[]): void {
  for (const field of Object.keys(COVERS) as (keyof WantedAllowances)[]) {
    for (const [index, value] of (wanted[field] ?? []).entries()) {
      for (const { level, path, config } of parents) {
        const allowed = config[field];
        if (allowed === undefined || COVERS[field](value, allowed)) continue;
        const shown = allowed.length === 0 ? 'nothing' : allowed.slice(0, MAX_SHOWN).join(', ');
        const more = allowed.length > MAX_SHOWN ? ', …' : '';
        const param = `${field}[${index}]`;
        throw new AdminError(400, 'exceeds_parent', {
          param,
          message: `${param}: "${value}" is more than the ${level} "${path}" allows (${shown}${more})${SINGLY[field]}`,
        });
      }
    }
  }
}
