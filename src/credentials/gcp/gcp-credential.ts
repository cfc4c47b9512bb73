import type { GcpCredentialConfig } from '../../config/model-credentials.ts';
import type { Credential, CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import { fetchOidcToken } from '../oidc-token.ts';
import { readCredentialFile, readOptionalFile } from '../read-file.ts';
import type { Expiring, TokenSource } from '../token-cache.ts';
import { bearerProof, createTokenCredential, type ProofHeaders } from '../token-credential.ts';
import { GCP, type GcpTokenSource, requestAccessToken, withDefaultPath } from './gcp-token.ts';
import { impersonatedSource } from './impersonation.ts';
import { type KeyFileTokens, parseKeyFile } from './key-file.ts';
import { DEFAULT_STS_ENDPOINT, JWT_TOKEN_TYPE, tokenExchangeSource } from './token-exchange.ts';

const DEFAULT_METADATA_ENDPOINT = 'http://metadata.google.internal';
const DEFAULT_IAM_ENDPOINT = 'https://iamcredentials.googleapis.com';
const METADATA_TIMEOUT_MS = 2_000;

type WorkloadIdentity = NonNullable<GcpCredentialConfig['workload_identity']>;

/**
 * Sends an access token of Google Cloud, got with exactly one of a key in the configuration, a key file or workload identity
 * federation; without any, with the application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials).
 * A key in the configuration is checked at once. Throws `credential_unavailable` for settings that contradict each other.
 */
export function createGcpCredential(
  config: GcpCredentialConfig | undefined,
  environment: CredentialEnvironment,
): Credential {
  return createTokenCredential({ kind: GCP, environment, source: proofSource(config, environment) });
}

function proofSource(
  config: GcpCredentialConfig | undefined,
  environment: CredentialEnvironment,
): TokenSource<ProofHeaders> {
  const given = [config?.service_account, config?.service_account_file, config?.workload_identity];
  if (given.filter((way) => way !== undefined).length > 1) {
    throw credentialError(GCP, '`service_account`, `service_account_file` and `workload_identity` exclude each other');
  }
  if (config?.service_account !== undefined) {
    return keyFileProof(parseKeyFile(config.service_account.reveal(), environment, config.token_endpoint));
  }
  if (config?.service_account_file !== undefined) {
    const path = config.service_account_file;
    return async () => {
      const text = await readCredentialFile(environment, path, GCP);
      return keyFileProof(parseKeyFile(text, environment, config.token_endpoint))();
    };
  }
  if (config?.workload_identity !== undefined) {
    return keyFileProof({
      source: workloadIdentitySource(config.workload_identity, environment),
      quotaProject: undefined,
    });
  }
  return () => defaultProof(config, environment);
}

function keyFileProof({ source, quotaProject }: KeyFileTokens): TokenSource<ProofHeaders> {
  return async () => toProof(await source(), quotaProject);
}

function toProof({ value, expiresAtMs }: Expiring<string>, quotaProject: string | undefined): Expiring<ProofHeaders> {
  const proof = bearerProof(GCP, value);
  return { value: quotaProject === undefined ? proof : [...proof, 'x-goog-user-project', quotaProject], expiresAtMs };
}

function workloadIdentitySource(identity: WorkloadIdentity, environment: CredentialEnvironment): GcpTokenSource {
  const exchanged = tokenExchangeSource(
    {
      endpoint: withDefaultPath(identity.sts_endpoint ?? DEFAULT_STS_ENDPOINT, '/v1/token'),
      audience: `//iam.googleapis.com/projects/${identity.project_id}/locations/global/workloadIdentityPools/${identity.pool}/providers/${identity.provider}`,
      subjectTokenType: JWT_TOKEN_TYPE,
      subjectToken: () => fetchOidcToken(identity.oidc, GCP, environment),
    },
    environment,
  );
  const { service_account: name } = identity;
  if (name === undefined) return exchanged;
  const email = name.includes('@') ? name : `${name}@${identity.project_id}.iam.gserviceaccount.com`;
  const path = `/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:generateAccessToken`;
  const url = withDefaultPath(identity.iam_endpoint ?? DEFAULT_IAM_ENDPOINT, path);
  return impersonatedSource(exchanged, { url }, environment);
}

/** GOOGLE_APPLICATION_CREDENTIALS, then gcloud's file, then the metadata server. Looked for anew at each fetch. */
async function defaultProof(
  config: GcpCredentialConfig | undefined,
  environment: CredentialEnvironment,
): Promise<Expiring<ProofHeaders>> {
  const { env } = environment;
  const named = env['GOOGLE_APPLICATION_CREDENTIALS'];
  const text = named
    ? await readCredentialFile(environment, named, GCP)
    : await readOptionalFile(environment, gcloudFile(environment), GCP);
  if (text !== undefined) return keyFileProof(parseKeyFile(text, environment, config?.token_endpoint))();
  const host = env['GCE_METADATA_HOST'];
  const endpoint = config?.metadata_endpoint ?? (host ? `http://${host}` : DEFAULT_METADATA_ENDPOINT);
  try {
    const token = await requestAccessToken(environment, {
      service: 'the Google metadata server',
      method: 'GET',
      url: withDefaultPath(endpoint, '/computeMetadata/v1/instance/service-accounts/default/token'),
      headers: { 'metadata-flavor': 'Google' },
      timeoutMs: METADATA_TIMEOUT_MS,
      allowLocal: true,
    });
    return toProof(token, undefined);
  } catch (error) {
    throw credentialError(
      GCP,
      'there are no application default credentials: no key file, and the metadata server gives no token',
      error,
    );
  }
}

function gcloudFile({ env, homeDirectory }: CredentialEnvironment): string {
  const directory = env['CLOUDSDK_CONFIG'] || `${homeDirectory}/.config/gcloud`;
  return `${directory}/application_default_credentials.json`;
}
