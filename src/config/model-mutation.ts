import { z } from 'zod';
import { headerName } from './model-scalars.ts';

const headerPair = z.strictObject({ name: headerName, value: z.string() });

/** Changes to the headers of a provider request. */
export const headerMutation = z
  .strictObject({
    set: z.array(headerPair).default([]).describe('Set, replacing what is there'),
    remove: z.array(headerName).default([]),
  })
  .describe('Changes to the headers of the provider request; `remove` acts first');

/** Changes to the body of a provider request. */
export const bodyMutation = z
  .strictObject({
    set: z
      .array(z.strictObject({ path: z.string().min(1), value: z.string() }))
      .default([])
      .describe('Top-level field and its new value as JSON text; text that is not JSON is taken as a string'),
    remove: z.array(z.string().min(1)).default([]).describe('Top-level fields to drop'),
  })
  .describe('Changes to the translated body; `remove` acts first');
