import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import { createMockServer, type MockServer } from '../../src/mock/server.ts';
import { postJson } from '../support/raw-client.ts';
import { startManifests } from './start-manifests.ts';

async function startMock(options: Parameters<typeof createMockServer>[0]): Promise<{ mock: MockServer; port: number }> {
  const mock = createMockServer({ strict: true, seed: 1, ...options });
  after(() => mock.close());
  const { port } = await mock.listen();
  return { mock, port };
}

const pair = generateKeyPairSync('ed25519');
const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA', use: 'sig' };

/** A token of the house, signed unless another key is given. */
function token(claims: JsonObject, key = pair.privateKey): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = {
    iss: 'https://login.test',
    aud: 'models',
    sub: 'ada',
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims,
  };
  const text = `${encode({ alg: 'EdDSA', kid: 'k1', typ: 'JWT' })}.${encode(body)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

const steady = await startMock({ recordLimit: 10_000 });
const failing = await startMock({ faults: [{ kind: '500', probability: 1 }] });
const running = await startManifests({ after }, 'policies.yaml', {
  env: {
    STEADY_PORT: String(steady.port),
    FAILING_PORT: String(failing.port),
    ADA_KEY: 'key-of-ada',
    HTPASSWD: `ada:{SHA}${createHash('sha1').update('open sesame').digest('base64')}`,
    JWKS: JSON.stringify({ keys: [jwk] }),
  },
});

interface Ask {
  host: string;
  model?: string;
  headers?: Record<string, string>;
  path?: string;
}

async function ask({ host, model = 'any', headers = {}, path = '/v1/chat/completions' }: Ask) {
  const from = steady.mock.requests.length;
  const got = await postJson(running.port, path, {
    body: { model, max_tokens: 10, messages: [{ role: 'user', content: 'Hello' }] },
    headers: { host, ...headers },
  });
  return {
    status: got.status,
    text: got.body.toString('utf8'),
    cluster: got.headers['x-aigw-cluster'],
    attempts: got.headers['x-aigw-attempts'],
    retryAfter: got.headers['retry-after'],
    requests: steady.mock.requests.slice(from),
  };
}

/** Statuses of several requests, one after the other. */
async function statuses(times: number, request: Ask): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < times; index++) all.push((await ask(request)).status);
  return all;
}

test('only what is really not supported is warned of', () => {
  assert.deepEqual(
    running.loaded.warnings.map(({ path, message }) => `${path}: ${message}`),
    [
      'SecurityPolicy default/tokens: spec.jwt.providers[0].claimToHeaders: limits and matches read the claims; providers are not told of them in headers',
    ],
  );
});

test('apiKeyAuth: no key and a wrong one get 401, a right one passes and does not reach the provider', async () => {
  const request = { host: 'keys.test', model: 'billed' };
  const none = await ask(request);
  assert.deepEqual([none.status, none.requests.length], [401, 0]);
  assert.equal((await ask({ ...request, headers: { 'x-client-key': 'wrong' } })).status, 401);
  // The usual place does not count where the policy names others.
  assert.equal((await ask({ ...request, headers: { authorization: 'Bearer key-of-cid' } })).status, 401);
  const right = await ask({ ...request, headers: { 'x-client-key': 'key-of-cid', 'x-client': 'somebody-else' } });
  assert.equal(right.status, 200, right.text);
  assert.doesNotMatch(JSON.stringify(right.requests), /key-of-cid/);
  assert.equal(right.requests[0]?.headers['x-client'], 'cid');
  const inQuery = await ask({ ...request, path: '/v1/chat/completions?key=key-of-cid' });
  assert.equal(inQuery.status, 200, inQuery.text);
  assert.doesNotMatch(JSON.stringify(inQuery.requests), /key-of-cid/);
});

test('a route takes the client that it names, whatever the header says', async () => {
  const mine = (key: string) =>
    ask({ host: 'keys.test', model: 'mine', headers: { 'x-client-key': key, 'x-client': 'ada' } });
  assert.equal((await mine('key-of-ada')).status, 200);
  assert.equal((await mine('key-of-bob')).status, 404);
});

test('basicAuth: users of .htpasswd', async () => {
  const withUser = (text: string) =>
    ask({ host: 'users.test', headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
  assert.equal((await ask({ host: 'users.test' })).status, 401);
  assert.equal((await withUser('ada:wrong')).status, 401);
  assert.equal((await withUser('bob:open sesame')).status, 401);
  const right = await withUser('ada:open sesame');
  assert.equal(right.status, 200, right.text);
  assert.equal(right.requests[0]?.headers['authorization'], 'Bearer key-of-the-house');
});

test('jwt: issuer, audience, signature; limits count by the claim, not by the header', async () => {
  const withToken = (text: string, headers: Record<string, string> = {}) =>
    ask({ host: 'tokens.test', headers: { authorization: `Bearer ${text}`, ...headers } });
  assert.equal((await ask({ host: 'tokens.test' })).status, 401);
  assert.equal((await withToken(token({ aud: 'other' }))).status, 401);
  assert.equal((await withToken(token({ iss: 'https://else.test' }))).status, 401);
  assert.equal((await withToken(token({}, generateKeyPairSync('ed25519').privateKey))).status, 401);
  const red = token({ org: { team: 'red' } });
  for (const [index, status] of [200, 200, 429].entries()) {
    assert.equal((await withToken(red, { 'x-team': `made-up-${index}` })).status, status, `request ${index}`);
  }
  assert.equal((await withToken(token({ org: { team: 'blue' } }))).status, 200);
});

test('a token limit by client: used up for one, open for the other', async () => {
  const request = (key: string) => ({ host: 'keys.test', model: 'metered', headers: { 'x-client-key': key } });
  let last = await ask(request('key-of-ada'));
  for (let index = 0; index < 50 && last.status === 200; index++) last = await ask(request('key-of-ada'));
  assert.equal(last.status, 429, last.text);
  assert.equal(last.requests.length, 0);
  assert.ok(Number(last.retryAfter) > 0, last.retryAfter);
  assert.equal((await ask(request('key-of-bob'))).status, 200);
});

test('the route’s own cost of a key holds before the Gateway’s: 50 of 100 a request', async () => {
  const request = { host: 'keys.test', model: 'billed', headers: { 'x-client-key': 'key-of-bob' } };
  assert.deepEqual(await statuses(4, request), [200, 200, 429, 429]);
});

test('local limits: the default bucket counts those that no rule does', async () => {
  const gold = { host: 'local.test', headers: { 'x-tier': 'gold' } };
  assert.deepEqual(await statuses(4, gold), [200, 200, 200, 429]);
  assert.deepEqual(await statuses(2, { host: 'local.test' }), [200, 429]);
});

test('QuotaPolicy: a backend whose quota is used up is passed over', async () => {
  const clusters = async (times: number, headers: Record<string, string>) => {
    const found: unknown[] = [];
    for (let index = 0; index < times; index++) {
      const { status, cluster, requests, text } = await ask({ host: 'quota.test', headers });
      assert.equal(status, 200, text);
      found.push([cluster, (JSON.parse(requests[0]?.body ?? '{}') as JsonObject)['model']]);
    }
    return found;
  };
  const dear = ['default/dear', 'large'];
  const cheap = ['default/steady', 'small'];
  assert.deepEqual(await clusters(3, {}), [dear, dear, cheap]);
  // A bucket of their own decides for those that a rule takes.
  assert.deepEqual(await clusters(4, { 'x-tier': 'gold' }), [dear, dear, dear, cheap]);
  // It is one quota for all routes, and a route without another backend refuses.
  const refused = await ask({ host: 'strict.test' });
  assert.deepEqual([refused.status, refused.requests.length], [429, 0], refused.text);
});

test('retry goes on to Backend.fallback, and passive checks eject what keeps failing', async () => {
  const attempts: (string | undefined)[] = [];
  for (let index = 0; index < 5; index++) {
    const reached = await ask({ host: 'fragile.test' });
    assert.deepEqual([reached.status, reached.cluster], [200, 'default/spare'], reached.text);
    attempts.push(reached.attempts);
  }
  assert.deepEqual(attempts, ['2', '2', '2', '1', '1']);
  assert.equal(failing.mock.requests.length, 3);
});
