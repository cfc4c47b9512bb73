import { z } from 'zod';
import { adminToken, authFilter, issuedKeys } from './model-auth.ts';
import { dynamicCluster, staticCluster } from './model-cluster.ts';
import { limitFields } from './model-limits.ts';
import type { routeMatch } from './model-match.ts';
import type { bodyMutation, headerMutation } from './model-mutation.ts';
import { organization } from './model-organizations.ts';
import { prices } from './model-prices.ts';
import { type target, virtualRoute } from './model-route.ts';
import { duration, headerName, quantity, size } from './model-scalars.ts';
import { stores } from './model-stores.ts';

/**
 * The configuration model: the gateway file as users write it (snake_case). Resources and the
 * environment are turned into documents of the same model, so that there is one set of rules.
 * Every object is strict: an unknown field is an error.
 */

const address = z.string().min(1).describe('IP address or host name to listen on');
const port = z.number().int().min(0).max(65535).describe('TCP port; 0 takes a free one');

const listener = z
  .strictObject({
    name: z.string().optional().describe('Name in logs and in `parentRefs.sectionName`'),
    address: address.default('127.0.0.1'),
    port: port.default(10000),
  })
  .describe('Where applications connect');

const admin = z
  .strictObject({
    address: address.default('127.0.0.1'),
    port: port.default(9901),
    host_names: z
      .array(z.string().min(1))
      .default([])
      .describe('Names beside `localhost` and IP addresses under which it may be called, such as a service’s DNS name'),
    tokens: z
      .array(adminToken)
      .default([])
      .describe('Who may call it with a bearer token; without any, this machine alone may read'),
  })
  .describe('Metrics, health and status; its own listener');

const virtualService = z.strictObject({
  name: z.string().min(1),
  listeners: z.array(z.string()).optional().describe('Names of listeners; the default is all'),
  domains: z.array(z.string().min(1)).min(1).default(['*']).describe('Host names; `*.example.com` and `*` are allowed'),
  endpoints: z
    .record(
      z.string().startsWith('/'),
      z.enum([
        'chat_completions',
        'completions',
        'embeddings',
        'responses',
        'responses_input_tokens',
        'image_generations',
        'image_edits',
        'image_variations',
        'speech',
        'transcriptions',
        'translations',
        'moderations',
        'messages',
        'count_tokens',
        'tokenize',
        'cohere_chat',
        'cohere_embed',
        'rerank',
        'ollama_chat',
        'ollama_generate',
        'tgi_generate',
        'tgi_generate_stream',
      ]),
    )
    .default({})
    .describe(
      'Custom paths and what they serve; `/v1/...` is always served, `ollama_...` and `tgi_...` only where they stand here',
    ),
  model_addressing: z
    .boolean()
    .default(true)
    .describe('Let clients write `cluster/model` to reach a cluster that a route of this service names'),
  auth_filter: authFilter.optional(),
  ...limitFields,
  virtual_routes: z.array(virtualRoute).default([]).describe('The first match wins'),
});

const limits = z
  .strictObject({
    max_body: size.default(50 * 1024 * 1024).describe('Largest request body'),
    max_header: size.default(64 * 1024).describe('Largest request header block'),
    request_received_timeout: duration.default(60_000).describe('For a client to send its whole request'),
    drain_timeout: duration.default(30_000).describe('For requests in flight at shutdown'),
    assumed_output_tokens: quantity
      .default(1024)
      .describe('Output tokens that limits reserve for a request that sets no `max_tokens`'),
  })
  .describe('Bounds on what clients send');

const accessLog = z.union([
  z.boolean(),
  z.strictObject({
    path: z.string().default('stdout').describe('`stdout`, `stderr` or a file'),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .describe('Field names and Envoy format strings; the default is the gateway’s own set'),
  }),
]);

/** The whole configuration, as authored. */
export const gatewayConfig = z
  .strictObject({
    listeners: z
      .array(listener)
      .min(1)
      .default([{ address: '127.0.0.1', port: 10000 }]),
    admin: z.union([z.literal(false), admin]).prefault({}),
    static_cluster: z.record(z.string().min(1), staticCluster).default({}),
    dynamic_cluster: z.record(z.string().min(1), dynamicCluster).default({}),
    organizations: z.array(organization).default([]),
    issued_keys: issuedKeys.optional(),
    stores: stores.prefault({}),
    prices: prices.prefault({}),
    virtual_services: z.array(virtualService).default([]),
    limits: limits.prefault({}),
    forward_headers: z
      .array(headerName)
      .optional()
      .describe(
        'Allow-list of client headers sent to providers; absent: all but hop-by-hop, credential and internal ones',
      ),
    access_log: accessLog.default(false),
    metrics_filter: z
      .strictObject({
        prometheus: z.boolean().default(true),
        header_labels: z.record(headerName, z.string()).default({}).describe('Request header to metric label'),
      })
      .prefault({}),
  })
  .describe('AI gateway configuration');

/** The configuration after parsing: durations in milliseconds, sizes in bytes, secrets wrapped, defaults filled in. */
export type GatewayConfig = z.output<typeof gatewayConfig>;
/** The configuration before parsing, as a program may write it. */
export type GatewayConfigInput = z.input<typeof gatewayConfig>;
/** One entry of `static_cluster`. */
export type StaticClusterConfig = GatewayConfig['static_cluster'][string];
/** One entry of `virtual_services`. */
export type VirtualServiceConfig = GatewayConfig['virtual_services'][number];
/** One entry of `virtual_routes`. */
export type VirtualRouteConfig = VirtualServiceConfig['virtual_routes'][number];
/** One match of a route. */
export type RouteMatchConfig = z.output<typeof routeMatch>;
/** One target of a split or fallback. */
export type TargetConfig = z.output<typeof target>;
/** A header mutation. */
export type HeaderMutationConfig = z.output<typeof headerMutation>;
/** A body mutation. */
export type BodyMutationConfig = z.output<typeof bodyMutation>;
/** One entry of `mirror`. */
export type MirrorConfig = VirtualRouteConfig['mirror'][number];
/** One entry of `dynamic_cluster`. */
export type DynamicClusterConfig = GatewayConfig['dynamic_cluster'][string];
/** One entry of `organizations`. */
export type OrganizationConfig = GatewayConfig['organizations'][number];
/** One rate limit. */
export type RateLimitConfig = VirtualServiceConfig['rate_limit'][number];
/** One budget. */
export type BudgetConfig = VirtualServiceConfig['budget'][number];
/** Who may use a virtual service. */
export type AuthFilterConfig = NonNullable<VirtualServiceConfig['auth_filter']>;
