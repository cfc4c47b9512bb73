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

/** One entry of `static_cluster`. */
export const staticCluster = z
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
