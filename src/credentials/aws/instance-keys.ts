import type { CredentialEnvironment } from '../credential.ts';
import { requestText, type TokenRequest } from '../token-request.ts';
import { type OptionalAwsKeySource, parseEndpointKeys } from './aws-keys.ts';

const DEFAULT_ENDPOINT = 'http://169.254.169.254';
const TIMEOUT_MS = 1_000;
const SESSION_SECONDS = 21_600;
const SERVICE = 'the EC2 instance metadata service';
/** The metadata service may go on handing out keys that have ended while it cannot renew them; AWS takes them a while longer. */
const STALE_KEYS_MS = 300_000;

/**
 * Keys of an EC2 instance profile, by version 2 of the metadata service
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
 * Undefined when AWS_EC2_METADATA_DISABLED is `true`.
 */
export function instanceKeySource(environment: CredentialEnvironment): OptionalAwsKeySource {
  return async () => {
    const { env } = environment;
    if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
    const endpoint = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || DEFAULT_ENDPOINT).replace(/\/+$/, '');
    const common = {
      kind: 'AWS',
      service: SERVICE,
      timeoutMs: TIMEOUT_MS,
      allowLocal: true,
    } satisfies Partial<TokenRequest>;
    const session = await requestText(environment, {
      ...common,
      method: 'PUT',
      url: `${endpoint}/latest/api/token`,
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(SESSION_SECONDS) },
    });
    const get = (path: string): Promise<string> =>
      requestText(environment, {
        ...common,
        method: 'GET',
        url: `${endpoint}/latest/meta-data/iam/security-credentials/${path}`,
        headers: { 'x-aws-ec2-metadata-token': session.trim() },
        secrets: [session.trim()],
      });
    const role = (await get('')).trim().split('\n', 1)[0] ?? '';
    const keys = parseEndpointKeys(await get(encodeURIComponent(role)), SERVICE);
    return { value: keys.value, expiresAtMs: Math.max(keys.expiresAtMs, environment.now() + STALE_KEYS_MS) };
  };
}
