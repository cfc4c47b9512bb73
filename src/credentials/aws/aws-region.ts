import type { CredentialEnvironment } from '../credential.ts';

const REGION = /^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/;
const AWS_DOMAINS = [
  '.amazonaws.com',
  '.amazonaws.com.cn',
  '.amazonaws.eu',
  '.api.aws',
  '.api.amazonwebservices.com.cn',
];

/**
 * The region in the name of an AWS endpoint, such as `bedrock-runtime.us-east-1.amazonaws.com` or the name of a VPC
 * endpoint; undefined for other hosts. A port is allowed.
 */
export function regionOfHost(host: string): string | undefined {
  const colon = host.indexOf(':');
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
  if (!AWS_DOMAINS.some((domain) => name.endsWith(domain))) return undefined;
  return name.split('.').find((label) => REGION.test(label));
}

/** The region that the environment names, as the AWS tools read it. */
export function regionOfEnvironment(environment: Pick<CredentialEnvironment, 'env'>): string | undefined {
  return environment.env['AWS_REGION'] || environment.env['AWS_DEFAULT_REGION'] || undefined;
}
