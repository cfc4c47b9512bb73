import { z } from 'zod';
import { PROVIDER_NAMES } from '../providers/provider.ts';
import { credential, secret } from './model-credentials.ts';
import { bodyMutation, headerMutation } from './model-mutation.ts';
import { duration, headerName, url } from './model-scalars.ts';

const tls = z
  .strictObject({
    ca_file: z.string().optional().describe('PEM bundle to trust instead of the system roots'),
    ca: z.string().optional().describe('PEM text to trust instead of the system roots'),
    server_name: z.string().optional().describe('Name to verify and to send as SNI'),
    insecure_skip_verify: z.boolean().default(false).describe('Accept any certificate: for tests only'),
  })
  .describe('TLS towards the provider');

const circuitBreaker = z
  .union([
    z.literal(false),
    z.strictObject({
      consecutive_errors: z.number().int().min(1).default(5).describe('Failures in a row that open it'),
      error_rate: z
        .strictObject({
          percent: z.number().min(1).max(100).default(50),
          min_requests: z.number().int().min(1).default(20),
          window: duration.default(10_000),
        })
        .optional()
        .describe('Opens it also when this share of the requests fails'),
      open: duration.default(1000).describe('How long it stays open; doubles each time that the probe fails'),
      max_open: duration.default(30_000).describe('Longest time that it stays open'),
      half_open_requests: z.number().int().min(1).default(1).describe('Probes let through at a time'),
      max_ejected_percent: z
        .number()
        .min(0)
        .max(100)
        .default(100)
        .describe('Share of the cluster’s endpoints that may rest at once'),
    }),
  ])
  .describe('Lets what keeps failing rest; `false` turns it off. The last way to answer is tried all the same');

const concurrency = z
  .strictObject({
    requests: z.number().int().min(1).describe('Requests in flight at once'),
    queue: z.number().int().min(0).default(0).describe('Requests that may wait for a place'),
    queue_timeout: duration.default(5000).describe('How long they wait at most'),
  })
  .describe('Bounds what a cluster is asked at once; more goes to other targets or is refused');

const healthCheck = z
  .strictObject({
    path: z.string().startsWith('/').describe('From the root of the server; asked with GET, any 2xx is healthy'),
    interval: duration.default(10_000),
    timeout: duration.default(2000),
    unhealthy: z.number().int().min(1).default(3).describe('Failures in a row that take an endpoint out'),
    healthy: z.number().int().min(1).default(1).describe('Successes in a row that take it back'),
  })
  .describe('Asks each endpoint whether it is well');

const staticClusterShape = {
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
  api_keys: z
    .array(secret)
    .min(2)
    .optional()
    .describe('Several keys of one kind, used in turn; one that is refused or limited rests'),
  balance: z
    .enum(['round_robin', 'least_requests', 'latency'])
    .default('round_robin')
    .describe('How an endpoint or key is chosen among equals'),
  circuit_breaker: circuitBreaker.prefault({}),
  slow_start: duration.default(0).describe('For how long the share of an endpoint grows after it came back'),
  concurrency: concurrency.optional(),
  health_check: healthCheck.optional(),
};

/** One entry of `static_cluster`. */
export const staticCluster = z.strictObject(staticClusterShape).describe('A provider endpoint known up front');

const { endpoint: _endpoint, endpoints: _endpoints, ...dynamicShape } = staticClusterShape;

/** One entry of `dynamic_cluster`. */
export const dynamicCluster = z
  .strictObject({
    ...dynamicShape,
    dns: z.string().min(1).optional().describe('`host:port` whose addresses are the endpoints'),
    scheme: z.enum(['http', 'https']).default('http').describe('How the addresses of `dns` are spoken to'),
    endpoints_file: z
      .string()
      .optional()
      .describe('File that lists base URLs, one per line or as a JSON or YAML list; read again when it changes'),
    managed: z.boolean().default(false).describe('The admin API sets the endpoints'),
    refresh: duration.default(10_000).describe('How often names are resolved and files looked at'),
  })
  .describe('A provider whose endpoints are found and followed at run time');
