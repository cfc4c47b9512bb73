import { z } from 'zod';
import { answerTime, decimal, line, pageAfter, pageLimit, pageNext } from '../fields.ts';

const limitId = line.min(1).max(512).describe('`id` of `GET /api/v1/limits`');

/** The query of `GET /limits`. */
export const limitListQuery = z.strictObject({
  scope: line.max(512).optional().describe('Only limits of this path and the levels below it, such as `acme/search`'),
  kind: z.enum(['rate_limit', 'budget']).optional(),
  limit: pageLimit.optional(),
  after: pageAfter.optional(),
});

const dimensionValues = z
  .record(z.string().max(256), z.string().max(1024))
  .refine((values) => Object.keys(values).length <= 16, 'must have at most 16 entries')
  .describe('A value for each of the limit’s `dimensions`');

/** The query of `GET /limits/state`. */
export const limitStateQuery = z.strictObject({
  id: limitId,
  value: z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (Array.isArray(value) ? value : [value]))
    .pipe(z.array(z.string().max(1300)).max(16))
    .optional()
    .describe('`DIMENSION=VALUE`, once for each of the limit’s `dimensions`'),
});

/** The body of `POST /limits/reset`. */
export const limitResetBody = z.strictObject({ limit: limitId, values: dimensionValues.optional() });

/** The body of `POST /limits/overrides`. */
export const newOverrideBody = z.strictObject({
  limit: limitId,
  amount: z
    .union([z.string().min(1).max(32), z.number().positive()])
    .describe('What is added: dollars for a limit in `usd`, else a count such as `50K`'),
  from: z.string().min(1).max(64).optional().describe('A time; absent: now'),
  until: z.string().min(1).max(64).describe('A time, or a duration from now such as `48h`'),
  reason: line.min(1).max(256).describe('For whoever reads it later'),
});

/** The query of `GET /limits/overrides`. */
export const overrideListQuery = z.strictObject({
  limit_id: limitId.optional(),
  active: z.enum(['true']).optional().describe('Only those that count now'),
  limit: pageLimit.optional(),
  after: pageAfter.optional(),
});

const state = z
  .strictObject({
    used: decimal.describe('Reserved and settled; above the limit after an overshoot'),
    remaining: decimal,
    reset_seconds: z.number().describe('Until nothing is used, if nothing is added'),
  })
  .nullable();

/** A limit or budget in force. */
export const shownLimit = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['rate_limit', 'budget']),
    scope: z.strictObject({
      level: z.enum(['organization', 'team', 'user', 'key', 'service', 'route']),
      path: z.string(),
    }),
    measure: z.enum(['requests', 'tokens', 'input_tokens', 'output_tokens', 'usd', 'concurrent', 'cost']),
    limit: decimal.describe('As configured; dollars for `usd`'),
    increase: decimal.describe('Sum of the temporary increases that count now'),
    window: z.strictObject({
      kind: z.enum(['window', 'bucket', 'period', 'concurrency']),
      seconds: z.number().nullable(),
      burst: decimal.nullable(),
      unit: z.enum(['hour', 'day', 'week', 'month']).nullable(),
      time_zone: z.string().nullable(),
    }),
    dimensions: z.array(z.string()).describe('Each combination of their values has a count of its own'),
    enforced: z.boolean().describe('False: counted and reported, never refused'),
    state: state.describe('Null: it counts by dimensions, see GET /api/v1/limits/state'),
  })
  .meta({ id: 'Limit' });

/** A page of limits. */
export const limitPage = z.strictObject({ limits: z.array(shownLimit), next: pageNext }).meta({ id: 'LimitPage' });

/** A temporary increase. */
export const shownOverride = z
  .strictObject({
    id: z.string(),
    limit: z.string(),
    measure: z.string(),
    amount: decimal,
    from: answerTime,
    until: answerTime,
    reason: z.string(),
    created_by: z.string(),
    created: answerTime,
    ended: answerTime.nullable().describe('When it was taken back before its time'),
    active: z.boolean(),
  })
  .meta({ id: 'LimitOverride' });

/** A page of temporary increases. */
export const overridePage = z
  .strictObject({ overrides: z.array(shownOverride), next: pageNext })
  .meta({ id: 'LimitOverridePage' });

/** A limit as the API shows it. */
export type ShownLimit = z.output<typeof shownLimit>;
/** A temporary increase as the API shows it. */
export type ShownOverride = z.output<typeof shownOverride>;
