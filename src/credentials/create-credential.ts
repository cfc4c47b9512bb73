import type { CredentialConfig } from '../config/model-credentials.ts';
import type { AuthScheme } from '../providers/provider.ts';
import { createApiKeyCredential, type KeyHeader, keyHeaderOf } from './api-key-credential.ts';
import { type AwsEndpoint, createAwsCredential, createBedrockSigner } from './aws/aws-credential.ts';
import { createAzureCredential } from './azure-credential.ts';
import type { Credential, CredentialEnvironment } from './credential.ts';
import { createGcpCredential } from './gcp/gcp-credential.ts';
import { createNoneCredential } from './none-credential.ts';
import { createAwsOverride, createKeyOverride } from './override-credential.ts';
import { createPassThroughCredential } from './pass-through-credential.ts';
import { createUnavailableCredential } from './unavailable-credential.ts';

/** All that decides how a cluster's requests are proved. */
export interface CredentialSpec {
  /** What the provider asks for. */
  auth: AuthScheme;
  credential: CredentialConfig | undefined;
  /** Present: a request may bring its own credential. */
  override?: {
    /** Lower case; for AWS the prefix of three headers. The default depends on the credential. */
    header?: string;
    /** Whether `credential` serves requests that bring none; otherwise they are refused. */
    fallbackToConfigured: boolean;
  };
  /** The cluster's region. */
  region?: string;
  /** Host name of the endpoint, with or without a port. */
  endpointHost: string;
}

const BEARER: KeyHeader = keyHeaderOf('bearer');

/**
 * Makes the credential of one cluster. Without a configured one AWS looks in its default chain and Google Cloud in its
 * application default credentials; all others send nothing: the client's own credential is passed on only when
 * `pass_through` says so. Throws GatewayError `credential_unavailable` for a configuration that can never work.
 */
export function createCredential(spec: CredentialSpec, environment: CredentialEnvironment): Credential {
  return spec.override === undefined
    ? createConfigured(spec, environment)
    : createOverride(spec, spec.override, environment);
}

function createConfigured(spec: CredentialSpec, environment: CredentialEnvironment): Credential {
  const { auth, credential } = spec;
  if (credential === undefined) {
    if (auth === 'aws-sigv4') return createAwsCredential(undefined, awsEndpoint(spec), environment);
    return auth === 'gcp-token' ? createGcpCredential(undefined, environment) : createNoneCredential();
  }
  switch (credential.type) {
    case 'api_key':
      return createApiKeyCredential(auth, credential.key.reveal());
    case 'aws':
      return createAwsCredential(credential, awsEndpoint(spec), environment);
    case 'gcp':
      return createGcpCredential(credential, environment);
    case 'azure':
      return createAzureCredential(credential, environment);
    case 'pass_through':
      return createPassThroughCredential(auth);
    case 'unavailable':
      return createUnavailableCredential(credential.reason);
    case 'none':
      return createNoneCredential();
    default:
      return credential satisfies never;
  }
}

function createOverride(
  spec: CredentialSpec,
  override: NonNullable<CredentialSpec['override']>,
  environment: CredentialEnvironment,
): Credential {
  const fallback =
    override.fallbackToConfigured && hasConfigured(spec) ? createConfigured(spec, environment) : undefined;
  const kind = overrideKind(spec);
  if (kind === 'aws') {
    const configured = spec.credential?.type === 'aws' ? spec.credential.region : undefined;
    return createAwsOverride({
      headerPrefix: override.header ?? 'x-aigw-aws-',
      signer: createBedrockSigner(configured, awsEndpoint(spec), environment),
      now: () => environment.now(),
      fallback,
    });
  }
  return createKeyOverride({ header: override.header ?? kind.header, target: kind.target, fallback });
}

/** Whether there is something to fall back to: a cluster without a credential would send nothing at all. */
function hasConfigured({ auth, credential }: CredentialSpec): boolean {
  return credential !== undefined || auth === 'aws-sigv4' || auth === 'gcp-token';
}

/** The default header of an override (those of Envoy AI Gateway) and where its value goes. */
function overrideKind({ auth, credential }: CredentialSpec): 'aws' | { header: string; target: KeyHeader } {
  const type = credential?.type;
  if (type === 'azure') return { header: 'x-aigw-azure-access-token', target: BEARER };
  if (type === 'gcp') return { header: 'x-aigw-gcp-access-token', target: BEARER };
  if (type === 'aws') return 'aws';
  if (type !== 'api_key' && auth === 'aws-sigv4') return 'aws';
  if (type !== 'api_key' && auth === 'gcp-token') return { header: 'x-aigw-gcp-access-token', target: BEARER };
  return { header: keyOverrideHeader(auth), target: keyHeaderOf(auth) };
}

function keyOverrideHeader(auth: AuthScheme): string {
  if (auth === 'x-api-key') return 'x-aigw-anthropic-api-key';
  return auth === 'api-key' ? 'x-aigw-azure-api-key' : 'x-aigw-api-key';
}

function awsEndpoint(spec: CredentialSpec): AwsEndpoint {
  return { region: spec.region, host: spec.endpointHost };
}
