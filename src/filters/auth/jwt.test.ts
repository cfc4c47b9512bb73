import assert from 'node:assert/strict';
import test from 'node:test';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { GatewayError } from '../../errors/gateway-error.ts';
import { ASYMMETRIC_ALGORITHMS, createJwtVerifier, type JwtProvider, type VerifiedJwt } from './jwt.ts';

const ISSUER = 'https://issuer.example';
const START = Date.parse('2026-11-22T08:00:00Z');

async function signingKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
  const sign = (claims: JWTPayload = {}, header: object = { kid }) =>
    new SignJWT({ iss: ISSUER, sub: 'ada', exp: START / 1000 + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', ...header })
      .sign(privateKey);
  return { jwk, sign };
}

const [first, second] = await Promise.all([signingKey('one'), signingKey('two')]);

const keySet = (...keys: { jwk: object }[]) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });

interface World {
  nowMs: number;
  keys: string | Error;
  fetches: number;
}

function verifier(overrides: Partial<JwtProvider> = {}, keys: string | Error = keySet(first)) {
  const world: World = { nowMs: START, keys, fetches: 0 };
  const provider: JwtProvider = {
    issuer: ISSUER,
    audiences: [],
    keys: { kind: 'remote', url: 'https://issuer.example/keys' },
    algorithms: ASYMMETRIC_ALGORITHMS,
    clockToleranceMs: 0,
    ...overrides,
  };
  const made = createJwtVerifier([provider], {
    now: () => world.nowMs,
    async fetchText() {
      world.fetches += 1;
      if (world.keys instanceof Error) throw world.keys;
      return world.keys;
    },
  });
  return { world, verify: async (token: string): Promise<VerifiedJwt> => made.verify(token), made };
}

async function failure(verify: (token: string) => Promise<VerifiedJwt>, token: string): Promise<string> {
  try {
    await verify(token);
  } catch (error) {
    if (GatewayError.is(error)) return `${error.status} ${error.publicMessage}`;
    throw error;
  }
  return 'accepted';
}

test('a token that holds yields its claims, the second time at once', async () => {
  const { made, world } = verifier();
  const token = await first.sign({ org: 'acme' });
  const pending = made.verify(token);
  assert.ok(pending instanceof Promise);
  assert.equal(made.verify(token), pending, 'one verification for requests at the same time');
  const result = await pending;
  assert.deepEqual([result.issuer, result.claims['sub'], result.claims['org']], [ISSUER, 'ada', 'acme']);
  assert.equal(made.verify(token), result);
  assert.equal(world.fetches, 1);
});

test('what does not hold is refused, and why', async () => {
  const { verify } = verifier({ audiences: ['gateway'] });
  const ours = { aud: 'gateway' };
  assert.equal(await failure(verify, await first.sign(ours)), 'accepted');
  assert.equal(await failure(verify, await first.sign({ aud: ['a', 'gateway'] })), 'accepted');
  assert.equal(await failure(verify, await first.sign()), '401 The token is not meant for this service.');
  assert.equal(await failure(verify, await first.sign({ ...ours, exp: START / 1000 })), '401 The token has expired.');
  assert.equal(
    await failure(verify, await first.sign({ ...ours, nbf: START / 1000 + 1 })),
    '401 The token is not valid yet.',
  );
  assert.equal(
    await failure(verify, await first.sign({ ...ours, iss: 'https://other.example' })),
    '401 The token comes from an issuer that is not trusted here.',
  );
  assert.equal(await failure(verify, 'abc'), '401 The token is not a JSON web token.');
  assert.equal(await failure(verify, 'x'.repeat(20_000)), '401 The token is too long.');
  const [header, , signature] = (await first.sign(ours)).split('.');
  const forged = Buffer.from(JSON.stringify({ iss: ISSUER, aud: 'gateway', exp: START })).toString('base64url');
  assert.equal(await failure(verify, `${header}.${forged}.${signature}`), '401 The token is not valid.');
});

test('a token must expire', async () => {
  const { verify } = verifier();
  const claims: JWTPayload = {};
  Object.assign(claims, { exp: undefined });
  assert.equal(await failure(verify, await first.sign(claims)), '401 The token has no time of expiry.');
});

test('neither "none" nor a symmetric algorithm passes', async () => {
  const { verify } = verifier();
  const body = Buffer.from(JSON.stringify({ iss: ISSUER, exp: START })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.equal(await failure(verify, `${none}.${body}.`), '401 The token is not valid.');
  const secret = new TextEncoder().encode(first.jwk.x ?? '');
  const symmetric = await new SignJWT({ iss: ISSUER, exp: START / 1000 + 60 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret);
  assert.equal(await failure(verify, symmetric), '401 The token is not valid.');
});

test('a verified token is verified until it expires, and not for long once its key is gone', async () => {
  const { made, world, verify } = verifier({ clockToleranceMs: 5000 });
  const token = await first.sign({ exp: START / 1000 + 60 });
  await verify(token);
  world.nowMs = START + 64_999;
  assert.ok(!(made.verify(token) instanceof Promise));
  world.nowMs = START + 65_000;
  assert.equal(await failure(verify, token), '401 The token has expired.');

  const long = await first.sign({ exp: START / 1000 + 86_400 });
  await verify(long);
  world.keys = keySet(second);
  world.nowMs += 400_000;
  await verify(long);
  world.nowMs += 400_000;
  assert.equal(await failure(verify, long), '401 The token is not valid.');
});

test('an unknown key id fetches the keys, but not at every request', async () => {
  const { world, verify } = verifier();
  await verify(await first.sign());
  world.keys = keySet(first, second);
  world.nowMs += 20_000;
  await verify(await second.sign());
  assert.equal(world.fetches, 2);
  const foreign = await signingKey('three');
  for (let index = 0; index < 5; index++) {
    assert.equal(await failure(verify, await foreign.sign({ jti: String(index) })), '401 The token is not valid.');
  }
  assert.equal(world.fetches, 2);
});

test('keys that cannot be had are not the client’s fault', async () => {
  const { world, verify } = verifier({}, new Error('refused'));
  const token = await first.sign();
  const message = '503 The keys that tokens are checked with cannot be had at the moment.';
  assert.equal(await failure(verify, token), message);
  assert.equal(await failure(verify, token), message);
  assert.equal(world.fetches, 1, 'a failure stands for a while');
  world.keys = keySet(first);
  world.nowMs += 10_000;
  assert.equal(await failure(verify, token), 'accepted');
  // Once known, old keys serve while new ones cannot be fetched.
  world.keys = new Error('refused');
  world.nowMs += 301_000;
  assert.equal(await failure(verify, await first.sign({ jti: 'x' })), 'accepted');
  assert.equal(await failure(verify, await second.sign()), message);
});

test('a token without a key id is checked with each key', async () => {
  const { verify } = verifier({}, keySet(first, second));
  assert.equal(await failure(verify, await second.sign({}, {})), 'accepted');
  const foreign = await signingKey('three');
  assert.equal(await failure(verify, await foreign.sign({}, {})), '401 The token is not valid.');
});

test('a local key set needs no fetch; one that is none is refused at once', async () => {
  const { world, verify } = verifier({ keys: { kind: 'local', keySet: keySet(first) } });
  assert.equal(await failure(verify, await first.sign()), 'accepted');
  assert.equal(await failure(verify, await second.sign()), '401 The token is not valid.');
  assert.equal(world.fetches, 0);
  assert.throws(() => verifier({ keys: { kind: 'local', keySet: '{' } }), /the key set is not JSON/);
  assert.throws(() => verifier({ keys: { kind: 'local', keySet: '[]' } }), /no list `keys`/);
});
