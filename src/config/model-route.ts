import { z } from 'zod';
import { limitFields } from './model-limits.ts';
import { routeMatch } from './model-match.ts';
import { bodyMutation, headerMutation } from './model-mutation.ts';
import { duration, headerName } from './model-scalars.ts';

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
    on: z
      .array(z.enum(['connect', 'reset', 'timeout', 'status', 'context_length', 'content_policy']))
      .optional()
      .describe(
        'What calls for another target; the default is all but the last two, which are refusals of a request that is too long or against a policy',
      ),
    per_try_timeout: duration.optional(),
    backoff: duration.optional().describe('Wait before the same target is tried again; doubles, with jitter'),
    max_backoff: duration.optional(),
    max_retry_after: duration
      .optional()
      .describe('Longest `retry-after` that is waited for where no other target is left; the default is 2s'),
    budget: z
      .strictObject({
        percent: z.number().min(0).max(100).default(20).describe('Retries as a share of the requests of the last 10 s'),
        min_per_second: z.number().min(0).default(10).describe('Retries that are always allowed'),
      })
      .optional()
      .describe('Bounds all retries of a route, so that a failing provider is not asked many times over'),
  })
  .describe('When and how often another target is tried');

const timeout = z.strictObject({
  request: duration.optional().describe('The whole exchange; 0s is no bound'),
  first_token: duration.optional().describe('Until the first content of a stream'),
  idle: duration.optional().describe('Between two chunks of a stream'),
});

const hedge = z
  .strictObject({
    after: z
      .union([z.literal('p95'), duration])
      .default('p95')
      .describe('When the second attempt starts: a time, or `p95` of the time to first token of late'),
    min_delay: duration.default(100).describe('Never sooner than this'),
  })
  .describe('A second attempt at another target when the first is slow to begin; the slower one is cancelled');

const mirror = z
  .strictObject({
    cluster: z.string().min(1).describe('Name of a cluster'),
    model: z.string().min(1).optional().describe('Model name to send instead of the client’s'),
    percent: z.number().min(0).max(100).default(100).describe('Share of the requests that is copied'),
    header_mutation: headerMutation.optional(),
    body_mutation: bodyMutation.optional(),
  })
  .describe('A copy of each request for another target, whose answer nobody sees, pays or waits for');

const stickySource = z.union([
  z.enum(['key', 'user', 'team', 'organization', 'end_user', 'ip']),
  z.strictObject({ header: headerName }),
]);

const affinity = z.strictObject({
  affinity: z
    .union([z.literal('prefix'), z.strictObject({ header: headerName })])
    .describe('What binds requests to a target: the beginning of the prompt, or a session id in a header'),
  max_load: z.number().min(1).max(10).default(1.25).describe('Load over the even share at which requests spill'),
  ttl: duration.default(3_600_000).describe('How long a session stays bound without requests'),
});

const balance = z.union([z.enum(['weighted', 'auto', 'least_requests', 'latency', 'cost', 'headroom']), affinity]);

/** One entry of `virtual_routes`. */
export const virtualRoute = z.strictObject({
  name: z.string().min(1).optional(),
  match: z
    .union([routeMatch, z.array(routeMatch).min(1)])
    .default({ headers: {} })
    .describe('One match, or several of which any may hold'),
  split: z.array(target).min(1).describe('Targets that share the traffic by weight'),
  fallback: z.array(fallbackTarget).default([]).describe('Targets tried in order when the split fails'),
  split_by: stickySource
    .optional()
    .describe('Who always gets the same target of the split; absent: requests take turns, exactly by weight'),
  balance: balance
    .default('weighted')
    .describe('How a target is chosen among those of one priority; `weighted` keeps to the weights exactly'),
  mirror: z.array(mirror).default([]),
  ...limitFields,
  retry: retry.optional(),
  hedge: hedge.optional(),
  timeout: timeout.optional(),
  models: z
    .strictObject({
      owned_by: z.string().optional(),
      created: z.number().int().optional().describe('Unix seconds'),
    })
    .optional()
    .describe('How `GET /v1/models` shows the models of this route'),
});
