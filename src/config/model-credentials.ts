import { z } from 'zod';
import { url } from './model-scalars.ts';
import { Secret } from './secret.ts';

/** A secret: printed as `***` wherever it ends up. */
export const secret = z
  .string()
  .min(1, 'is empty; is the environment variable set?')
  .transform((value) => new Secret(value))
  .describe('Secret; usually `${VAR}` or `file:/path`');

const apiKey = z.strictObject({
  type: z.literal('api_key'),
  key: secret,
  scheme: z
    .enum(['bearer', 'x-api-key', 'api-key', 'x-goog-api-key'])
    .optional()
    .describe('Header that carries the key; the default is the provider’s own'),
});

const aws = z.strictObject({
  type: z.literal('aws'),
  region: z.string().optional().describe('The default is the cluster’s region, then the one in the endpoint’s name'),
  access_key_id: z.string().optional(),
  secret_access_key: secret.optional(),
  session_token: secret.optional(),
  credentials: secret.optional().describe('Text of an AWS credentials file'),
  credentials_file: z
    .string()
    .optional()
    .describe('Path of an AWS credentials file; the default is ~/.aws/credentials'),
  profile: z.string().optional(),
  role_arn: z.string().optional().describe('Role to assume with a web identity token'),
  web_identity_token_file: z.string().optional(),
  oidc: z
    .lazy(() => oidc)
    .optional()
    .describe('Where to get the web identity token instead of a file'),
  sts_endpoint: url.optional().describe('The default is the region’s own'),
});

const oidc = z
  .strictObject({
    issuer: url.describe('Issuer, for discovery of the token endpoint'),
    token_endpoint: url.optional(),
    client_id: z.string(),
    client_secret: secret,
    scopes: z.array(z.string()).default([]),
    audience: z.string().optional(),
    grant_type: z.string().default('client_credentials'),
  })
  .describe('OpenID Connect client-credentials grant');

const gcp = z.strictObject({
  type: z.literal('gcp'),
  service_account: secret.optional().describe('Text of a service-account or authorized-user key file (JSON)'),
  service_account_file: z
    .string()
    .optional()
    .describe('Path of that file; the default is the application default credentials'),
  workload_identity: z
    .strictObject({
      project_id: z.string(),
      pool: z.string(),
      provider: z.string(),
      service_account: z.string().optional().describe('Service account to impersonate'),
      oidc,
      sts_endpoint: url.optional(),
      iam_endpoint: url.optional(),
    })
    .optional(),
  token_endpoint: url.optional().describe('Overrides the one in the key file'),
  metadata_endpoint: url.optional().describe('The default is the metadata server'),
});

const azure = z.strictObject({
  type: z.literal('azure'),
  tenant_id: z.string(),
  client_id: z.string(),
  client_secret: secret.optional(),
  federated_token_file: z.string().optional(),
  oidc: oidc.optional(),
  authority: url.default('https://login.microsoftonline.com'),
  scope: z.string().default('https://cognitiveservices.azure.com/.default'),
});

const passThrough = z
  .strictObject({ type: z.literal('pass_through') })
  .describe('The client’s own credential goes to the provider');

const unavailable = z
  .strictObject({ type: z.literal('unavailable'), reason: z.string() })
  .describe('Requests are refused with 503 and this reason');

const none = z.strictObject({ type: z.literal('none') }).describe('No credential is sent');

/** How the gateway proves itself to a provider. */
export const credential = z
  .discriminatedUnion('type', [apiKey, aws, gcp, azure, passThrough, unavailable, none])
  .describe('How the gateway proves itself to the provider');

/** A parsed credential. */
export type CredentialConfig = z.output<typeof credential>;
/** AWS credentials: static, from a file, by web identity, or the default chain when all is absent. */
export type AwsCredentialConfig = z.output<typeof aws>;
/** Google Cloud credentials. */
export type GcpCredentialConfig = z.output<typeof gcp>;
/** Azure Entra ID credentials. */
export type AzureCredentialConfig = z.output<typeof azure>;
/** A client-credentials grant at an OpenID provider. */
export type OidcConfig = z.output<typeof oidc>;
