import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CredentialConfig, credential as credentialSchema } from '../config/model-credentials.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { AuthScheme } from '../providers/provider.ts';
import { type CredentialSpec, createCredential } from './create-credential.ts';
import { applyNow, assertUnavailable, fakeEnvironment, fakeRequest, headerOf } from './fake-environment.test.ts';

const KEY_SCHEMES = ['bearer', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;

function config(authored: unknown): CredentialConfig {
  return credentialSchema.parse(authored);
}

function spec(auth: AuthScheme, authored?: unknown, rest: Partial<CredentialSpec> = {}): CredentialSpec {
  return {
    auth,
    credential: authored === undefined ? undefined : config(authored),
    endpointHost: 'api.example.com',
    ...rest,
  };
}

function assertMissing(attempt: () => unknown, header: string): void {
  assert.throws(attempt, (error: unknown) => {
    assert.ok(GatewayError.is(error));
    assert.equal(error.code, 'missing_credential');
    assert.equal(error.status, 401);
    assert.match(error.publicMessage, /^missing upstream credential/);
    assert.ok(error.publicMessage.includes(header), error.publicMessage);
    return true;
  });
}

test('an API key goes where the provider reads it', () => {
  const expected: Record<AuthScheme, [string, string]> = {
    bearer: ['authorization', 'Bearer k-1'],
    'x-api-key': ['x-api-key', 'k-1'],
    'api-key': ['api-key', 'k-1'],
    'x-goog-api-key': ['x-goog-api-key', 'k-1'],
    'aws-sigv4': ['authorization', 'Bearer k-1'],
    'gcp-token': ['x-goog-api-key', 'k-1'],
    none: ['authorization', 'Bearer k-1'],
  };
  for (const [auth, pair] of Object.entries(expected)) {
    const credential = createCredential(
      spec(auth as AuthScheme, { type: 'api_key', key: ' k-1\n' }),
      fakeEnvironment(),
    );
    const request = fakeRequest({ headers: [] });
    applyNow(credential, request);
    assert.deepEqual(request.headers, pair, auth);
    assert.equal(credential.forwardsClientCredential, false);
  }
});

test('an API key that no header can carry is refused when it is configured', async () => {
  const make = (key: string) => () => createCredential(spec('bearer', { type: 'api_key', key }), fakeEnvironment());
  await assertUnavailable(make('secret\nx-evil: 1'), /line break/, ['secret']);
  await assertUnavailable(make(' \n'), /the key is empty/);
});

test('without a configured credential key schemes send nothing and pass nothing on', () => {
  for (const auth of [...KEY_SCHEMES, 'none'] as const) {
    const credential = createCredential(spec(auth), fakeEnvironment());
    const request = fakeRequest({ headers: [], client: { authorization: 'Bearer client' } });
    applyNow(credential, request);
    assert.deepEqual(request.headers, []);
    assert.equal(credential.forwardsClientCredential, false);
  }
});

test('pass-through leaves what the provider reads alone', () => {
  const credential = createCredential(spec('bearer', { type: 'pass_through' }), fakeEnvironment());
  assert.equal(credential.forwardsClientCredential, true);
  const request = fakeRequest({
    headers: ['authorization', 'Bearer mine', 'api-key', 'other'],
    client: { authorization: 'Bearer mine', 'api-key': 'other' },
  });
  applyNow(credential, request);
  assert.deepEqual(request.headers, ['authorization', 'Bearer mine', 'api-key', 'other']);
});

test('pass-through puts a key of another vendor’s header where the provider reads it', () => {
  const request = fakeRequest({ headers: ['authorization', 'Bearer k'], client: { authorization: 'Bearer k' } });
  applyNow(createCredential(spec('x-api-key', { type: 'pass_through' }), fakeEnvironment()), request);
  assert.deepEqual(request.headers, ['x-api-key', 'k']);
  const google = fakeRequest({ headers: ['x-goog-api-key', 'k'], client: { 'x-goog-api-key': 'k' } });
  applyNow(createCredential(spec('bearer', { type: 'pass_through' }), fakeEnvironment()), google);
  assert.deepEqual(google.headers, ['authorization', 'Bearer k']);
});

test('pass-through leaves OAuth tokens and other schemes of authorization as they are', () => {
  for (const authorization of ['Bearer eyJhbGciOi.x.y', 'Bearer sk-ant-oat01-x', 'Basic dTpw']) {
    const request = fakeRequest({ headers: ['authorization', authorization], client: { authorization } });
    applyNow(createCredential(spec('x-api-key', { type: 'pass_through' }), fakeEnvironment()), request);
    assert.deepEqual(request.headers, ['authorization', authorization]);
  }
});

test('the default headers of an override', () => {
  const azure = { type: 'azure', tenant_id: 't', client_id: 'c', client_secret: 's' };
  const rows: [CredentialSpec, string, string, string][] = [
    [spec('bearer', { type: 'api_key', key: 'own' }), 'x-aigw-api-key', 'authorization', 'Bearer v'],
    [spec('x-api-key', { type: 'api_key', key: 'own' }), 'x-aigw-anthropic-api-key', 'x-api-key', 'v'],
    [spec('api-key', { type: 'api_key', key: 'own' }), 'x-aigw-azure-api-key', 'api-key', 'v'],
    [spec('x-goog-api-key', { type: 'api_key', key: 'own' }), 'x-aigw-api-key', 'x-goog-api-key', 'v'],
    [spec('api-key', azure), 'x-aigw-azure-access-token', 'authorization', 'Bearer v'],
    [spec('gcp-token', { type: 'gcp' }), 'x-aigw-gcp-access-token', 'authorization', 'Bearer v'],
    [spec('gcp-token'), 'x-aigw-gcp-access-token', 'authorization', 'Bearer v'],
  ];
  for (const [given, header, name, value] of rows) {
    for (const fallbackToConfigured of [true, false]) {
      const credential = createCredential({ ...given, override: { fallbackToConfigured } }, fakeEnvironment());
      assert.deepEqual(credential.consumedHeaders, [header]);
      assert.equal(credential.forwardsClientCredential, false);
      const request = fakeRequest({ headers: [], client: { [header]: 'v' } });
      applyNow(credential, request);
      assert.deepEqual(request.headers, [name, value]);
    }
  }
});

test('an override falls back to the configured credential or refuses', () => {
  const configured = spec('bearer', { type: 'api_key', key: 'own' });
  const falls = createCredential({ ...configured, override: { fallbackToConfigured: true } }, fakeEnvironment());
  const request = fakeRequest({ client: { 'x-aigw-api-key': ' ' } });
  applyNow(falls, request);
  assert.equal(headerOf(request, 'authorization'), 'Bearer own');
  const refuses = createCredential({ ...configured, override: { fallbackToConfigured: false } }, fakeEnvironment());
  assertMissing(() => refuses.apply(fakeRequest()), 'x-aigw-api-key');
  const nothing = createCredential({ ...spec('bearer'), override: { fallbackToConfigured: true } }, fakeEnvironment());
  assertMissing(() => nothing.apply(fakeRequest()), 'x-aigw-api-key');
});

test('an override with a header of its own takes a bearer value too', () => {
  const credential = createCredential(
    spec(
      'x-api-key',
      { type: 'api_key', key: 'own' },
      { override: { header: 'x-my-key', fallbackToConfigured: false } },
    ),
    fakeEnvironment(),
  );
  const request = fakeRequest({ headers: [], client: { 'x-my-key': 'Bearer v' } });
  applyNow(credential, request);
  assert.deepEqual(request.headers, ['x-api-key', 'v']);
});

test('an override in front of pass-through does not send the client’s other credential along', () => {
  const credential = createCredential(
    spec('x-api-key', { type: 'pass_through' }, { override: { fallbackToConfigured: true } }),
    fakeEnvironment(),
  );
  assert.equal(credential.forwardsClientCredential, true);
  const client = { authorization: 'Bearer gateway-key', 'x-aigw-anthropic-api-key': 'v' };
  const request = fakeRequest({ headers: ['authorization', 'Bearer gateway-key'], client });
  applyNow(credential, request);
  assert.deepEqual(request.headers, ['x-api-key', 'v']);
});

test('an override for AWS signs with the request’s own keys', () => {
  const given = spec('aws-sigv4', undefined, {
    region: 'eu-central-1',
    override: { fallbackToConfigured: false },
    endpointHost: 'bedrock-runtime.eu-central-1.amazonaws.com',
  });
  const credential = createCredential(given, fakeEnvironment());
  const names = ['x-aigw-aws-access-key-id', 'x-aigw-aws-secret-access-key', 'x-aigw-aws-session-token'] as const;
  assert.deepEqual(credential.consumedHeaders, names);
  const request = fakeRequest({ client: { [names[0]]: 'AKIAX', [names[1]]: 'sec', [names[2]]: 'tok' } });
  applyNow(credential, request);
  assert.match(
    headerOf(request, 'authorization') ?? '',
    /^AWS4-HMAC-SHA256 Credential=AKIAX\/20260301\/eu-central-1\/bedrock\/aws4_request, /,
  );
  assert.equal(headerOf(request, 'x-amz-security-token'), 'tok');
  assertMissing(() => credential.apply(fakeRequest()), names[0]);
  assertMissing(() => credential.apply(fakeRequest({ client: { [names[0]]: 'AKIAX' } })), names[1]);
  assertMissing(() => credential.apply(fakeRequest({ client: { [names[1]]: 'sec' } })), names[0]);
});

test('half a pair of AWS keys does not fall back to the gateway’s own', () => {
  const credential = createCredential(
    spec(
      'aws-sigv4',
      { type: 'aws', access_key_id: 'AKIAOWN', secret_access_key: 'own' },
      { region: 'us-east-1', override: { header: 'x-k-', fallbackToConfigured: true } },
    ),
    fakeEnvironment(),
  );
  assertMissing(
    () => credential.apply(fakeRequest({ client: { 'x-k-access-key-id': 'AKIAX' } })),
    'x-k-secret-access-key',
  );
  const request = fakeRequest();
  applyNow(credential, request);
  assert.match(headerOf(request, 'authorization') ?? '', /Credential=AKIAOWN\//);
});
