import { z } from 'zod';

const time = z.iso.datetime().nullable();

const figures = z
  .object({
    time_to_first_token_ms: z.number().nullable().describe('Mean, of prompts of up to 1,000 tokens; null: not known'),
    tokens_per_second: z.number().nullable().describe('Output tokens of one request; null: not known'),
    failure_share: z.number().min(0).max(1).describe('Share of the requests that failed lately'),
    headroom: z.number().min(0).max(1).describe('Share of the provider’s rate limit that is left, as its answers say'),
  })
  .describe('Moving figures, where balancing looks at them');

/** How an endpoint with an API key stands. */
export const endpointView = z.object({
  endpoint: z.string().describe('Base URL, with the address in place of a name that was resolved'),
  key: z.number().int().min(0).describe('Position of the API key among the cluster’s'),
  state: z.enum(['in_use', 'on_probation', 'resting']),
  reason: z
    .enum(['failures', 'asked_to_wait', 'health_check', 'key_refused', 'key_limited', 'key_exhausted'])
    .nullable()
    .describe('Why it is not in full use'),
  until: time.describe('When it may next be tried'),
  health_check: z.string().nullable().optional().describe('What was wrong at the last health check, where one is made'),
  active: z.number().int().min(0).describe('Requests under way'),
  ejections: z.number().int().min(0).describe('Times it was taken out'),
  figures: figures.optional(),
});

/** How a model of a cluster stands. */
export const targetView = z.object({
  model: z.string().nullable().describe('null: whatever model a client names'),
  state: z.enum(['closed', 'half-open', 'open']).describe('Of its circuit breaker'),
  until: time.describe('When it may next be tried'),
  openings: z.number().int().min(0),
  figures: figures.optional(),
});

/** A cluster as it is now. */
export const clusterView = z.object({
  name: z.string(),
  provider: z.string(),
  kind: z.enum(['static', 'dns', 'file', 'managed']).describe('Where its endpoints come from'),
  discovery: z
    .object({
      source: z.string().nullable().describe('URL whose name is resolved, or path of the file'),
      found: time.describe('When the endpoints were last found'),
      error: z.string().nullable().describe('Why they could not be found the last time'),
    })
    .optional()
    .describe('Of a dynamic cluster'),
  endpoints: z.array(endpointView),
  concurrency: z
    .object({
      active: z.number().int().min(0),
      queued: z.number().int().min(0),
      limit: z.number().int(),
      queue: z.number().int(),
      refused: z.number().int().min(0).describe('Requests that found the queue full'),
    })
    .nullable()
    .describe('null: the requests in flight have no bound'),
  targets: z.array(targetView),
});

/** How an endpoint with an API key stands, as the admin API shows it. */
export type EndpointView = z.output<typeof endpointView>;
/** How a model of a cluster stands, as the admin API shows it. */
export type TargetView = z.output<typeof targetView>;
/** A cluster as it is now, as the admin API shows it. */
export type ClusterView = z.output<typeof clusterView>;
/** Moving figures of an endpoint or a model. */
export type FiguresView = z.output<typeof figures>;

/** What the admin API sees and sets of clusters. */
export interface ClusterPort {
  /** Those of the configuration in force, in its order. */
  list(): ClusterView[];
  find(name: string): ClusterView | undefined;
  /** As `list`, over all processes, where others carry the requests; the two above then tell of this process alone. */
  listAll?(): Promise<ClusterView[]>;
  /** Base URLs of a managed cluster; undefined of any other. */
  managed(name: string): readonly string[] | undefined;
  /** Sets them: resolves when they are in use. They must be valid, the cluster managed. */
  setManaged(name: string, urls: readonly string[]): Promise<void>;
}
