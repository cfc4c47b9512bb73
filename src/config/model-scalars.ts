import { z } from 'zod';
import { parseDuration, parseQuantity, parseSize } from './units.ts';

/** A duration: Go-style text, in milliseconds after parsing. */
export const duration = z
  .union([z.string(), z.number().nonnegative()])
  .transform((value, context) => {
    const ms = typeof value === 'number' ? value : parseDuration(value);
    if (ms !== undefined) return ms;
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not a duration; write one such as 30s, 100ms or 1h30m`,
    });
    return z.NEVER;
  })
  .describe('Duration such as `30s`, `100ms`, `1h30m`; a bare number is milliseconds');

/** A size: text with a unit or a number, in bytes after parsing. */
export const size = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform((value, context) => {
    const bytes = typeof value === 'number' ? value : parseSize(value);
    if (bytes !== undefined) return bytes;
    context.addIssue({ code: 'custom', message: `"${value}" is not a size; write one such as 50Mi, 512Ki or 4096` });
    return z.NEVER;
  })
  .describe('Size such as `50Mi`, `512Ki`; a bare number is bytes');

/** An HTTP field name, in lower case after parsing. */
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .transform((name) => name.toLowerCase());

/** An `http:` or `https:` URL without credentials, query or fragment. */
export const url = z.string().superRefine((value, context) => {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    context.addIssue({
      code: 'custom',
      message: `"${value}" is not a URL; write one such as https://api.openai.com/v1`,
    });
  } else if (parsed.username !== '' || parsed.password !== '') {
    context.addIssue({ code: 'custom', message: 'must not carry credentials; use `api_key` or `credential`' });
  } else if (parsed.search !== '' || parsed.hash !== '') {
    context.addIssue({ code: 'custom', message: 'must not carry a query or a fragment' });
  }
});

/** A count: a number, or text with `K`, `M` or `G`. */
export const quantity = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform((value, context) => {
    const count = typeof value === 'number' ? value : parseQuantity(value);
    if (count !== undefined) return count;
    context.addIssue({ code: 'custom', message: `"${value}" is not a count; write one such as 600, 50K or 2M` });
    return z.NEVER;
  })
  .describe('Count such as `600`, `50K`, `2M`');
