import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credential as credentialSchema } from '../../config/model-credentials.ts';
import type { Credential } from '../credential.ts';
import {
  applyNow,
  assertUnavailable,
  type FakeAnswer,
  type FakeCall,
  type FakeEnvironment,
  fakeEnvironment,
  fakeRequest,
  formOf,
  headerOf,
  NOON_MS,
} from '../fake-environment.test.ts';
import { createAwsCredential } from './aws-credential.ts';

const HOST = 'bedrock-runtime.eu-west-3.amazonaws.com';

function create(environment: FakeEnvironment, settings?: object, host = HOST): Credential {
  const parsed = credentialSchema.parse({ type: 'aws', ...settings });
  assert.ok(parsed.type === 'aws');
  return createAwsCredential(settings && parsed, { region: undefined, host }, environment);
}

/** The access key id a request gets signed with, and its session token. */
async function signedBy(credential: Credential): Promise<string> {
  const request = fakeRequest();
  await credential.apply(request);
  const id = /Credential=([^/]+)\//.exec(headerOf(request, 'authorization') ?? '')?.[1];
  return `${id} ${headerOf(request, 'x-amz-security-token') ?? '-'}`;
}

function stsAnswer(id: string, lifeMs = 3_600_000): FakeAnswer {
  const expiration = new Date(NOON_MS + lifeMs).toISOString();
  return {
    body: `<R xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Result><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey><SessionToken>tok&amp;en</SessionToken><Expiration>${expiration}</Expiration></Credentials></Result></R>`,
  };
}

function endpointAnswer(id: string, lifeMs = 3_600_000): FakeAnswer {
  const expiration = new Date(NOON_MS + lifeMs).toISOString();
  return { body: { AccessKeyId: id, SecretAccessKey: 's', Token: 'metadata-token', Expiration: expiration } };
}

test('static keys sign at once', () => {
  const credential = create(fakeEnvironment(), { access_key_id: 'AKIA1', secret_access_key: 's' });
  const request = fakeRequest();
  applyNow(credential, request);
  assert.match(
    headerOf(request, 'authorization') ?? '',
    /Credential=AKIA1\/20260301\/eu-west-3\/bedrock\/aws4_request/,
  );
});

test('where the region comes from', async () => {
  const keys = { access_key_id: 'A', secret_access_key: 's' };
  const region = (credential: Credential): string | undefined => {
    const request = fakeRequest();
    applyNow(credential, request);
    return headerOf(request, 'authorization')?.split('/')[2];
  };
  const environment = fakeEnvironment({ env: { AWS_DEFAULT_REGION: 'us-west-2' } });
  assert.equal(region(create(environment, { ...keys, region: 'eu-north-1' })), 'eu-north-1');
  assert.equal(region(create(environment, keys)), 'eu-west-3');
  assert.equal(region(create(environment, keys, 'bedrock.proxy.example')), 'us-west-2');
  await assertUnavailable(
    () => create(fakeEnvironment(), keys, 'bedrock.proxy.example'),
    /no region is known; set `region`/,
  );
});

test('half of a pair of keys is refused when it is configured', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's' };
  await assertUnavailable(() => create(fakeEnvironment({ env }), { access_key_id: 'A' }), /must be set together/);
  await assertUnavailable(() => create(fakeEnvironment({ env }), { secret_access_key: 'hidden' }), /together/, [
    'hidden',
  ]);
});

test('the text of a credentials file signs at once; a profile that is not there is named', async () => {
  const credentials =
    '[default]\naws_access_key_id=A1\naws_secret_access_key=s\n[b]\naws_access_key_id=A2\naws_secret_access_key=s\naws_session_token=t';
  applyNow(create(fakeEnvironment(), { credentials }), fakeRequest());
  assert.equal(await signedBy(create(fakeEnvironment(), { credentials })), 'A1 -');
  assert.equal(await signedBy(create(fakeEnvironment(), { credentials, profile: 'b' })), 'A2 t');
  await assertUnavailable(() => create(fakeEnvironment(), { credentials, profile: 'c' }), /profile "c" is not in/);
});

test('a credentials file is read again after a minute', async () => {
  const environment = fakeEnvironment({
    files: { '/etc/aws/credentials': '[default]\naws_access_key_id=OLD\naws_secret_access_key=s' },
  });
  const credential = create(environment, { credentials_file: '/etc/aws/credentials' });
  assert.equal(await signedBy(credential), 'OLD -');
  environment.files.set('/etc/aws/credentials', '[default]\naws_access_key_id=NEW\naws_secret_access_key=s');
  applyNow(credential, fakeRequest());
  environment.clock.ms += 60_000;
  assert.equal(await signedBy(credential), 'NEW -');
});

test('a file that cannot be read is an error without its path in public', async () => {
  const credential = create(fakeEnvironment(), { credentials_file: '/etc/aws/credentials' });
  await assertUnavailable(() => credential.apply(fakeRequest()), /: a file it needs cannot be read\.$/);
});

test('the default chain takes keys from the environment at once', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' };
  const credential = create(fakeEnvironment({ env }));
  applyNow(credential, fakeRequest());
  assert.equal(await signedBy(credential), 'AKIAENV t');
});

test('a Bedrock API key in the environment comes first in the default chain only', () => {
  const env = { AWS_BEARER_TOKEN_BEDROCK: 'bedrock-key', AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 's' };
  const request = fakeRequest({ headers: [] });
  applyNow(create(fakeEnvironment({ env })), request);
  assert.deepEqual(request.headers, ['authorization', 'Bearer bedrock-key']);
  const signed = fakeRequest();
  applyNow(create(fakeEnvironment({ env }), { access_key_id: 'AKIA1', secret_access_key: 's' }), signed);
  assert.match(headerOf(signed, 'authorization') ?? '', /^AWS4/);
});

test('the default chain assumes the role of a service account, with a token file that rotates', async () => {
  const environment = fakeEnvironment({
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/var/token', AWS_ROLE_ARN: 'arn:aws:iam::1:role/r' },
    files: { '/var/token': 'jwt-1\n' },
  });
  environment.answer = (call) =>
    stsAnswer(formOf(call)['WebIdentityToken'] ?? '', environment.clock.ms - NOON_MS + 3_600_000);
  const credential = create(environment);
  assert.equal(await signedBy(credential), 'jwt-1 tok&en');
  const call = environment.calls[0];
  assert.equal(call?.url, 'https://sts.eu-west-3.amazonaws.com/');
  assert.equal(call?.allowLocal, undefined);
  assert.deepEqual(formOf(call), {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::1:role/r',
    RoleSessionName: 'aigw',
    WebIdentityToken: 'jwt-1',
  });
  environment.files.set('/var/token', 'jwt-2');
  environment.clock.ms += 3_600_000;
  assert.equal(await signedBy(credential), 'jwt-2 tok&en');
});

test('a configured role with a token file or an endpoint of its own', async () => {
  const environment = fakeEnvironment({ files: { '/t': 'jwt' }, answer: () => stsAnswer('ASIA1') });
  const role = 'arn:aws:iam::1:role/r';
  const settings = { role_arn: role, web_identity_token_file: '/t', sts_endpoint: 'http://sts.test' };
  assert.equal(await signedBy(create(environment, settings)), 'ASIA1 tok&en');
  assert.equal(environment.calls[0]?.url, 'http://sts.test/');
  await assertUnavailable(() => create(environment, { web_identity_token_file: '/t' }), /needs `role_arn`/);
});

test('a role by a client-credentials grant; a token service that is down and comes back', async () => {
  let down = true;
  const answer = (call: FakeCall): FakeAnswer => {
    if (call.url === 'https://idp.test/token') {
      return down ? { status: 503, body: 'web-id-secret' } : { body: { access_token: 'web-identity' } };
    }
    return stsAnswer(formOf(call)['WebIdentityToken'] ?? '');
  };
  const environment = fakeEnvironment({ answer });
  const oidc = {
    issuer: 'https://idp.test',
    token_endpoint: 'https://idp.test/token',
    client_id: 'c',
    client_secret: 'web-id-secret',
  };
  const credential = create(environment, { role_arn: 'arn:aws:iam::1:role/r', oidc });
  const apply = () => credential.apply(fakeRequest());
  await assertUnavailable(apply, /^The AWS credential .* the OpenID provider answered 503/, ['web-id-secret']);
  await assertUnavailable(apply, /AWS/);
  assert.equal(environment.calls.length, 1);
  down = false;
  environment.clock.ms += 1_000;
  assert.equal(await signedBy(credential), 'web-identity tok&en');
});

test('shared files: a role by source_profile is assumed with the keys of that profile', async () => {
  const environment = fakeEnvironment({
    env: { AWS_PROFILE: 'dev', AWS_EC2_METADATA_DISABLED: 'true' },
    files: {
      '/home/ada/.aws/config':
        '[profile dev]\nrole_arn=arn:aws:iam::2:role/dev\nsource_profile=base\nexternal_id=x-1\nrole_session_name=me',
      '/home/ada/.aws/credentials': '[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=base-secret',
    },
    answer: () => stsAnswer('ASIADEV'),
  });
  assert.equal(await signedBy(create(environment)), 'ASIADEV tok&en');
  const call = environment.calls[0];
  assert.deepEqual(formOf(call), {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::2:role/dev',
    RoleSessionName: 'me',
    ExternalId: 'x-1',
  });
  assert.match(call?.headers['authorization'] ?? '', /Credential=AKIABASE\/20260301\/eu-west-3\/sts\/aws4_request/);
  assert.doesNotMatch(call?.body ?? '', /base-secret/);
});

test('shared files: a profile may be its own source, a loop of profiles is an error', async () => {
  const own = '[a]\nrole_arn=r\nsource_profile=a\naws_access_key_id=AKIAOWN\naws_secret_access_key=s';
  const environment = fakeEnvironment({ files: { '/c': own }, answer: () => stsAnswer('ASIAOWN') });
  assert.equal(await signedBy(create(environment, { credentials_file: '/c', profile: 'a' })), 'ASIAOWN tok&en');
  environment.files.set('/loop', '[a]\nrole_arn=r\nsource_profile=b\n[b]\nrole_arn=r\nsource_profile=a');
  const loop = create(environment, { credentials_file: '/loop', profile: 'a' });
  await assertUnavailable(() => loop.apply(fakeRequest()), /loop of source_profile/);
});

test('shared files: what is not supported is named', async () => {
  const rows: [string, RegExp][] = [
    ['[default]\ncredential_process=/bin/x', /uses credential_process, which the gateway does not support/],
    ['[default]\nsso_session=x', /uses sso_session/],
    ['[default]\nrole_arn=r', /role_arn without source_profile/],
    ['[default]\nrole_arn=r\nmfa_serial=m\nsource_profile=default', /mfa_serial/],
    ['[default]\nregion=x', /neither aws_access_key_id/],
  ];
  for (const [text, message] of rows) {
    const credential = create(fakeEnvironment({ files: { '/c': text } }), { credentials_file: '/c' });
    await assertUnavailable(() => credential.apply(fakeRequest()), message);
  }
});

test('the container endpoint is asked with the token of its file', async () => {
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/var/pod-token',
  };
  const files = { '/var/pod-token': 'pod-jwt\n' };
  const environment = fakeEnvironment({ env, files, answer: () => endpointAnswer('ASIAPOD') });
  assert.equal(await signedBy(create(environment)), 'ASIAPOD metadata-token');
  assert.equal(environment.calls[0]?.headers['authorization'], 'pod-jwt');
  assert.equal(environment.calls[0]?.allowLocal, true);
});

test('the ECS endpoint is reached at its fixed address; a foreign plain URL is refused', async () => {
  const relative = fakeEnvironment({
    env: { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1' },
    answer: () => endpointAnswer('ASIAECS'),
  });
  assert.equal(await signedBy(create(relative)), 'ASIAECS metadata-token');
  assert.equal(relative.calls[0]?.url, 'http://169.254.170.2/v2/credentials/1');
  for (const uri of ['http://evil.test/x', 'http://169.254.170.2.evil.test/', 'file:///etc/passwd']) {
    const environment = fakeEnvironment({ env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri } });
    await assertUnavailable(() => create(environment).apply(fakeRequest()), /AWS_CONTAINER_CREDENTIALS_FULL_URI must/);
    assert.equal(environment.calls.length, 0);
  }
});

test('the instance metadata service is the last resort, by session token', async () => {
  const environment = fakeEnvironment({
    files: { '/home/ada/.aws/config': '[default]\nregion = eu-west-3' },
    answer: (call) => {
      if (call.method === 'PUT') return { body: 'session-1' };
      assert.equal(call.headers['x-aws-ec2-metadata-token'], 'session-1');
      return call.url.endsWith('/security-credentials/') ? { body: 'my-role\n' } : endpointAnswer('ASIAEC2');
    },
  });
  const credential = create(environment);
  assert.equal(await signedBy(credential), 'ASIAEC2 metadata-token');
  assert.deepEqual(
    environment.calls.map((call) => `${call.method} ${call.url} ${call.allowLocal}`),
    [
      'PUT http://169.254.169.254/latest/api/token true',
      'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ true',
      'GET http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role true',
    ],
  );
});

test('keys of an instance that have ended serve on until the service has new ones', async () => {
  let id = 'ASIAOLD';
  const environment = fakeEnvironment({
    answer: (call) => (call.url.endsWith('my-role') ? endpointAnswer(id, -60_000) : { body: 'my-role' }),
  });
  const credential = create(environment);
  assert.equal(await signedBy(credential), 'ASIAOLD metadata-token');
  id = 'ASIANEW';
  environment.clock.ms += 300_000;
  assert.equal(await signedBy(credential), 'ASIANEW metadata-token');
});

test('a chain that finds nothing says where it looked', async () => {
  const environment = fakeEnvironment({ env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  const credential = create(environment);
  await assertUnavailable(
    () => credential.apply(fakeRequest()),
    /no keys were found in the environment, the shared files/,
  );
  assert.equal(environment.calls.length, 0);
});

test('a place that is set up but fails ends the chain', async () => {
  const environment = fakeEnvironment({
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/gone', AWS_ROLE_ARN: 'r' },
    files: { '/home/ada/.aws/credentials': '[default]\naws_access_key_id=OTHER\naws_secret_access_key=s' },
  });
  await assertUnavailable(() => create(environment).apply(fakeRequest()), /a file it needs cannot be read/);
});
