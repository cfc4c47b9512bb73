import { z } from 'zod';
import { PROVIDER_NAMES } from '../providers/provider.ts';
import { credential, secret } from './model-credentials.ts';
import { duration, headerName, size, url } from './model-scalars.ts';

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
  })
  .describe('Metrics, health and status; its own listener');

const headerPair = z.strictObject({ name: headerName, value: z.string() });

const headerMutation = z
  .strictObject({
    set: z.array(headerPair).default([]).describe('Set, replacing what is there'),
    remove: z.array(headerName).default([]),
  })
  .describe('Changes to the headers of the provider request; `remove` acts first');

const bodyMutation = z
  .strictObject({
    set: z
      .array(z.strictObject({ path: z.string().min(1), value: z.string() }))
      .default([])
      .describe('Top-level field and its new value as JSON text; text that is not JSON is taken as a string'),
    remove: z.array(z.string().min(1)).default([]).describe('Top-level fields to drop'),
  })
  .describe('Changes to the translated body; `remove` acts first');

const tls = z
  .strictObject({
    ca_file: z.string().optional().describe('PEM bundle to trust instead of the system roots'),
    ca: z.string().optional().describe('PEM text to trust instead of the system roots'),
    server_name: z.string().optional().describe('Name to verify and to send as SNI'),
    insecure_skip_verify: z.boolean().default(false).describe('Accept any certificate: for tests only'),
  })
  .describe('TLS towards the provider');

const staticCluster = z
  .strictObject({
    provider: z.enum(PROVIDER_NAMES).describe('Vendor or server kind: which APIs it speaks and how it authenticates'),
    endpoint: url.optional().describe('Base URL; the default is the vendor’s own'),
    endpoints: z.array(url).min(1).optional().describe('Several equal base URLs, used in turn'),
    prefix: z.string().optional().describe('Path segments before the API path, such as `v1` or `openai/v1`'),
    api_version: z.string().optional().describe('Azure `api-version`, or `anthropic_version` on Bedrock and Vertex'),
    region: z.string().optional().describe('AWS or Google Cloud region'),
    project: z.string().optional().describe('Google Cloud project'),
    api_key: secret.optional().describe('Shorthand for a credential of type `api_key`'),
    credential: credential.optional(),
    credential_override: z
      .strictObject({
        header: headerName.optional().describe('Header that carries the key; the default depends on the credential'),
        fallback_to_configured: z
          .boolean()
          .default(true)
          .describe('Use the configured credential when the header is absent'),
      })
      .optional()
      .describe('Lets a request bring its own credential'),
    headers: z.record(headerName, z.string()).default({}).describe('Headers added to every request'),
    header_mutation: headerMutation.optional(),
    body_mutation: bodyMutation.optional(),
    max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
    default_max_tokens: z
      .number()
      .int()
      .positive()
      .default(4096)
      .describe('Sent where the API demands `max_tokens` and the request has none'),
    tls: tls.optional(),
    connect_timeout: duration.default(10_000),
    max_connections: z.number().int().positive().optional().describe('Connections to one endpoint; absent: no bound'),
    forward_proxy: z.string().optional().describe('HTTP CONNECT proxy as `host:port` or URL'),
  })
  .describe('A provider endpoint known up front');

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

const routeMatch = z
  .strictObject({
    model: modelMatch.optional(),
    headers: z.record(headerName, headerMatch).default({}).describe('All must match'),
    paths: z.array(z.string().startsWith('/')).optional().describe('Exact request paths; any may match'),
  })
  .describe('All conditions must hold; an empty match takes every request');

const target = z.strictObject({
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

const virtualRoute = z.strictObject({
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

const virtualService = z.strictObject({
  name: z.string().min(1),
  listeners: z.array(z.string()).optional().describe('Names of listeners; the default is all'),
  domains: z.array(z.string().min(1)).min(1).default(['*']).describe('Host names; `*.example.com` and `*` are allowed'),
  endpoints: z
    .record(
      z.string().startsWith('/'),
      z.enum(['chat_completions', 'completions', 'embeddings', 'responses', 'messages']),
    )
    .default({})
    .describe('Custom paths and what they serve; `/v1/...` is always served'),
  model_addressing: z
    .boolean()
    .default(true)
    .describe('Let clients write `cluster/model` to reach a cluster that a route of this service names'),
  virtual_routes: z.array(virtualRoute).default([]).describe('The first match wins'),
});

const limits = z
  .strictObject({
    max_body: size.default(50 * 1024 * 1024).describe('Largest request body'),
    max_header: size.default(64 * 1024).describe('Largest request header block'),
    request_received_timeout: duration.default(60_000).describe('For a client to send its whole request'),
    drain_timeout: duration.default(30_000).describe('For requests in flight at shutdown'),
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
    admin: z.union([z.literal(false), admin]).default({ address: '127.0.0.1', port: 9901, host_names: [] }),
    static_cluster: z.record(z.string().min(1), staticCluster).default({}),
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
