import { z } from 'zod';
import { compileRegex } from '../../routing/pattern.ts';
import { httpHeaderName, list, ruleMessage, unsupported } from './schema-parts.ts';

/**
 * Rate limits of Envoy Gateway's BackendTrafficPolicy, whose selectors QuotaPolicy uses too:
 * https://gateway.envoyproxy.io/docs/api/extension_types/#ratelimitspec
 */

/** Whether a text is RE2 syntax, where it is to be a pattern. */
function isPattern({ type, value = '' }: { type?: string | undefined; value?: string | undefined }): boolean {
  if (type !== 'RegularExpression') return true;
  try {
    compileRegex(value);
    return true;
  } catch {
    return false;
  }
}

const PATTERN_RULE = ruleMessage('value must be a regular expression in RE2 syntax');

const header = z
  .strictObject({
    type: z.enum(['Exact', 'RegularExpression', 'Distinct']).optional(),
    name: httpHeaderName.max(256),
    value: z.string().max(1024).optional(),
    invert: z.boolean().optional(),
  })
  .refine(
    (match) => match.type === 'Distinct' || match.value !== undefined,
    ruleMessage('value is required unless type is Distinct'),
  )
  .refine(
    (match) => match.type !== 'Distinct' || (match.value === undefined && match.invert !== true),
    ruleMessage('a header of type Distinct has neither value nor invert'),
  )
  .refine(isPattern, PATTERN_RULE);

/** Which requests a rule counts. */
export const selectCondition = z
  .strictObject({
    headers: list(header, { max: 16 }).optional(),
    methods: z
      .array(
        z.strictObject({
          value: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']),
          invert: z.boolean().optional(),
        }),
      )
      .optional(),
    path: z
      .strictObject({
        type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).optional(),
        value: z.string().max(1024).default('/'),
        invert: z.boolean().optional(),
      })
      .refine(isPattern, PATTERN_RULE)
      .optional(),
    sourceCIDR: z
      .strictObject({
        type: z.enum(['Exact', 'Distinct']).optional(),
        value: z
          .string()
          .regex(/^[0-9a-f.:]+\/\d{1,3}$/i, ruleMessage('must be a CIDR range such as 192.168.0.0/24'))
          .max(256),
        invert: z.boolean().optional(),
      })
      .optional(),
    queryParams: z.array(z.looseObject({})).optional(),
  })
  .refine(
    (condition) => Object.values(condition).some((value) => value !== undefined),
    ruleMessage('at least one of headers, methods, path, sourceCIDR or queryParams must be specified'),
  );

const count = z.number().int().nonnegative();

const costSpecifier = z
  .strictObject({
    from: z.enum(['Number', 'Metadata']),
    number: count.optional(),
    metadata: z.strictObject({ namespace: z.string(), key: z.string() }).optional(),
  })
  .refine(
    (cost) => cost.number === undefined || cost.metadata === undefined,
    ruleMessage('only one of number or metadata can be specified'),
  )
  .refine(
    (cost) => cost.from === 'Number' || cost.metadata !== undefined,
    ruleMessage('metadata is required when from is Metadata'),
  );

const rule = z.strictObject({
  name: z.string().min(1).optional(),
  clientSelectors: list(selectCondition, { max: 8 }).optional(),
  limit: z.strictObject({
    requests: count,
    unit: z.enum(['Second', 'Minute', 'Hour', 'Day', 'Month', 'Year']),
    fromMetadata: unsupported('is not supported yet: `requests` is the limit of everyone; ignored'),
  }),
  cost: z.strictObject({ request: costSpecifier.optional(), response: costSpecifier.optional() }).optional(),
  shared: z.boolean().optional(),
  shadowMode: z.boolean().optional(),
});

const rules = (max: number) =>
  list(rule, { max }).refine((all) => {
    const named = all.flatMap(({ name }) => name ?? []);
    return new Set(named).size === named.length;
  }, ruleMessage('rule names must be unique in the list'));

/** `rateLimit` of a BackendTrafficPolicy. */
export const rateLimitSpec = z.strictObject({
  type: z.enum(['Global', 'Local']).optional(),
  global: z.strictObject({ rules: rules(256) }).optional(),
  local: z.strictObject({ rules: rules(128).optional() }).optional(),
});

/** A selector of clients. */
export type SelectCondition = z.output<typeof selectCondition>;
/** One rule of a rate limit. */
export type RateLimitRule = z.output<typeof rule>;
/** How much a request or its answer costs. */
export type CostSpecifier = z.output<typeof costSpecifier>;
