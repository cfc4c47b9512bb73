import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OidcConfig } from '../config/model-credentials.ts';
import { Secret } from '../config/secret.ts';
import { assertUnavailable, type FakeAnswer, fakeEnvironment, formOf } from './fake-environment.test.ts';
import { fetchOidcToken } from './oidc-token.ts';

function oidc(rest: Partial<OidcConfig> = {}): OidcConfig {
  return {
    issuer: 'https://idp.test/realm/',
    client_id: 'my client',
    client_secret: new Secret('s:e&cret'),
    scopes: [],
    grant_type: 'client_credentials',
    ...rest,
  };
}

function provider(metadata: object): (call: { url: string }) => FakeAnswer {
  return ({ url }) =>
    url.includes('.well-known') ? { body: metadata } : { body: { access_token: 'at', token_type: 'bearer' } };
}

test('the token endpoint is discovered, the client proves itself by Basic with form encoding', async () => {
  const environment = fakeEnvironment({ answer: provider({ token_endpoint: 'https://idp.test/token' }) });
  const config = oidc({ scopes: ['a', 'b'], audience: 'aud' });
  assert.equal(await fetchOidcToken(config, 'AWS', environment), 'at');
  assert.equal(environment.calls[0]?.url, 'https://idp.test/realm/.well-known/openid-configuration');
  const call = environment.calls[1];
  assert.equal(call?.url, 'https://idp.test/token');
  assert.equal(call?.headers['authorization'], `Basic ${Buffer.from('my+client:s%3Ae%26cret').toString('base64')}`);
  assert.deepEqual(formOf(call), { grant_type: 'client_credentials', scope: 'a b', audience: 'aud' });
});

test('a provider that takes the secret in the body only gets it there', async () => {
  const metadata = {
    token_endpoint: 'https://idp.test/token',
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
  };
  const environment = fakeEnvironment({ answer: provider(metadata) });
  await fetchOidcToken(oidc(), 'AWS', environment);
  assert.equal(environment.calls[1]?.headers['authorization'], undefined);
  assert.deepEqual(formOf(environment.calls[1]), {
    grant_type: 'client_credentials',
    client_id: 'my client',
    client_secret: 's:e&cret',
  });
});

test('a named token endpoint needs no discovery; an id_token serves too', async () => {
  const environment = fakeEnvironment({ answer: () => ({ body: { id_token: 'it' } }) });
  assert.equal(await fetchOidcToken(oidc({ token_endpoint: 'https://idp.test/t' }), 'AWS', environment), 'it');
  assert.equal(environment.calls.length, 1);
});

test('what goes wrong at the provider', async () => {
  const get = (metadata: object) => () =>
    fetchOidcToken(oidc(), 'Google Cloud', fakeEnvironment({ answer: provider(metadata) }));
  await assertUnavailable(get({}), /names no token endpoint; set `token_endpoint`/);
  await assertUnavailable(get({ token_endpoint: 'nonsense' }), /names no token endpoint/);
  await assertUnavailable(get({ token_endpoint: 'http://idp.test/token' }), /without TLS/);
  await assertUnavailable(get({ token_endpoint: 'https://127.0.0.1/token' }), /own machine/);
  const refusing = fakeEnvironment({
    answer: () => ({ status: 401, body: 's:e&cret bXkrY2xpZW50OnMlM0FlJTI2Y3JldA==' }),
  });
  await assertUnavailable(
    () => fetchOidcToken(oidc({ token_endpoint: 'https://idp.test/t' }), 'Azure Entra', refusing),
    /^The Azure Entra credential is unavailable: the OpenID provider answered 401\.$/,
    ['s:e&cret', 'bXkrY2xpZW50OnMlM0FlJTI2Y3JldA=='],
  );
  const empty = fakeEnvironment({ answer: () => ({ body: {} }) });
  await assertUnavailable(
    () => fetchOidcToken(oidc({ token_endpoint: 'https://idp.test/t' }), 'AWS', empty),
    /issued no token/,
  );
});
