import { z } from 'zod';
import type { OrganizationConfig } from '../config/model.ts';
import { jsonAnswer } from './answer.ts';
import { levelName } from './fields.ts';
import { type AdminRoute, defineRoute } from './route.ts';

const allowed = z.array(z.string()).nullable().describe('Null: all that the level above allows');

const level = {
  name: z.string(),
  allowed_models: allowed,
  allowed_operations: allowed,
  allowed_routes: allowed,
  allowed_ips: allowed,
  rate_limit: z.array(z.looseObject({})),
  budget: z.array(z.looseObject({})),
  metadata: z.record(z.string(), z.string()),
};

const keys = z.strictObject({
  count: z.number().int(),
  names: z.array(z.string()).optional().describe('With `keys=true`'),
});
const user = z.strictObject({ ...level, keys });
const team = z.strictObject({ ...level, users: z.array(user), keys });
const organization = z.strictObject({ ...level, teams: z.array(team), users: z.array(user), keys });

const query = z.strictObject({
  organization: levelName.optional().describe('Only this one'),
  keys: z.enum(['true']).optional().describe('Name the configured keys too'),
});

/** The routes of organizations. */
export const ORGANIZATION_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/organizations',
    access: 'viewer',
    operationId: 'listOrganizations',
    summary: 'Organizations, teams and users of the configuration in force, without any key’s text',
    tag: 'organizations',
    query,
    answers: {
      200: { description: 'The tree', schema: z.strictObject({ organizations: z.array(organization) }) },
    },
    handle(port, request) {
      const { organization: name, keys: named } = request.query;
      const all = port.organizations?.() ?? [];
      const wanted = name === undefined ? all : all.filter((one) => one.name === name);
      return jsonAnswer(200, { organizations: wanted.map((one) => showOrganization(one, named === 'true')) });
    },
  }),
];

type TeamConfig = OrganizationConfig['teams'][number];
type UserConfig = OrganizationConfig['users'][number];
type LevelConfig = OrganizationConfig | TeamConfig | UserConfig;

function showOrganization(config: OrganizationConfig, named: boolean): z.output<typeof organization> {
  return {
    ...showLevel(config),
    teams: config.teams.map((one) => ({
      ...showLevel(one),
      users: one.users.map((below) => showUser(below, named)),
      keys: showKeys(one, named),
    })),
    users: config.users.map((one) => showUser(one, named)),
    keys: showKeys(config, named),
  };
}

function showUser(config: UserConfig, named: boolean): z.output<typeof user> {
  return { ...showLevel(config), keys: showKeys(config, named) };
}

/** Field by field: what a level may get some day is not shown unseen. */
function showLevel(config: LevelConfig) {
  return {
    name: config.name,
    allowed_models: config.allowed_models ?? null,
    allowed_operations: config.allowed_operations ?? null,
    allowed_routes: config.allowed_routes ?? null,
    allowed_ips: config.allowed_ips ?? null,
    rate_limit: config.rate_limit.map((limit) => ({ ...limit })),
    // A webhook's URL may carry a secret.
    budget: config.budget.map(({ webhook, ...limit }) => ({
      ...limit,
      ...(webhook === undefined ? {} : { webhook: '***' }),
    })),
    metadata: config.metadata,
  };
}

function showKeys(config: LevelConfig, named: boolean): z.output<typeof keys> {
  const count = config.keys.length;
  return named ? { count, names: config.keys.map((key) => key.name) } : { count };
}
