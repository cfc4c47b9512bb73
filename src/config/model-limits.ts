import { z } from 'zod';
import { method, modelMatch, OPERATION_NAMES, pathMatch, valueMatch } from './model-match.ts';
import { duration, headerName, quantity } from './model-scalars.ts';

const PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month'] as const;

const dimension = z.union([
  z.enum(['organization', 'team', 'user', 'key', 'model', 'route', 'service', 'cluster', 'ip', 'end_user']),
  z.strictObject({ header: headerName }),
  z.strictObject({ claim: z.string().min(1).describe('Dotted path of a JWT claim') }),
]);

const names = (what: string) => z.array(z.string().min(1)).min(1).describe(what);

/** An address or a CIDR range; which bits there may be is seen when the configuration is compiled. */
const addressRange = z
  .string()
  .regex(/^[0-9a-f.:]+(\/\d{1,3})?$/i, 'is not an IP address or CIDR range; write one such as 10.0.0.0/8');

const conditions = {
  model: modelMatch.optional().describe('Model that the client asks for'),
  sent_model: modelMatch.optional().describe('Model that the provider is asked for; counts attempts'),
  cluster: z.string().min(1).optional().describe('Cluster of an attempt; one that is used up goes to the next target'),
  operations: z.array(z.enum(OPERATION_NAMES)).min(1).optional().describe('What is asked for; any may match'),
  methods: z.array(method).min(1).optional().describe('HTTP methods; any may match'),
  paths: z.array(pathMatch).min(1).optional().describe('Request paths without query; any may match'),
  headers: z.record(headerName, valueMatch).optional().describe('All must match'),
  claims: z.record(z.string(), z.string()).optional().describe('JWT claims with these exact values'),
  keys: names('Names of API keys; any may match').optional(),
  users: names('Names of users; any may match').optional(),
  ips: z.array(addressRange).min(1).optional().describe('Addresses or CIDR ranges; any may match'),
};

const limitMatch = z
  .strictObject({
    ...conditions,
    except: z.array(z.strictObject(conditions)).min(1).optional().describe('Requests that are not counted'),
  })
  .meta({ id: 'limit_match', description: 'The requests that a limit counts: all conditions must hold; absent: all' });

const counter = z
  .string()
  .min(1)
  .optional()
  .describe('Limits with the same counter count together, wherever they stand; absent: each place counts for itself');

// Ids let the JSON Schema say once what stands at every level of organizations, services and routes.

/** What is counted, and up to where. Exactly one of the amounts is given. */
const amounts = {
  requests: quantity.optional().describe('Requests'),
  tokens: quantity.optional().describe('Input and output tokens together'),
  input_tokens: quantity.optional(),
  output_tokens: quantity.optional(),
  usd: z.number().positive().optional().describe('Cost by the price table'),
};

/** One rate limit. */
export const rateLimit = z
  .strictObject({
    name: z.string().min(1).optional().describe('Name in headers, logs and metrics'),
    by: z
      .union([dimension, z.array(dimension).min(1)])
      .optional()
      .describe('Each value, or combination of values, has a count of its own; absent: one count for all'),
    match: limitMatch.optional(),
    counter,
    ...amounts,
    concurrent: z.number().int().min(1).optional().describe('Requests in flight at once; has no `per`'),
    cost: z
      .strictObject({ cel: z.string().min(1).max(4096), limit: quantity })
      .optional()
      .describe('What an expression over the token counts makes of each request'),
    per: z
      .union([z.enum(PERIODS), duration])
      .optional()
      .describe('`second` to `month`, or a duration'),
    algorithm: z
      .enum(['sliding_window', 'token_bucket'])
      .default('sliding_window')
      .describe('A bucket refills all the time and lets `burst` through at once'),
    burst: quantity.optional().describe('Size of the bucket; the default is the limit'),
    shadow: z.boolean().default(false).describe('Count and report, never refuse'),
  })
  .meta({ id: 'rate_limit', description: 'How much may pass in a time' });

/** One budget. */
export const budget = z
  .strictObject({
    name: z.string().min(1).optional(),
    match: limitMatch.optional(),
    counter,
    usd: z.number().positive().optional().describe('Cost by the price table'),
    tokens: quantity.optional().describe('Input and output tokens together'),
    per: z
      .union([z.enum(['hour', 'day', 'week', 'month']), duration])
      .default('month')
      .describe('A calendar period, or a sliding duration'),
    time_zone: z.string().default('UTC').describe('Where the calendar’s days begin, such as `Europe/Berlin`'),
    warn_at: z
      .array(z.number().min(1).max(100))
      .default([80])
      .describe('Percent at which the answer carries a warning and the webhook is called'),
    webhook: z.string().optional().describe('URL that is told of warnings and exhaustion'),
    soft: z.boolean().default(false).describe('Only warns, never refuses'),
    on_exhausted: z
      .union([z.literal('refuse'), z.strictObject({ route: z.string().min(1) })])
      .default('refuse')
      .describe('Refuse with 429, or send the request over another route of the service, such as a cheaper one'),
  })
  .meta({ id: 'budget', description: 'How much may be spent' });

/** Rate limits, as any level has them. */
export const rateLimitList = z.array(rateLimit);
/** Budgets, as any level has them: a single one may stand without a list. */
export const budgetList = z.union([budget.transform((one) => [one]), z.array(budget)]);

/** Limits that any level may carry. */
export const limitFields = {
  rate_limit: rateLimitList.default([]),
  budget: budgetList.default([]).describe('One budget, or several'),
};
