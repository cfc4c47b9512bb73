import { z } from 'zod';
import { budget, rateLimit } from '../../config/model-limits.ts';
import { OPERATION_NAMES } from '../../config/model-match.ts';
import { answerTime, levelName, line, pageAfter, pageLimit, pageNext } from '../fields.ts';
import { KEY_STATES } from './key-state.ts';

const MAX_ENTRIES = 100;
const MAX_LIMITS = 16;

const entries = z.array(line.min(1).max(256)).min(1).max(MAX_ENTRIES);
const rateLimits = z.array(rateLimit).min(1).max(MAX_LIMITS);
const budgets = z.array(budget).min(1).max(MAX_LIMITS);
const metadata = z
  .record(line.min(1).max(64), line.max(256))
  .refine((labels) => Object.keys(labels).length <= 32, 'must have at most 32 entries')
  .describe('Labels for logs, usage records and transforms');

const expires = z.string().min(1).max(64).describe('A time, or a duration from now such as `90d`');

const MODELS = 'Names or globs; each must lie within one of those that the levels above allow';
const WORK = 'What may be asked for';
/** As many as there are: each at most once makes sense. */
const operations = z.array(z.enum(OPERATION_NAMES)).min(1).max(OPERATION_NAMES.length);
const ROUTES = 'Names of virtual routes';
const ADDRESSES = 'Addresses or CIDR ranges';

/** The body of `POST /keys`. */
export const newKeyBody = z
  .strictObject({
    name: levelName.describe('For people; the id is made by the gateway'),
    organization: levelName,
    team: levelName.optional(),
    user: levelName.optional(),
    expires: expires.optional(),
    allowed_models: entries.optional().describe(`${MODELS}; absent: all of them`),
    allowed_operations: operations.optional().describe(`${WORK}; absent: all that the levels above allow`),
    allowed_routes: entries.optional().describe(`${ROUTES}; absent: all that the levels above allow`),
    allowed_ips: entries.optional().describe(`${ADDRESSES}; absent: all that the levels above allow`),
    rate_limit: rateLimits.optional(),
    budget: budgets.optional(),
    metadata: metadata.optional(),
  })
  .describe('A key to be issued');

/** The body of `PATCH /keys/{id}`: what is absent stays, null takes away. */
export const keyPatchBody = z
  .strictObject({
    name: levelName.optional(),
    expires: expires.nullable().optional(),
    allowed_models: entries.nullable().optional().describe(MODELS),
    allowed_operations: operations.nullable().optional().describe(WORK),
    allowed_routes: entries.nullable().optional().describe(ROUTES),
    allowed_ips: entries.nullable().optional().describe(ADDRESSES),
    rate_limit: rateLimits.nullable().optional(),
    budget: budgets.nullable().optional(),
    metadata: metadata.nullable().optional().describe('Takes the place of all labels'),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'has no field to change')
  .describe('What to change; null takes a limit away');

/** The body of `POST /keys/{id}/rotate`. */
export const rotateBody = z.strictObject({
  overlap: z.string().min(1).max(32).default('24h').describe('How long the old key still works; `0s` ends it at once'),
  expires: expires.optional().describe('When the new key expires; default: as long after now as the old one was given'),
});

/** The query of `GET /keys`. */
export const keyListQuery = z.strictObject({
  organization: levelName.optional(),
  team: levelName.optional(),
  user: levelName.optional(),
  state: z
    .enum(['working', ...KEY_STATES])
    .optional()
    .describe('`working`: active or rotating; absent: all'),
  limit: pageLimit.optional(),
  after: pageAfter.optional(),
});

const shownEntries = z.array(z.string()).nullable();
const shownLimits = z.array(z.looseObject({})).nullable();

/** A key as the API shows it. */
export const shownKey = z
  .strictObject({
    id: z.string(),
    prefix: z.string().describe('How the key begins, to recognise it by'),
    name: z.string(),
    state: z.enum(KEY_STATES),
    organization: z.string(),
    team: z.string().nullable(),
    user: z.string().nullable(),
    created: answerTime,
    expires: answerTime.nullable(),
    revoked: answerTime.nullable(),
    rotated_from: z.string().nullable().describe('Id of the key that this one replaces'),
    overlap_until: answerTime.nullable().describe('Until when a replaced key works'),
    allowed_models: shownEntries,
    allowed_operations: shownEntries,
    allowed_routes: shownEntries,
    allowed_ips: shownEntries,
    rate_limit: shownLimits,
    budget: shownLimits,
    metadata: z.record(z.string(), z.string()),
    version: z.number().int(),
  })
  .meta({ id: 'Key' });

/** A new key with its text. */
export const issuedKey = z
  .strictObject({
    text: z.string().describe('The key as clients send it: shown this once, kept nowhere'),
    key: shownKey,
  })
  .meta({ id: 'IssuedKey' });

/** A page of keys. */
export const keyPage = z.strictObject({ keys: z.array(shownKey), next: pageNext }).meta({ id: 'KeyPage' });

/** A key as the API shows it. */
export type ShownKey = z.output<typeof shownKey>;
/** The body of `POST /keys` after parsing. */
export type NewKeyBody = z.output<typeof newKeyBody>;
/** The body of `PATCH /keys/{id}` after parsing. */
export type KeyPatchBody = z.output<typeof keyPatchBody>;
/** The body of `POST /keys/{id}/rotate` after parsing. */
export type RotateBody = z.output<typeof rotateBody>;
/** The query of `GET /keys` after parsing. */
export type KeyListQuery = z.output<typeof keyListQuery>;
