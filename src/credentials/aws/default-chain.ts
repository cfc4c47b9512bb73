import { credentialError } from '../credential-error.ts';
import { readTokenFile } from '../read-file.ts';
import type { AwsContext, AwsKeySource, OptionalAwsKeySource } from './aws-keys.ts';
import { containerKeySource } from './container-keys.ts';
import { environmentKeys } from './environment-keys.ts';
import { instanceKeySource } from './instance-keys.ts';
import { sharedFilesKeySource } from './profile-keys.ts';
import { assumeRoleWithWebIdentity } from './sts.ts';

/**
 * The places AWS's own tools look in: environment variables, the web identity token of a service account (IRSA), the
 * container endpoint (ECS, EKS Pod Identity), the shared files, the instance's metadata service. The first that is set up
 * counts, and its failure is the chain's: keys of another identity never step in.
 */
export function defaultChain(context: AwsContext): AwsKeySource {
  const places: readonly OptionalAwsKeySource[] = [
    async () => {
      const value = environmentKeys(context.environment);
      return value && { value, expiresAtMs: Number.POSITIVE_INFINITY };
    },
    webIdentityKeySource(context),
    containerKeySource(context.environment),
    sharedFilesKeySource(context),
  ];
  const instance = instanceKeySource(context.environment);
  return async () => {
    for (const place of places) {
      const keys = await place();
      if (keys !== undefined) return keys;
    }
    let cause: unknown;
    try {
      const keys = await instance();
      if (keys !== undefined) return keys;
    } catch (error) {
      cause = error;
    }
    throw credentialError(
      'AWS',
      'no keys were found in the environment, the shared files, or a container or instance role',
      cause,
    );
  };
}

function webIdentityKeySource(context: AwsContext): OptionalAwsKeySource {
  return async () => {
    const { env } = context.environment;
    const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    const roleArn = env['AWS_ROLE_ARN'];
    if (!tokenFile || !roleArn) return undefined;
    return assumeRoleWithWebIdentity(context, { roleArn }, await readTokenFile(context.environment, tokenFile, 'AWS'));
  };
}
