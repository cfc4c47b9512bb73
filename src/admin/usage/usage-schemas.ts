import { z } from 'zod';
import { nearest } from '../../config/nearest.ts';
import { answerTime, decimal, pageAfter, pageLimit, pageNext, queryTime } from '../fields.ts';
import { USAGE_DIMENSIONS, USAGE_FILTERS } from './usage-port.ts';

const MAX_VALUES = 100;
const MAX_VALUE = 256;

/** A parameter that may be there several times. */
const values = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .pipe(z.array(z.string().max(MAX_VALUE)).max(MAX_VALUES));

const statuses = z
  .union([z.string(), z.array(z.string())])
  .transform((value, context) => {
    const texts = Array.isArray(value) ? value : [value];
    const wrong = texts.find((text) => !/^[1-9]\d{2}$/.test(text));
    if (wrong === undefined) return texts.map(Number);
    context.addIssue({ code: 'custom', message: `${JSON.stringify(wrong)} is not an HTTP status` });
    return z.NEVER;
  })
  .pipe(z.array(z.number().int().min(100).max(999)).max(MAX_VALUES));

const dimensions = z
  .string()
  .transform((text, context) => {
    const names = text === '' ? [] : text.split(',');
    const wrong = names.find((name) => !(USAGE_DIMENSIONS as readonly string[]).includes(name));
    if (wrong === undefined) return names;
    const suggestion = nearest(wrong, USAGE_DIMENSIONS);
    const mend = suggestion === undefined ? `one of ${USAGE_DIMENSIONS.join(', ')}` : `did you mean \`${suggestion}\`?`;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(wrong)} is unknown; ${mend}` });
    return z.NEVER;
  })
  .pipe(z.array(z.enum(USAGE_DIMENSIONS)).max(8));

type FilterName = (typeof USAGE_FILTERS)[number];

const filters = {
  ...(Object.fromEntries(
    USAGE_FILTERS.map((name) => [name, values.optional().describe(`Only this ${name}; may be given several times`)]),
  ) as Record<FilterName, z.ZodOptional<typeof values>>),
  status: statuses.optional().describe('Only this HTTP status; may be given several times'),
};

const range = { from: queryTime.optional(), to: queryTime.optional() };
const paging = { limit: pageLimit.optional(), after: pageAfter.optional() };

/** The query of `GET /usage`. */
export const usageQuery = z.strictObject({
  by: dimensions.optional().describe('What sums are split by, separated by commas; absent: one sum of all'),
  ...range,
  ...filters,
  order: z
    .enum(['group', 'cost', 'requests', 'tokens'])
    .optional()
    .describe('Default `group`; the others: largest first'),
  ...paging,
});

/** The query of `GET /usage/records`. */
export const recordsQuery = z.strictObject({
  ...range,
  ...filters,
  failed: z.enum(['true', 'false']).optional().describe('Only requests that failed, or only those that did not'),
  ...paging,
});

const count = z.number();

const tokens = z.strictObject({
  input: count,
  cache_read: count,
  cache_write: count,
  cache_write_1h: count,
  output: count,
  reasoning: count.describe('Part of `output`'),
  input_audio: count,
  output_audio: count,
  input_image: count,
  output_image: count,
  total: count.describe('`input`, `cache_read`, both `cache_write` and `output`'),
});

const units = z.strictObject({ images: count, seconds: count, characters: count, search_units: count });

const sums = {
  requests: count,
  errors: count,
  attempts: count,
  duration_ms: count.describe('Sum over the requests'),
  first_token_ms: count.describe('Sum over the `first_tokens` answers that had a first token'),
  first_tokens: count,
  tokens,
  units,
  cost_usd: decimal.describe('Sum of the known costs, nine decimals'),
  unpriced: count.describe('Lines whose price is unknown'),
  estimated: count.describe('Lines with estimated counts'),
};

/** A page of a report. */
export const usagePage = z
  .strictObject({
    from: answerTime.nullable().describe('What the sums really cover: null is open'),
    to: answerTime.nullable(),
    by: z.array(z.enum(USAGE_DIMENSIONS)),
    groups: z.array(z.strictObject({ group: z.record(z.string(), z.union([z.string(), z.number()])), ...sums })),
    next: pageNext,
  })
  .meta({ id: 'UsagePage' });

/** A page of records. */
export const recordPage = z
  .strictObject({
    records: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.enum(['request', 'attempt']),
        request_id: z.string(),
        time: answerTime,
        service: z.string(),
        route: z.string(),
        cluster: z.string(),
        provider: z.string(),
        requested_model: z.string(),
        sent_model: z.string(),
        answered_model: z.string(),
        organization: z.string(),
        team: z.string(),
        user: z.string(),
        key_id: z.string(),
        key_name: z.string(),
        end_user: z.string(),
        operation: z.string(),
        client_dialect: z.string(),
        stream: z.boolean(),
        status: z.number().int(),
        error_code: z.string(),
        attempts: count,
        duration_ms: count,
        first_token_ms: count.nullable(),
        tokens,
        units,
        cost_usd: decimal.nullable().describe('Null when the price is unknown'),
        priced: z.enum(['table', 'config', 'unknown']),
        estimated: z.boolean(),
        tags: z.record(z.string(), z.string()),
      }),
    ),
    next: pageNext,
  })
  .meta({ id: 'UsageRecordPage' });

/** The query of `GET /usage` after parsing. */
export type UsageQueryFields = z.output<typeof usageQuery>;
/** The query of `GET /usage/records` after parsing. */
export type RecordsQueryFields = z.output<typeof recordsQuery>;
/** A page of a report as the API shows it. */
export type ShownUsagePage = z.output<typeof usagePage>;
/** A page of records as the API shows it. */
export type ShownRecordPage = z.output<typeof recordPage>;
