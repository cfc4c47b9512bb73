import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { GatewayError } from '../errors/gateway-error.ts';
import { assertUnavailable, type FakeAnswer, fakeEnvironment } from './fake-environment.test.ts';
import { requestJson, type TokenRequest, xmlText } from './token-request.ts';

const REQUEST: TokenRequest = {
  kind: 'Azure Entra',
  service: 'the token endpoint',
  method: 'POST',
  url: 'https://login.example.com/token?code=in-the-query',
  body: 'client_secret=hunter22',
  secrets: ['hunter22'],
};

function failWith(answer: FakeAnswer): Promise<unknown> {
  return requestJson(fakeEnvironment({ answer: () => answer }), REQUEST);
}

test('a refusal names the status and the error, and what the service echoes stays hidden', async () => {
  const body = { error: 'invalid_client', error_description: 'bad secret hunter22 and eyJhbGciOi.eyJzdWIi.c2ln given' };
  await assertUnavailable(
    () => failWith({ status: 401, body }),
    /^The Azure Entra credential is unavailable: the token endpoint answered 401 \(invalid_client\)\.$/,
    ['hunter22', 'eyJzdWIi', 'in-the-query'],
  );
});

test('the log gets the description of a refusal', async () => {
  const error = await failWith({
    status: 400,
    body: { error: 'x', error_description: 'AADSTS700016: no such app' },
  }).catch((reason: unknown) => reason);
  assert.match(inspect(GatewayError.from(error).cause), /https:\/\/login\.example\.com\/token: 400 .*AADSTS700016/);
});

test('an error name that is no name is not shown', async () => {
  await assertUnavailable(() => failWith({ status: 400, body: { error: 'a b<c>' } }), /answered 400\.$/);
  await assertUnavailable(() => failWith({ status: 400, body: { error: 'eyJhbGciOi.eyJzdWIi' } }), /answered 400\.$/);
});

test('names of Google and AWS errors are found', async () => {
  await assertUnavailable(
    () => failWith({ status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } }),
    /403 \(PERMISSION_DENIED\)/,
  );
  await assertUnavailable(
    () => failWith({ status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' }),
    /403 \(AccessDenied\)/,
  );
});

test('a redirect is a failure', async () => {
  await assertUnavailable(() => failWith({ status: 307, body: '' }), /answered 307\.$/);
});

test('an unreachable service is told from a refusing one', async () => {
  await assertUnavailable(() => failWith(new Error('ECONNREFUSED')), /the token endpoint cannot be reached\.$/);
});

test('an answer that is no JSON object is not quoted', async () => {
  await assertUnavailable(() => failWith({ body: 'token-in-plain-text' }), /did not answer with a JSON object/, [
    'token-in',
  ]);
  await assertUnavailable(() => failWith({ body: '["a"]' }), /did not answer with a JSON object/);
});

test('XML texts are found and unescaped', () => {
  assert.equal(xmlText('<A><B> x&amp;lt; </B></A>', 'B'), 'x&lt;');
  assert.equal(xmlText('<A></A>', 'B'), undefined);
  assert.equal(xmlText('<B>x', 'B'), undefined);
});

test('loopback is let through where the URL names it, not where a name might resolve to it', async () => {
  const rows: [string, boolean | undefined][] = [
    ['http://127.0.0.1:8080/token', true],
    ['http://[::1]/token', true],
    ['http://localhost/token', true],
    ['https://127.0.0.1.example.com/token', undefined],
    ['https://login.example.com/127.0.0.1', undefined],
  ];
  for (const [url, allowLocal] of rows) {
    const environment = fakeEnvironment({ answer: () => ({ body: {} }) });
    await requestJson(environment, { ...REQUEST, url });
    assert.equal(environment.calls[0]?.allowLocal, allowLocal, url);
  }
});
