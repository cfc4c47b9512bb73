import type { CredentialEnvironment } from '../credential.ts';
import type { AwsKeys } from './sigv4.ts';

/** The keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; undefined unless the first two are set. */
export function environmentKeys({ env }: Pick<CredentialEnvironment, 'env'>): AwsKeys | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId || !secretAccessKey) return undefined;
  const keys: AwsKeys = { accessKeyId, secretAccessKey };
  const sessionToken = env['AWS_SESSION_TOKEN'];
  if (sessionToken) keys.sessionToken = sessionToken;
  return keys;
}
