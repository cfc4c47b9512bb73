import { z } from 'zod';
import { headerName } from './model-scalars.ts';

const headerMatch = z.union([
  z.string(),
  z.strictObject({ exact: z.string() }),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ regex: z.string().describe('RE2 syntax; must match the whole value') }),
  z.strictObject({ present: z.boolean() }),
]);

const modelMatch = z.union([
  z.string().describe('Exact name, or a glob with `*`'),
  z.strictObject({ exact: z.string() }),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ regex: z.string().describe('RE2 syntax; must match the whole name') }),
]);

/** When a route takes a request. */
export const routeMatch = z
  .strictObject({
    model: modelMatch.optional(),
    headers: z.record(headerName, headerMatch).default({}).describe('All must match'),
    paths: z.array(z.string().startsWith('/')).optional().describe('Exact request paths; any may match'),
  })
  .describe('All conditions must hold; an empty match takes every request');
