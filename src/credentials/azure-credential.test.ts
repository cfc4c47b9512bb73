import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credential as credentialSchema } from '../config/model-credentials.ts';
import { createAzureCredential } from './azure-credential.ts';
import type { Credential } from './credential.ts';
import {
  applyNow,
  assertUnavailable,
  type FakeEnvironment,
  fakeEnvironment,
  fakeRequest,
  formOf,
  headerOf,
} from './fake-environment.test.ts';

function create(environment: FakeEnvironment, settings: object): Credential {
  const parsed = credentialSchema.parse({ type: 'azure', tenant_id: 'ten/ant', client_id: 'app', ...settings });
  assert.ok(parsed.type === 'azure');
  return createAzureCredential(parsed, environment);
}

async function authorization(credential: Credential): Promise<string | undefined> {
  const request = fakeRequest();
  await credential.apply(request);
  return headerOf(request, 'authorization');
}

test('a client secret gets a token that serves until shortly before its end', async () => {
  let count = 0;
  const environment = fakeEnvironment({
    answer: () => ({ body: { access_token: `t${++count}`, expires_in: '3599' } }),
  });
  const credential = create(environment, { client_secret: 's3cret' });
  assert.equal(await authorization(credential), 'Bearer t1');
  applyNow(credential, fakeRequest());
  assert.equal(environment.calls[0]?.url, 'https://login.microsoftonline.com/ten%2Fant/oauth2/v2.0/token');
  assert.deepEqual(formOf(environment.calls[0]), {
    grant_type: 'client_credentials',
    client_id: 'app',
    scope: 'https://cognitiveservices.azure.com/.default',
    client_secret: 's3cret',
  });
  environment.clock.ms += 3_599_000;
  assert.equal(await authorization(credential), 'Bearer t2');
});

test('a federated token file is read for each token', async () => {
  const environment = fakeEnvironment({
    files: { '/t': 'jwt-1' },
    answer: (call) => ({ body: { access_token: `for-${formOf(call)['client_assertion']}`, expires_in: 60 } }),
  });
  const credential = create(environment, { federated_token_file: '/t', authority: 'https://login.test/' });
  assert.equal(await authorization(credential), 'Bearer for-jwt-1');
  assert.equal(environment.calls[0]?.url, 'https://login.test/ten%2Fant/oauth2/v2.0/token');
  assert.equal(
    formOf(environment.calls[0])['client_assertion_type'],
    'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  );
  environment.files.set('/t', 'jwt-2');
  environment.clock.ms += 60_000;
  assert.equal(await authorization(credential), 'Bearer for-jwt-2');
  environment.files.set('/t', ' \n');
  environment.clock.ms += 60_000;
  await assertUnavailable(() => credential.apply(fakeRequest()), /its token file is empty/);
});

test('the token file of AKS workload identity counts when nothing is configured', async () => {
  const environment = fakeEnvironment({
    env: { AZURE_FEDERATED_TOKEN_FILE: '/aks' },
    files: { '/aks': 'aks-jwt' },
    answer: (call) => ({ body: { access_token: formOf(call)['client_assertion'] ?? '' } }),
  });
  assert.equal(await authorization(create(environment, {})), 'Bearer aks-jwt');
});

test('an OpenID provider’s token is the assertion', async () => {
  const environment = fakeEnvironment({
    answer: (call) =>
      call.url === 'https://idp.test/t'
        ? { body: { access_token: 'foreign' } }
        : { body: { access_token: `for-${formOf(call)['client_assertion']}` } },
  });
  const oidc = { issuer: 'https://idp.test', token_endpoint: 'https://idp.test/t', client_id: 'c', client_secret: 's' };
  assert.equal(await authorization(create(environment, { oidc })), 'Bearer for-foreign');
});

test('no way or two ways are refused when they are configured', async () => {
  await assertUnavailable(() => create(fakeEnvironment(), {}), /set `client_secret`, `federated_token_file` or `oidc`/);
  await assertUnavailable(
    () => create(fakeEnvironment(), { client_secret: 'hidden', federated_token_file: '/t' }),
    /exclude each other/,
    ['hidden'],
  );
});

test('a refusal names Entra and no secret; a token no header can carry is one', async () => {
  const environment = fakeEnvironment({
    answer: () => ({
      status: 401,
      body: { error: 'invalid_client', error_description: 'AADSTS7000215: not hidden-1' },
    }),
  });
  const credential = create(environment, { client_secret: 'hidden-1' });
  await assertUnavailable(
    () => credential.apply(fakeRequest()),
    /^The Azure Entra .* answered 401 \(invalid_client\)/,
    ['hidden-1'],
  );
  environment.clock.ms += 1_000;
  environment.answer = () => ({ body: { access_token: 'a\r\nx-evil: 1' } });
  await assertUnavailable(() => credential.apply(fakeRequest()), /not one a header can carry/, ['x-evil']);
});
