import assert from 'node:assert/strict';
import test from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import { credentialFromRequest, credentialPlaces } from './credentials-from-request.ts';

const USUAL = credentialPlaces();

function find(rawHeaders: string[], query = '', places = USUAL) {
  return credentialFromRequest({ rawHeaders, query }, places);
}

function refusal(rawHeaders: string[], query = '', places = USUAL): string {
  try {
    find(rawHeaders, query, places);
  } catch (error) {
    if (GatewayError.is(error) && error.code === 'unauthenticated') return error.publicMessage;
  }
  return 'not refused';
}

test('keys stand where the official SDKs put them', () => {
  assert.deepEqual(find(['Authorization', 'Bearer abc']), {
    kind: 'bearer',
    text: 'abc',
    place: 'the header authorization',
  });
  assert.equal(find(['authorization', 'bearer  abc '])?.text, 'abc');
  assert.deepEqual(find(['X-Api-Key', 'abc']), { kind: 'key', text: 'abc', place: 'the header x-api-key' });
  assert.equal(find(['api-key', 'abc'])?.text, 'abc');
  assert.equal(find(['x-goog-api-key', 'abc'])?.text, 'abc');
  assert.deepEqual(find([], '?alt=sse&key=a%2Bc'), { kind: 'key', text: 'a+c', place: 'the query parameter key' });
});

test('what is no credential of the gateway is none', () => {
  for (const headers of [
    [],
    ['x-other', 'abc'],
    ['authorization', ''],
    ['authorization', 'Bearer '],
    ['authorization', 'AWS4-HMAC-SHA256 Credential=x'],
    ['authorization', 'Basic dTpw'],
    ['authorization', 'abc'],
    ['x-api-key', ''],
    ['cookie', 'key=abc'],
  ]) {
    assert.equal(find(headers), undefined, headers.join(': '));
  }
  assert.equal(find([], '?keys=abc&xkey=abc&key='), undefined);
});

test('the same key in several places is one key', () => {
  const found = find(['x-api-key', 'abc', 'authorization', 'Bearer abc', 'Authorization', 'Bearer abc'], '?key=abc');
  assert.equal(found?.place, 'the header x-api-key');
});

test('two different credentials are refused, wherever they stand', () => {
  const message =
    'Two different credentials were sent, in the header authorization and in the header x-api-key; send one.';
  assert.equal(refusal(['authorization', 'Bearer abc', 'x-api-key', 'abd']), message);
  assert.match(refusal(['authorization', 'Bearer a', 'authorization', 'Bearer b']), /^Two different/);
  assert.match(refusal(['x-api-key', 'a'], '?key=b'), /the query parameter key/);
  assert.match(refusal([], '?key=a&key=b'), /^Two different/);
});

test('named places take the place of the usual ones', () => {
  const places = credentialPlaces({ headers: ['X-Client-Key'], query: ['token'], cookies: ['session'] });
  assert.equal(find(['authorization', 'Bearer abc', 'x-api-key', 'abc'], '?key=abc', places), undefined);
  assert.equal(find(['x-client-key', 'Bearer abc'], '', places)?.text, 'abc');
  assert.equal(find([], '?token=abc', places)?.text, 'abc');
  assert.deepEqual(find(['cookie', 'a=b; session=abc; c=d'], '', places), {
    kind: 'key',
    text: 'abc',
    place: 'the cookie session',
  });
  assert.match(refusal(['cookie', 'session=abc', 'x-client-key', 'abd'], '', places), /^Two different/);
  const bare = credentialPlaces({ headers: ['authorization'] });
  assert.equal(find(['authorization', 'abc'], '', bare)?.text, 'abc');
});

test('basic authentication counts where it is configured', () => {
  const places = credentialPlaces({}, { basic: true });
  const header = (text: string) => ['authorization', `Basic ${Buffer.from(text).toString('base64')}`];
  assert.deepEqual(find(header('ada:pä:ss'), '', places), {
    kind: 'basic',
    text: 'ada:pä:ss',
    place: 'the header authorization',
  });
  assert.match(refusal(header('nobody'), '', places), /no user and password/);
  const named = credentialPlaces({ headers: ['x-client-key'] }, { basic: true });
  assert.equal(find(header('ada:x'), '', named)?.kind, 'basic');
});

test('a credential has a bound', () => {
  assert.match(refusal(['x-api-key', 'x'.repeat(16 * 1024 + 1)]), /too long/);
  assert.match(refusal([], `?key=${'x'.repeat(16 * 1024 + 1)}`), /too long/);
});

test('a broken encoding is no reason to fail', () => {
  assert.equal(find([], '?key=%zz')?.text, '%zz');
});
