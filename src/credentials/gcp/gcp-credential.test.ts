import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { before, test } from 'node:test';
import { credential as credentialSchema } from '../../config/model-credentials.ts';
import type { Credential } from '../credential.ts';
import {
  applyNow,
  assertUnavailable,
  type FakeAnswer,
  type FakeEnvironment,
  fakeEnvironment,
  fakeRequest,
  formOf,
  headerOf,
  NOON_MS,
} from '../fake-environment.test.ts';
import { createGcpCredential } from './gcp-credential.ts';

let publicKey = '';
let privateKey = '';

before(() => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  publicKey = pair.publicKey;
  privateKey = pair.privateKey;
});

function serviceAccount(rest: object = {}): string {
  return JSON.stringify({
    type: 'service_account',
    client_email: 'sa@p.iam.gserviceaccount.com',
    private_key: privateKey,
    private_key_id: 'kid-1',
    token_uri: 'https://oauth2.test/token',
    ...rest,
  });
}

const USER = { type: 'authorized_user', client_id: 'c', client_secret: 'cs-hidden', refresh_token: 'rt-hidden' };

function create(environment: FakeEnvironment, settings?: object): Credential {
  const parsed = credentialSchema.parse({ type: 'gcp', ...settings });
  assert.ok(parsed.type === 'gcp');
  return createGcpCredential(settings && parsed, environment);
}

async function authorization(credential: Credential): Promise<string | undefined> {
  const request = fakeRequest();
  await credential.apply(request);
  return headerOf(request, 'authorization');
}

function token(text: string): FakeAnswer {
  return { body: { access_token: text, expires_in: 3599, token_type: 'Bearer' } };
}

function decode(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
}

test('a service-account key signs an assertion that is swapped for a token', async () => {
  const environment = fakeEnvironment({ answer: () => token('ya29.1') });
  const credential = create(environment, { service_account: serviceAccount() });
  assert.equal(await authorization(credential), 'Bearer ya29.1');
  applyNow(credential, fakeRequest());
  const call = environment.calls[0];
  assert.equal(call?.url, 'https://oauth2.test/token');
  const { grant_type: grant, assertion = '' } = formOf(call);
  assert.equal(grant, 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [header, claims, signature = ''] = assertion.split('.');
  assert.deepEqual(decode(header), { alg: 'RS256', typ: 'JWT', kid: 'kid-1' });
  assert.deepEqual(decode(claims), {
    iss: 'sa@p.iam.gserviceaccount.com',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    aud: 'https://oauth2.test/token',
    iat: NOON_MS / 1000,
    exp: NOON_MS / 1000 + 3600,
  });
  const signed = Buffer.from(`${header}.${claims}`);
  assert.ok(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url')));
});

test('a token endpoint in the configuration wins, and a key file is read for each token', async () => {
  const environment = fakeEnvironment({ files: { '/k': serviceAccount() }, answer: () => token('a') });
  const credential = create(environment, { service_account_file: '/k', token_endpoint: 'https://proxy.test/token' });
  assert.equal(await authorization(credential), 'Bearer a');
  assert.equal(environment.calls[0]?.url, 'https://proxy.test/token');
  environment.files.set('/k', JSON.stringify({ ...USER, quota_project_id: 'payer' }));
  environment.clock.ms += 3_600_000;
  const request = fakeRequest();
  await credential.apply(request);
  assert.equal(headerOf(request, 'x-goog-user-project'), 'payer');
  assert.deepEqual(formOf(environment.calls[1]), {
    grant_type: 'refresh_token',
    client_id: 'c',
    client_secret: 'cs-hidden',
    refresh_token: 'rt-hidden',
  });
});

test('faults of a key are found when it is configured, and nothing of it is shown', async () => {
  const make = (text: string) => () => create(fakeEnvironment(), { service_account: text });
  await assertUnavailable(make('{"private_key": "hidden-key'), /the key file is not a JSON object/, ['hidden-key']);
  await assertUnavailable(make('{"type":"other"}'), /has a `type` that is none of service_account/);
  await assertUnavailable(make('{"type":"service_account"}'), /lacks `client_email` or `private_key`/);
  const bad = serviceAccount({ private_key: '-----BEGIN PRIVATE KEY-----\nhidden-key\n-----END PRIVATE KEY-----' });
  await assertUnavailable(make(bad), /not a PEM private key/, ['hidden-key']);
  await assertUnavailable(make('{"type":"authorized_user"}'), /lacks `client_id`/);
  await assertUnavailable(make('{"type":"external_account"}'), /lacks `audience`/);
  await assertUnavailable(make('{"type":"impersonated_service_account"}'), /lacks `service_account_imp/);
  await assertUnavailable(
    () => create(fakeEnvironment(), { service_account: serviceAccount(), service_account_file: '/k' }),
    /exclude each other/,
  );
});

test('workload identity: OpenID token, exchange, impersonation', async () => {
  const environment = fakeEnvironment({
    answer: (call) => {
      if (call.url === 'https://idp.test/t') return { body: { access_token: 'foreign' } };
      if (call.url === 'https://sts.googleapis.com/v1/token') return token('federated');
      assert.equal(call.headers['authorization'], 'Bearer federated');
      return { body: { accessToken: 'ya29.sa', expireTime: new Date(NOON_MS + 1_800_000).toISOString() } };
    },
  });
  const oidc = { issuer: 'https://idp.test', token_endpoint: 'https://idp.test/t', client_id: 'c', client_secret: 's' };
  const identity = { project_id: '123', pool: 'pool', provider: 'prov', oidc };
  const impersonating = create(environment, { workload_identity: { ...identity, service_account: 'sa' } });
  assert.equal(await authorization(impersonating), 'Bearer ya29.sa');
  assert.deepEqual(formOf(environment.calls[1]), {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: '//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/prov',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: 'foreign',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  });
  const last = environment.calls[2];
  assert.equal(
    last?.url,
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/sa%40123.iam.gserviceaccount.com:generateAccessToken',
  );
  assert.deepEqual(JSON.parse(last?.body ?? ''), {
    scope: ['https://www.googleapis.com/auth/cloud-platform'],
    lifetime: '3600s',
  });
  environment.clock.ms += 1_800_000;
  assert.equal(await authorization(create(environment, { workload_identity: identity })), 'Bearer federated');
});

test('an external account takes its foreign token from a file or a URL, as text or JSON', async () => {
  const account = (source: object) => ({
    service_account: JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/x',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      token_url: 'https://sts.test/v1/token',
      credential_source: source,
    }),
  });
  const environment = fakeEnvironment({
    files: { '/t': 'from-file\n' },
    answer: (call) =>
      call.url === 'http://169.254.169.254/id'
        ? { body: { value: 'from-url' } }
        : token(`for-${formOf(call)['subject_token']}`),
  });
  assert.equal(await authorization(create(environment, account({ file: '/t' }))), 'Bearer for-from-file');
  assert.equal(formOf(environment.calls[0])['subject_token_type'], 'urn:ietf:params:oauth:token-type:id_token');
  const url = {
    url: 'http://169.254.169.254/id',
    headers: { Metadata: 'True' },
    format: { type: 'json', subject_token_field_name: 'value' },
  };
  assert.equal(await authorization(create(environment, account(url))), 'Bearer for-from-url');
  assert.deepEqual(environment.calls[1]?.headers, { metadata: 'True' });
  await assertUnavailable(() => create(environment, account({ executable: {} })), /neither `file` nor `url`/);
  await assertUnavailable(() => create(environment, account({ environment_id: 'aws1', url: 'http://x' })), /neither/);
});

test('default credentials: the named file, then gcloud’s, then the metadata server', async () => {
  const answer = (call: { url: string; body?: string }) =>
    token(call.body === undefined ? 'of-metadata' : (new URLSearchParams(call.body).get('refresh_token') ?? ''));
  const gcloud = '/home/ada/.config/gcloud/application_default_credentials.json';
  const files = {
    '/named': JSON.stringify({ ...USER, refresh_token: 'named' }),
    [gcloud]: JSON.stringify({ ...USER, refresh_token: 'gcloud' }),
  };
  const env = { GOOGLE_APPLICATION_CREDENTIALS: '/named' };
  assert.equal(await authorization(create(fakeEnvironment({ env, files, answer }))), 'Bearer named');
  assert.equal(await authorization(create(fakeEnvironment({ files, answer }))), 'Bearer gcloud');
  const metadata = fakeEnvironment({ answer });
  assert.equal(await authorization(create(metadata, {})), 'Bearer of-metadata');
  const call = metadata.calls[0];
  assert.equal(call?.url, 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token');
  assert.equal(call?.headers['metadata-flavor'], 'Google');
  assert.equal(call?.allowLocal, true);
  const other = fakeEnvironment({ answer });
  await authorization(create(other, { metadata_endpoint: 'http://127.0.0.1:1' }));
  assert.match(other.calls[0]?.url ?? '', /^http:\/\/127\.0\.0\.1:1\/computeMetadata/);
});

test('without any default credentials the message says where they were looked for', async () => {
  const credential = create(fakeEnvironment());
  await assertUnavailable(() => credential.apply(fakeRequest()), /no key file, and the metadata server gives no token/);
  const missing = create(fakeEnvironment({ env: { GOOGLE_APPLICATION_CREDENTIALS: '/gone' } }));
  await assertUnavailable(() => missing.apply(fakeRequest()), /a file it needs cannot be read/);
});

test('impersonation by a key file goes through the caller’s token', async () => {
  const file = {
    type: 'impersonated_service_account',
    service_account_impersonation_url: 'https://iam.test/sa:generateAccessToken',
    source_credentials: USER,
    delegates: ['d1'],
  };
  const environment = fakeEnvironment({
    answer: (call) =>
      call.url.startsWith('https://iam.test')
        ? { body: { accessToken: 'sa', expireTime: new Date(NOON_MS + 60_000).toISOString() } }
        : token('caller'),
  });
  assert.equal(await authorization(create(environment, { service_account: JSON.stringify(file) })), 'Bearer sa');
  assert.equal(environment.calls[1]?.headers['authorization'], 'Bearer caller');
  assert.deepEqual(JSON.parse(environment.calls[1]?.body ?? '').delegates, ['d1']);
});

test('a refusal of the refresh token shows neither it nor the client secret', async () => {
  const environment = fakeEnvironment({
    answer: () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'rt-hidden cs-hidden expired' } }),
  });
  const credential = create(environment, { service_account: JSON.stringify(USER) });
  await assertUnavailable(() => credential.apply(fakeRequest()), /answered 400 \(invalid_grant\)/, [
    'rt-hidden',
    'cs-hidden',
  ]);
});
