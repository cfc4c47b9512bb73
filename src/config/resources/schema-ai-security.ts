import { z } from 'zod';
import {
  httpHeaderName,
  kindWithSpec,
  list,
  ruleMessage,
  secretReference,
  targetReference,
  unsupported,
} from './schema-parts.ts';

/** BackendSecurityPolicy of `aigateway.envoyproxy.io`: how the gateway proves itself to a provider. */

/** The block of a policy that each type needs. */
export const CREDENTIAL_BLOCKS = {
  APIKey: 'apiKey',
  AWSCredentials: 'awsCredentials',
  AzureAPIKey: 'azureAPIKey',
  AzureCredentials: 'azureCredentials',
  GCPCredentials: 'gcpCredentials',
  AnthropicAPIKey: 'anthropicAPIKey',
} as const;

/** The `type` of a policy. */
export type CredentialType = keyof typeof CREDENTIAL_BLOCKS;

const apiKeyBlock = z.strictObject({ secretRef: secretReference });

const oidc = z.strictObject({
  provider: z.strictObject({
    issuer: z.string().min(1),
    tokenEndpoint: z.string().optional(),
    authorizationEndpoint: unsupported('has no meaning for a client-credentials grant: ignored'),
    endSessionEndpoint: unsupported('has no meaning for a client-credentials grant: ignored'),
    backendRef: unsupported(),
    backendRefs: unsupported(),
    backendSettings: unsupported(),
  }),
  clientID: z.string().min(1),
  clientSecret: secretReference,
  scopes: z.array(z.string()).optional(),
  resources: unsupported(),
  redirectURL: unsupported('has no meaning for a client-credentials grant: ignored'),
  logoutPath: unsupported('has no meaning for a client-credentials grant: ignored'),
});

const oidcExchange = { oidc, grantType: z.string().optional(), aud: z.string().optional() };

const awsCredentials = z.strictObject({
  region: z.string().min(1),
  credentialsFile: z.strictObject({ secretRef: secretReference, profile: z.string().optional() }).optional(),
  oidcExchangeToken: z.strictObject({ ...oidcExchange, awsRoleArn: z.string().min(1) }).optional(),
});

const azureCredentials = z
  .strictObject({
    clientID: z.string().min(1),
    tenantID: z.string().min(1),
    clientSecretRef: secretReference.optional(),
    oidcExchangeToken: z.strictObject(oidcExchange).optional(),
  })
  .refine(
    (value) => (value.clientSecretRef === undefined) !== (value.oidcExchangeToken === undefined),
    ruleMessage('Exactly one of clientSecretRef or oidcExchangeToken must be specified'),
  );

const gcpCredentials = z
  .strictObject({
    projectName: z.string().min(1),
    region: z.string().min(1),
    credentialsFile: z.strictObject({ secretRef: secretReference }).optional(),
    workloadIdentityFederationConfig: z
      .strictObject({
        projectID: z.string().min(1),
        workloadIdentityPoolName: z.string().min(1),
        workloadIdentityProviderName: z.string().min(1),
        serviceAccountImpersonation: z.strictObject({ serviceAccountName: z.string().min(1) }).optional(),
        oidcExchangeToken: z.strictObject(oidcExchange),
      })
      .optional(),
  })
  .refine(
    (value) => value.credentialsFile === undefined || value.workloadIdentityFederationConfig === undefined,
    ruleMessage('At most one of credentialsFile or workloadIdentityFederationConfig may be specified'),
  );

const credentialOverride = z
  .strictObject({
    fromRequestHeaders: z
      .strictObject({ header: httpHeaderName.optional(), fallbackToConfigured: z.boolean().optional() })
      .optional(),
    fromDynamicMetadata: z
      .strictObject({
        namespace: z.string().min(1),
        key: z.string().optional(),
        fallbackToConfigured: z.boolean().optional(),
      })
      .optional(),
  })
  .refine(
    (value) => (value.fromRequestHeaders === undefined) !== (value.fromDynamicMetadata === undefined),
    ruleMessage('exactly one of fromRequestHeaders or fromDynamicMetadata must be specified'),
  );

const TARGETS = new Set(['aigateway.envoyproxy.io/AIServiceBackend', 'inference.networking.k8s.io/InferencePool']);

/** BackendSecurityPolicy. */
export const backendSecurityPolicy = kindWithSpec(
  z
    .strictObject({
      targetRefs: list(targetReference, { max: 16 })
        .refine(
          (references) => references.every(({ group, kind }) => TARGETS.has(`${group}/${kind}`)),
          ruleMessage('targetRefs must reference AIServiceBackend or InferencePool resources'),
        )
        .optional(),
      type: z.enum([
        'APIKey',
        'AWSCredentials',
        'AzureAPIKey',
        'AzureCredentials',
        'GCPCredentials',
        'AnthropicAPIKey',
      ]),
      apiKey: apiKeyBlock.optional(),
      azureAPIKey: apiKeyBlock.optional(),
      anthropicAPIKey: apiKeyBlock.optional(),
      awsCredentials: awsCredentials.optional(),
      azureCredentials: azureCredentials.optional(),
      gcpCredentials: gcpCredentials.optional(),
      credentialOverride: credentialOverride.optional(),
    })
    .superRefine((spec, context) => {
      const wanted = CREDENTIAL_BLOCKS[spec.type];
      const present = Object.values(CREDENTIAL_BLOCKS).filter((block) => spec[block] !== undefined);
      if (present.length === 1 && present[0] === wanted) return;
      context.addIssue({
        code: 'custom',
        message: ruleMessage(`When type is ${spec.type}, only ${wanted} field should be set`),
      });
    }),
);

/** The spec of a policy. */
export type BackendSecuritySpec = z.output<typeof backendSecurityPolicy>['spec'];
/** An OpenID Connect block of a policy. */
export type OidcExchange = z.output<z.ZodObject<typeof oidcExchange>>;

/** A reference to a Secret. */
export type SecretReference = z.output<typeof secretReference>;
