import { z } from 'zod';
import { routeMatch } from './model-match.ts';
import { bodyMutation, headerMutation } from './model-mutation.ts';
import { duration } from './model-scalars.ts';

/** One way to serve a route. */
export const target = z.strictObject({
  cluster: z.string().min(1).describe('Name of a cluster'),
  model: z.string().min(1).optional().describe('Model name to send instead of the client’s'),
  weight: z.number().int().min(0).default(1),
  header_mutation: headerMutation.optional(),
  body_mutation: bodyMutation.optional(),
});

const fallbackTarget = target.extend({
  priority: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Targets of one priority share by weight; the default is the position in the list, from 1'),
});

const retry = z
  .strictObject({
    attempts: z
      .number()
      .int()
      .min(1)
      .max(20)
      .optional()
      .describe('Attempts in all; the default tries every target once'),
    attempts_per_priority: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('Attempts at one priority before the next is tried'),
    on_status: z.array(z.number().int().min(400).max(599)).optional(),
    on: z.array(z.enum(['connect', 'reset', 'timeout', 'status'])).optional(),
    per_try_timeout: duration.optional(),
    backoff: duration.optional().describe('Wait before a second attempt at the same priority'),
    max_backoff: duration.optional(),
  })
  .describe('When and how often another target is tried');

const timeout = z.strictObject({
  request: duration.optional().describe('The whole exchange; 0s is no bound'),
  first_token: duration.optional().describe('Until the first byte of the answer’s body'),
  idle: duration.optional().describe('Between two chunks of a stream'),
});

/** One entry of `virtual_routes`. */
export const virtualRoute = z.strictObject({
  name: z.string().min(1).optional(),
  match: z
    .union([routeMatch, z.array(routeMatch).min(1)])
    .default({ headers: {} })
    .describe('One match, or several of which any may hold'),
  split: z.array(target).min(1).describe('Targets that share the traffic by weight'),
  fallback: z.array(fallbackTarget).default([]).describe('Targets tried in order when the split fails'),
  retry: retry.optional(),
  timeout: timeout.optional(),
  models: z
    .strictObject({
      owned_by: z.string().optional(),
      created: z.number().int().optional().describe('Unix seconds'),
    })
    .optional()
    .describe('How `GET /v1/models` shows the models of this route'),
});
