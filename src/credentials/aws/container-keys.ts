import type { CredentialEnvironment } from '../credential.ts';
import { credentialError } from '../credential-error.ts';
import { readTokenFile } from '../read-file.ts';
import { requestText } from '../token-request.ts';
import { type OptionalAwsKeySource, parseEndpointKeys } from './aws-keys.ts';

const ECS_ORIGIN = 'http://169.254.170.2';
const TIMEOUT_MS = 2_000;
const SERVICE = 'the container credentials endpoint';

/** Hosts that plain HTTP may go to: loopback, the ECS task endpoint, the EKS Pod Identity agent. */
const PLAIN_HTTP_HOSTS =
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/;

/**
 * Keys of an ECS task or an EKS pod (Pod Identity): https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html.
 * Undefined unless AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI is set.
 */
export function containerKeySource(environment: CredentialEnvironment): OptionalAwsKeySource {
  return async () => {
    const url = endpointUrl(environment);
    if (url === undefined) return undefined;
    const headers: Record<string, string> = { accept: 'application/json' };
    const token = await authorizationToken(environment);
    if (token !== undefined) headers['authorization'] = token;
    const body = await requestText(environment, {
      kind: 'AWS',
      service: SERVICE,
      method: 'GET',
      url: url.href,
      headers,
      timeoutMs: TIMEOUT_MS,
      allowLocal: true,
      secrets: token === undefined ? [] : [token],
    });
    return parseEndpointKeys(body, SERVICE);
  };
}

function endpointUrl({ env }: CredentialEnvironment): URL | undefined {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  if (relative) return new URL(relative.startsWith('/') ? ECS_ORIGIN + relative : `${ECS_ORIGIN}/${relative}`);
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!full) return undefined;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && PLAIN_HTTP_HOSTS.test(url.hostname))) return url;
  throw credentialError(
    'AWS',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https URL, or an http URL of loopback, ECS or the Pod Identity agent',
  );
}

async function authorizationToken(environment: CredentialEnvironment): Promise<string | undefined> {
  const file = environment.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  if (file) return readTokenFile(environment, file, 'AWS');
  return environment.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || undefined;
}
