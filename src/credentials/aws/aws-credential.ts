import type { AwsCredentialConfig } from '../../config/model-credentials.ts';
import { createApiKeyCredential } from '../api-key-credential.ts';
import type { Credential, CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import { fetchOidcToken } from '../oidc-token.ts';
import { readTokenFile } from '../read-file.ts';
import { createTokenCache } from '../token-cache.ts';
import type { AwsContext, AwsKeySource } from './aws-keys.ts';
import { regionOfEnvironment, regionOfHost } from './aws-region.ts';
import { defaultChain } from './default-chain.ts';
import { environmentKeys } from './environment-keys.ts';
import { fileKeySource, sharedFilesKeySource, textKeySource } from './profile-keys.ts';
import { type AwsKeys, createSigV4Signer, type SigV4Signer } from './sigv4.ts';
import { assumeRole, assumeRoleWithWebIdentity } from './sts.ts';

const BEDROCK = 'bedrock';

/** Where an AWS endpoint is. */
export interface AwsEndpoint {
  /** The cluster's region, if it names one. */
  region: string | undefined;
  /** Host name of the endpoint, with or without a port. */
  host: string;
}

/**
 * Signs requests for Amazon Bedrock. Fixed keys are used at once; keys of roles and chains are fetched, kept and refreshed.
 * Without any setting the default chain counts, where AWS_BEARER_TOKEN_BEDROCK (a Bedrock API key) comes first.
 * Throws `credential_unavailable` for settings that contradict each other and when no region is known.
 */
export function createAwsCredential(
  config: AwsCredentialConfig | undefined,
  endpoint: AwsEndpoint,
  environment: CredentialEnvironment,
): Credential {
  const usesChain = config === undefined || !namesKeys(config);
  if (usesChain && config?.role_arn === undefined) {
    const bearer = environment.env['AWS_BEARER_TOKEN_BEDROCK'];
    if (bearer) return createApiKeyCredential('bearer', bearer);
  }
  const region = awsRegion(config?.region, endpoint, environment);
  const signer = createSigV4Signer(BEDROCK, region);
  const source = keySource(config, { environment, region, stsEndpoint: config?.sts_endpoint });
  return 'fixed' in source
    ? fixedKeysCredential(source.fixed, signer, environment)
    : fetchedKeysCredential(source.fetched, signer, environment);
}

/** Makes the signer for requests that bring their own keys. Throws `credential_unavailable` when no region is known. */
export function createBedrockSigner(
  configured: string | undefined,
  endpoint: AwsEndpoint,
  environment: CredentialEnvironment,
): SigV4Signer {
  return createSigV4Signer(BEDROCK, awsRegion(configured, endpoint, environment));
}

function awsRegion(configured: string | undefined, endpoint: AwsEndpoint, environment: CredentialEnvironment): string {
  const region = configured ?? endpoint.region ?? regionOfHost(endpoint.host) ?? regionOfEnvironment(environment);
  if (region === undefined || region === '') {
    throw credentialError('AWS', 'no region is known; set `region` on the cluster or AWS_REGION');
  }
  return region;
}

function namesKeys(config: AwsCredentialConfig): boolean {
  return (
    config.access_key_id !== undefined ||
    config.secret_access_key !== undefined ||
    config.credentials !== undefined ||
    config.credentials_file !== undefined ||
    config.profile !== undefined ||
    config.web_identity_token_file !== undefined ||
    config.oidc !== undefined
  );
}

function keySource(
  config: AwsCredentialConfig | undefined,
  context: AwsContext,
): { fixed: AwsKeys } | { fetched: AwsKeySource } {
  const { environment } = context;
  if (config?.web_identity_token_file !== undefined || config?.oidc !== undefined) {
    return { fetched: webIdentitySource(config, context) };
  }
  const roleArn = config?.role_arn;
  const environmentTokenFile = environment.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  if (config !== undefined && roleArn !== undefined && environmentTokenFile && !namesKeys(config)) {
    return { fetched: webIdentitySource({ ...config, web_identity_token_file: environmentTokenFile }, context) };
  }
  const base = baseSource(config, context);
  if (roleArn === undefined) return base;
  return {
    fetched: async () => {
      const keys = 'fixed' in base ? base.fixed : (await base.fetched()).value;
      return assumeRole(context, { roleArn }, keys);
    },
  };
}

function baseSource(
  config: AwsCredentialConfig | undefined,
  context: AwsContext,
): { fixed: AwsKeys } | { fetched: AwsKeySource } {
  const id = config?.access_key_id;
  const secret = config?.secret_access_key;
  if (id !== undefined && secret !== undefined) {
    const keys: AwsKeys = { accessKeyId: id, secretAccessKey: secret.reveal() };
    if (config?.session_token !== undefined) keys.sessionToken = config.session_token.reveal();
    return { fixed: keys };
  }
  if (id !== undefined || secret !== undefined) {
    throw credentialError('AWS', '`access_key_id` and `secret_access_key` must be set together');
  }
  if (config?.credentials !== undefined) {
    return textKeySource(context, config.credentials.reveal(), config.profile ?? 'default');
  }
  if (config?.credentials_file !== undefined) {
    return { fetched: fileKeySource(context, config.credentials_file, config.profile ?? 'default') };
  }
  if (config?.profile !== undefined) {
    const shared = sharedFilesKeySource(context, config.profile);
    return {
      fetched: async () => {
        const keys = await shared();
        if (keys === undefined) throw credentialError('AWS', 'its profile holds no keys');
        return keys;
      },
    };
  }
  const keys = environmentKeys(context.environment);
  return keys === undefined ? { fetched: defaultChain(context) } : { fixed: keys };
}

function webIdentitySource(config: AwsCredentialConfig, context: AwsContext): AwsKeySource {
  const { environment } = context;
  const { oidc, web_identity_token_file: tokenFile } = config;
  const roleArn = config.role_arn ?? environment.env['AWS_ROLE_ARN'];
  if (!roleArn) throw credentialError('AWS', 'a web identity token needs `role_arn`');
  if (oidc !== undefined && tokenFile !== undefined) {
    throw credentialError('AWS', '`oidc` and `web_identity_token_file` exclude each other');
  }
  return async () => {
    const token =
      oidc === undefined
        ? await readTokenFile(environment, tokenFile ?? '', 'AWS')
        : await fetchOidcToken(oidc, 'AWS', environment);
    return assumeRoleWithWebIdentity(context, { roleArn }, token);
  };
}

function fixedKeysCredential(keys: AwsKeys, signer: SigV4Signer, environment: CredentialEnvironment): Credential {
  return {
    apply(request) {
      signer(request, keys, environment.now());
    },
    consumedHeaders: [],
    forwardsClientCredential: false,
  };
}

function fetchedKeysCredential(
  source: AwsKeySource,
  signer: SigV4Signer,
  environment: CredentialEnvironment,
): Credential {
  const cache = createTokenCache<AwsKeys>({ kind: 'AWS', environment, source });
  return {
    apply(request) {
      const keys = cache.peek();
      if (keys === undefined) return cache.fetch().then((fetched) => signer(request, fetched, environment.now()));
      return signer(request, keys, environment.now());
    },
    consumedHeaders: [],
    forwardsClientCredential: false,
    close: cache.close,
  };
}
