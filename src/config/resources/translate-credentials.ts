import { compact } from './compact.ts';
import type { ClusterInput, CredentialInput } from './config-input.ts';
import type { KindBody } from './kinds.ts';
import type { Resource, ResourcePath } from './resource.ts';
import { nearestOf } from './resource-set.ts';
import {
  CREDENTIAL_BLOCKS,
  type CredentialType,
  type OidcExchange,
  type SecretReference,
} from './schema-ai-security.ts';
import { ruleMessage } from './schema-parts.ts';
import { readSecret, type SecretContext, type SecretValue } from './secrets.ts';

type OidcInput = NonNullable<Extract<CredentialInput, { type: 'azure' }>['oidc']>;
type Policy = Resource<KindBody<'BackendSecurityPolicy'>>;

/** What a policy sets on the clusters that it targets. */
export type ClusterCredential = Pick<ClusterInput, 'credential' | 'credential_override' | 'region' | 'project'>;

/** The policy of a backend and what it comes to. */
export interface AttachedCredential {
  policy: Policy;
  type: CredentialType;
  settings: ClusterCredential;
}

/** How each kind of key is sent: the policy's type decides, whatever the backend's schema. */
const KEY_SCHEMES = { APIKey: 'bearer', AnthropicAPIKey: 'x-api-key', AzureAPIKey: 'api-key' } as const;

/** Headers that bring a request's own credential, where a policy names none. */
const OVERRIDE_HEADERS: Partial<Record<CredentialType, string>> = {
  APIKey: 'x-aigw-api-key',
  AnthropicAPIKey: 'x-aigw-anthropic-api-key',
  AzureAPIKey: 'x-aigw-azure-api-key',
  AzureCredentials: 'x-aigw-azure-access-token',
  GCPCredentials: 'x-aigw-gcp-access-token',
};

/** Turns every BackendSecurityPolicy into settings of clusters, by `namespace/name` of the AIServiceBackend. */
export function translateCredentials(context: SecretContext): Map<string, AttachedCredential> {
  const { set, report } = context;
  const attached = new Map<string, AttachedCredential>();
  for (const policy of set.list('BackendSecurityPolicy')) {
    const targets = policy.body.spec.targetRefs ?? [];
    if (targets.length === 0) report.warning(policy, ['spec'], 'has no targetRefs: it has no effect');
    const settings = translatePolicy(policy, context);
    for (const [index, target] of targets.entries()) {
      const path = ['spec', 'targetRefs', index, 'name'];
      if (target.kind === 'InferencePool') {
        report.warning(policy, path, 'InferencePool is not supported yet: ignored');
        continue;
      }
      const key = `${policy.namespace}/${target.name}`;
      if (!set.isDeclared('AIServiceBackend', policy.namespace, target.name)) {
        report.error(policy, path, `there is no AIServiceBackend ${key}`, {
          fix: nearestOf(set, 'AIServiceBackend', key),
        });
        continue;
      }
      const other = attached.get(key)?.policy;
      if (other !== undefined) {
        const rule = ruleMessage('an AIServiceBackend is the target of one BackendSecurityPolicy');
        report.error(policy, path, `${rule}: ${key} is already the target of ${other.namespace}/${other.name}`);
        continue;
      }
      attached.set(key, { policy, type: policy.body.spec.type, settings: settings ?? {} });
    }
  }
  return attached;
}

/** One policy's settings; undefined when they cannot be made, which is reported. */
function translatePolicy(policy: Policy, context: SecretContext): ClusterCredential | undefined {
  const { spec } = policy.body;
  const translation = translateBlock(policy, context);
  if (translation === undefined) return undefined;
  const override = spec.credentialOverride?.fromRequestHeaders;
  if (spec.credentialOverride?.fromDynamicMetadata !== undefined) {
    context.report.warning(
      policy,
      ['spec', 'credentialOverride', 'fromDynamicMetadata'],
      'has no meaning here: there is no Envoy filter that could set it; ignored',
      { part: 'key', fix: 'use fromRequestHeaders' },
    );
  }
  const header = override?.header ?? (override === undefined ? undefined : OVERRIDE_HEADERS[spec.type]);
  const settings: ClusterCredential = translation.unavailable
    ? {
        ...translation.settings,
        credential: { type: 'unavailable', reason: 'its Secret has no value on this machine' },
      }
    : translation.settings;
  if (override === undefined) return settings;
  return {
    ...settings,
    credential_override: compact({ header, fallback_to_configured: override.fallbackToConfigured ?? true }),
  };
}

interface Translation {
  settings: ClusterCredential;
  /** Set when a Secret's value is not there on this machine. */
  unavailable: boolean;
}

function translateBlock(policy: Policy, context: SecretContext): Translation | undefined {
  const { spec } = policy.body;
  const path = ['spec', CREDENTIAL_BLOCKS[spec.type]];
  const secret = (reference: SecretReference, key: string, steps: ResourcePath) =>
    readSecret({ reference, key, from: policy, path: [...path, ...steps] }, context);
  switch (spec.type) {
    case 'APIKey':
    case 'AnthropicAPIKey':
    case 'AzureAPIKey': {
      const block = spec.apiKey ?? spec.anthropicAPIKey ?? spec.azureAPIKey;
      return block === undefined
        ? undefined
        : withValue(secret(block.secretRef, 'apiKey', ['secretRef']), {}, (key) => ({
            type: 'api_key',
            key: key.trim(),
            scheme: KEY_SCHEMES[spec.type as keyof typeof KEY_SCHEMES],
          }));
    }
    case 'AWSCredentials':
      return spec.awsCredentials === undefined ? undefined : translateAws(spec.awsCredentials, secret);
    case 'AzureCredentials':
      return spec.azureCredentials === undefined ? undefined : translateAzure(spec.azureCredentials, secret);
    case 'GCPCredentials':
      return spec.gcpCredentials === undefined ? undefined : translateGcp(spec.gcpCredentials, secret);
    default:
      return spec.type satisfies never;
  }
}

type SecretReader = (reference: SecretReference, key: string, steps: ResourcePath) => SecretValue | undefined;
type Spec = Policy['body']['spec'];

/** Makes a credential of a Secret's value; without the value, of its file, where the credential can read one. */
function withValue(
  value: SecretValue | undefined,
  settings: ClusterCredential,
  make: (text: string) => CredentialInput,
  makeFromFile?: (file: string) => CredentialInput,
): Translation | undefined {
  if (value === undefined) return undefined;
  if (value.found) return { settings: { ...settings, credential: make(value.text) }, unavailable: false };
  if (value.file === undefined || makeFromFile === undefined) return { settings, unavailable: true };
  // The file may come later: it is read again when a request needs it, and refused until then.
  return { settings: { ...settings, credential: makeFromFile(value.file) }, unavailable: false };
}

function translateAws(block: NonNullable<Spec['awsCredentials']>, secret: SecretReader): Translation | undefined {
  const settings = { region: block.region };
  const base = { type: 'aws', region: block.region } as const;
  if (block.credentialsFile !== undefined) {
    const { secretRef, profile } = block.credentialsFile;
    return withValue(
      secret(secretRef, 'credentials', ['credentialsFile', 'secretRef']),
      settings,
      (credentials) => compact({ ...base, credentials, profile }),
      (file) => compact({ ...base, credentials_file: file, profile }),
    );
  }
  if (block.oidcExchangeToken === undefined) return { settings: { ...settings, credential: base }, unavailable: false };
  const { awsRoleArn } = block.oidcExchangeToken;
  return withOidc(block.oidcExchangeToken, { secret, settings }, (oidc) => ({ ...base, role_arn: awsRoleArn, oidc }));
}

function translateAzure(block: NonNullable<Spec['azureCredentials']>, secret: SecretReader): Translation | undefined {
  const base = { type: 'azure', tenant_id: block.tenantID, client_id: block.clientID } as const;
  if (block.clientSecretRef !== undefined) {
    return withValue(secret(block.clientSecretRef, 'client-secret', ['clientSecretRef']), {}, (text) => ({
      ...base,
      client_secret: text.trim(),
    }));
  }
  if (block.oidcExchangeToken === undefined) return undefined;
  return withOidc(block.oidcExchangeToken, { secret, settings: {} }, (oidc) => ({ ...base, oidc }));
}

function translateGcp(block: NonNullable<Spec['gcpCredentials']>, secret: SecretReader): Translation | undefined {
  const settings = { region: block.region, project: block.projectName };
  if (block.credentialsFile !== undefined) {
    return withValue(
      secret(block.credentialsFile.secretRef, 'service_account.json', ['credentialsFile', 'secretRef']),
      settings,
      (text) => ({ type: 'gcp', service_account: text }),
      (file) => ({ type: 'gcp', service_account_file: file }),
    );
  }
  const federation = block.workloadIdentityFederationConfig;
  if (federation === undefined) return { settings: { ...settings, credential: { type: 'gcp' } }, unavailable: false };
  return withOidc(
    federation.oidcExchangeToken,
    { secret, settings, steps: ['workloadIdentityFederationConfig'] },
    (oidc) => ({
      type: 'gcp',
      workload_identity: compact({
        project_id: federation.projectID,
        pool: federation.workloadIdentityPoolName,
        provider: federation.workloadIdentityProviderName,
        service_account: federation.serviceAccountImpersonation?.serviceAccountName,
        oidc,
      }),
    }),
  );
}

/** Makes a credential that begins with a token of an OpenID provider. */
function withOidc(
  exchange: OidcExchange,
  from: { secret: SecretReader; settings: ClusterCredential; steps?: ResourcePath },
  make: (oidc: OidcInput) => CredentialInput,
): Translation | undefined {
  const { oidc, grantType, aud } = exchange;
  const steps = [...(from.steps ?? []), 'oidcExchangeToken', 'oidc', 'clientSecret'];
  return withValue(from.secret(oidc.clientSecret, 'client-secret', steps), from.settings, (text) =>
    make(
      compact({
        issuer: oidc.provider.issuer,
        token_endpoint: oidc.provider.tokenEndpoint,
        client_id: oidc.clientID,
        client_secret: text.trim(),
        scopes: oidc.scopes,
        audience: aud,
        grant_type: grantType,
      }),
    ),
  );
}
