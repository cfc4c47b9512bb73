import { credentialError } from '../credential-error.ts';
import type { Expiring } from '../token-cache.ts';
import { FORM_HEADERS, formBody, requestText, xmlText } from '../token-request.ts';
import { type AwsContext, expiringKeys } from './aws-keys.ts';
import { type AwsKeys, createSigV4Signer } from './sigv4.ts';

const STS_VERSION = '2011-06-15';
const SERVICE = 'AWS STS';

/** Swaps a web identity token for the keys of a role (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). */
export async function assumeRoleWithWebIdentity(
  context: AwsContext,
  role: { roleArn: string; sessionName?: string | undefined },
  webIdentityToken: string,
): Promise<Expiring<AwsKeys>> {
  const answer = await requestText(context.environment, {
    kind: 'AWS',
    service: SERVICE,
    method: 'POST',
    url: stsUrl(context),
    headers: FORM_HEADERS,
    body: formBody({
      Action: 'AssumeRoleWithWebIdentity',
      Version: STS_VERSION,
      RoleArn: role.roleArn,
      RoleSessionName: sessionName(context, role.sessionName),
      WebIdentityToken: webIdentityToken,
    }),
    secrets: [webIdentityToken],
  });
  return parseStsKeys(answer);
}

/** Swaps keys for those of another role (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
export async function assumeRole(
  context: AwsContext,
  role: { roleArn: string; sessionName?: string | undefined; externalId?: string | undefined },
  keys: AwsKeys,
): Promise<Expiring<AwsKeys>> {
  const url = new URL(stsUrl(context));
  const body = formBody({
    Action: 'AssumeRole',
    Version: STS_VERSION,
    RoleArn: role.roleArn,
    RoleSessionName: sessionName(context, role.sessionName),
    ExternalId: role.externalId,
  });
  const headers = Object.entries(FORM_HEADERS).flat();
  createSigV4Signer('sts', context.region)(
    {
      method: 'POST',
      host: url.host,
      path: url.pathname,
      headers,
      body: Buffer.from(body),
      clientHeader: () => undefined,
    },
    keys,
    context.environment.now(),
  );
  const answer = await requestText(context.environment, {
    kind: 'AWS',
    service: SERVICE,
    method: 'POST',
    url: url.href,
    headers: toRecord(headers),
    body,
    secrets: [keys.secretAccessKey, keys.sessionToken ?? ''],
  });
  return parseStsKeys(answer);
}

function stsUrl(context: AwsContext): string {
  const named = context.stsEndpoint ?? context.environment.env['AWS_ENDPOINT_URL_STS'];
  if (named !== undefined && named !== '') return new URL(named).href;
  return `https://sts.${context.region}.${partitionDomain(context.region)}/`;
}

function partitionDomain(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn';
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com';
}

function sessionName(context: AwsContext, name: string | undefined): string {
  return name ?? (context.environment.env['AWS_ROLE_SESSION_NAME'] || 'aigw');
}

function parseStsKeys(answer: string): Expiring<AwsKeys> {
  const credentials = xmlText(answer, 'Credentials') ?? '';
  const accessKeyId = xmlText(credentials, 'AccessKeyId');
  const secretAccessKey = xmlText(credentials, 'SecretAccessKey');
  const sessionToken = xmlText(credentials, 'SessionToken');
  const expiration = xmlText(credentials, 'Expiration');
  if (!accessKeyId || !secretAccessKey || !sessionToken || !expiration) {
    throw credentialError('AWS', `${SERVICE} did not answer with keys`);
  }
  return expiringKeys({ accessKeyId, secretAccessKey, sessionToken }, expiration);
}

function toRecord(headers: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let index = 0; index < headers.length; index += 2) record[headers[index] ?? ''] = headers[index + 1] ?? '';
  return record;
}
