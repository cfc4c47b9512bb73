import { z } from 'zod';
import { secret } from './model-credentials.ts';
import { limitFields } from './model-limits.ts';
import { OPERATION_NAMES } from './model-match.ts';

const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\s/|]+$/, 'must not hold spaces, "/" or "|"');

/** What any level may be confined to. A level below can only narrow it. */
const allowances = {
  allowed_models: z.array(z.string().min(1)).optional().describe('Names or globs; absent: all'),
  allowed_operations: z.array(z.enum(OPERATION_NAMES)).optional().describe('What may be asked for; absent: everything'),
  allowed_routes: z.array(z.string().min(1)).optional().describe('Names of virtual routes; absent: all'),
  allowed_ips: z.array(z.string().min(1)).optional().describe('Addresses or CIDR ranges; absent: all'),
  metadata: z.record(z.string(), z.string()).default({}).describe('Labels for logs, usage records and transforms'),
};

const key = z
  .strictObject({
    name,
    key: secret.describe('The key as clients send it'),
    expires: z.iso.datetime({ offset: true }).optional(),
    ...allowances,
    ...limitFields,
  })
  .describe('A key that clients present');

const keys = z.array(key).default([]);

const user = z.strictObject({ name, keys, ...allowances, ...limitFields });
const users = z.array(user).default([]);

const team = z.strictObject({ name, users, keys, ...allowances, ...limitFields });

/** One entry of `organizations`. */
export const organization = z
  .strictObject({ name, teams: z.array(team).default([]), users, keys, ...allowances, ...limitFields })
  .describe('Organization, teams, users and keys; limits and budgets hold at every level');
