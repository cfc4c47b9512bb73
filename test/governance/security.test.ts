import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { startGateway, temporaryFolder } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';
import { type ClientAnswer, type ClientCall, chatBody, createClients, tally } from './support/clients.ts';
import { startCountingProvider } from './support/counting-provider.ts';
import { HMAC_SECRET, issueKey, withKeyStore } from './support/issue-keys.ts';
import { nextKey } from './support/next-key.ts';
import { readLedger } from './support/read-ledger.ts';

/** A gateway with a ledger, before a provider that remembers what it was sent. */
async function start(t: TestContext, file: string, prepare?: (ledger: string) => Promise<void>) {
  const provider = await startCountingProvider(t, { bill: () => ({ input: 8, output: 10 }), keep: 1000 });
  const folder = temporaryFolder(t);
  const ledger = join(folder, 'ledger.db');
  await prepare?.(ledger);
  const accessLog = join(folder, 'all.log');
  const gateway = await startGateway(
    t,
    `stores: { ledger: { sqlite: "${ledger}" } }
access_log: { path: "${accessLog}" }
static_cluster:
  main: { provider: openai, endpoint: "${provider.url}/v1", api_key: upstream-key }
  own: { provider: openai, endpoint: "${provider.url}/v1", credential: { type: pass_through } }
  claude: { provider: anthropic, endpoint: "${provider.url}", credential: { type: pass_through } }
${file}`,
  );
  const clients = createClients(t);
  const send = (call: Partial<ClientCall> = {}) => clients.send({ port: gateway.port, body: chatBody(), ...call });
  return { provider, gateway, send, ledger, accessLog, folder };
}

const ROUTES = 'virtual_routes: [ { split: [ { cluster: main } ] } ]';

test('no text of a client is more than text to the database', async (t) => {
  const nasty = [
    "'; DROP TABLE aigw_usage; --",
    `" OR "1"="1`,
    '$1); DELETE FROM aigw_usage_hour; --',
    'a\\\'b"c',
    "x'||(SELECT hash FROM aigw_key LIMIT 1)||'",
  ];
  const world = await start(
    t,
    `virtual_services: [ { name: a, rate_limit: [ { by: [ end_user, model, { header: x-tenant } ], requests: 100, per: hour } ], ${ROUTES} } ]`,
  );
  for (const text of nasty) {
    const call = { headers: { 'x-tenant': text, 'x-request-id': text }, body: chatBody({ model: text, user: text }) };
    assert.equal((await world.send(call)).status, 200, text);
  }
  await world.gateway.stop();
  const lines = await readLedger(world.ledger);
  assert.deepEqual(lines.map(({ requestedModel }) => requestedModel).sort(), [...nasty].sort());
  assert.deepEqual(lines.map(({ endUser }) => endUser).sort(), [...nasty].sort());
});

test('keys that are made up, revoked, replaced or expired are refused, and told of in no way', async (t) => {
  const past = Date.now() - 1000;
  const issued: Record<string, string> = {};
  const world = await start(
    t,
    `issued_keys: { hmac_secret: ${HMAC_SECRET} }
organizations: [ { name: acme, keys: [ { name: old, key: old-key, expires: "2020-01-01T00:00:00Z" }, { name: good, key: good-key } ] } ]
virtual_services: [ { name: a, auth_filter: { api_keys: organizations }, ${ROUTES} } ]`,
    (ledger) =>
      withKeyStore(ledger, async (store) => {
        const good = await issueKey(store);
        const expired = await issueKey(store, { expiresMs: past });
        const revoked = await issueKey(store);
        await store.revoke(revoked.id, past);
        const replaced = await issueKey(store);
        const next = await store.get(replaced.id);
        await store.rotate({ id: replaced.id, version: next?.version ?? 0 }, nextKey(next), past);
        Object.assign(issued, {
          good: good.text,
          expired: expired.text,
          revoked: revoked.text,
          replaced: replaced.text,
        });
      }),
  );
  const good = issued['good'] ?? '';
  assert.deepEqual(
    [(await world.send({ key: good })).status, (await world.send({ key: 'good-key' })).status],
    [200, 200],
  );
  const wrong = [
    issued['expired'],
    issued['revoked'],
    issued['replaced'],
    'old-key',
    'good-ke',
    'good-key ',
    'GOOD-KEY',
    `${good.slice(0, -1)}${good.endsWith('a') ? 'b' : 'a'}`,
    good.slice(0, 16),
    `${good}a`,
    'x'.repeat(5000),
    '*',
    '%',
    "' OR '1'='1",
  ];
  for (const key of wrong) {
    const { status, headers, text } = await world.send({ key: key ?? '' });
    // The header is trimmed on the way, as HTTP has it.
    assert.equal(status, key === 'good-key ' ? 200 : 401, key);
    if (status !== 401) continue;
    assert.equal(headers['www-authenticate'], 'Bearer');
    assert.ok(!text.includes(key ?? ''), 'the key is not repeated');
  }
  const bare = await world.send();
  assert.deepEqual([bare.status, bare.headers['www-authenticate']], [401, 'Bearer']);
  // A key that is revoked while the gateway runs stops working.
  await withKeyStore(world.ledger, (store) => store.revoke(good.slice(5, 16), Date.now()));
  await waitFor('the key to be refused', async () => (await world.send({ key: good })).status === 401);
});

/** Everything that is written about requests, and what providers were sent. */
async function traces(world: Awaited<ReturnType<typeof start>>, answers: readonly ClientAnswer[]): Promise<string> {
  const metrics = await fetch(`http://127.0.0.1:${world.gateway.adminPort}/metrics`).then((answer) => answer.text());
  await world.gateway.stop();
  return JSON.stringify([
    metrics,
    world.gateway.log,
    readFileSync(world.accessLog, 'utf8'),
    await readLedger(world.ledger),
    world.provider.seen,
    answers,
  ]);
}

test('keys are in no log, record, error or metric, and no provider is sent them, wherever they stood', async (t) => {
  const key = 'a-key-that-nobody-may-see';
  const guess = 'a-guess-that-nobody-may-see';
  const auth = `auth_filter: { extract_from: { headers: [ authorization, x-gate, x-api-key ], query: [ token ], cookies: [ session ] }, forward_client_id: x-client, api_keys: [ { name: ada, key: ${key} } ] }`;
  const world = await start(
    t,
    `virtual_services:
  - { name: a, ${auth}, virtual_routes: [ { match: { model: own }, split: [ { cluster: own } ] }, { match: { model: claude }, split: [ { cluster: claude } ] }, { split: [ { cluster: main } ] } ] }`,
  );
  const answers: ClientAnswer[] = [];
  for (const text of [key, guess]) {
    const places: Partial<ClientCall>[] = [
      { key: text },
      { headers: { 'x-gate': text } },
      { headers: { 'X-Api-Key': text } },
      { headers: { 'x-gate': `Bearer ${text}` } },
      { headers: { cookie: `a=b; session=${text}` } },
      { path: `/v1/chat/completions?token=${text}&user=1` },
      { path: `/v1/chat/completions?TOKEN=${text}`, headers: { 'x-gate': text } },
    ];
    for (const place of places) {
      for (const model of ['m', 'own', 'claude']) {
        const body = chatBody({ model });
        answers.push(await world.send({ ...place, body, headers: { ...place.headers, 'x-client': 'someone-else' } }));
      }
    }
  }
  assert.deepEqual(Object.keys(tally(answers)), ['200', '401', '502']);
  const sent = world.provider.seen.filter(({ url }) => url.startsWith('/v1/chat'));
  assert.ok(sent.length >= 14);
  for (const { headers, url } of sent) {
    const at = headers.findIndex((name) => name.toLowerCase() === 'x-client');
    assert.equal(headers[at + 1], 'ada', 'the provider is told who asks');
    assert.equal(headers.filter((name) => name.toLowerCase() === 'x-client').length, 1);
    assert.ok(!url.includes('token') || !url.includes('TOKEN'));
  }
  const all = await traces(world, answers);
  assert.ok(!all.includes(key), `the key is seen: ${around(all, key)}`);
  assert.ok(!all.includes(guess), `the guess is seen: ${around(all, guess)}`);
});

function around(text: string, what: string): string {
  const at = text.indexOf(what);
  return text.slice(Math.max(0, at - 200), at + 100);
}

test('headers that pretend to come from the gateway or a proxy change nothing', async (t) => {
  const world = await start(
    t,
    `organizations: [ { name: acme, keys: [ { name: k, key: abc, allowed_ips: [ 10.0.0.0/8 ] }, { name: l, key: def } ] } ]
virtual_services: [ { name: a, auth_filter: { api_keys: organizations }, rate_limit: [ { by: ip, requests: 2, per: hour } ], ${ROUTES} } ]`,
  );
  const forged = (address: string) => ({
    'x-forwarded-for': address,
    'x-real-ip': address,
    forwarded: `for=${address}`,
    'cf-connecting-ip': address,
    'true-client-ip': address,
    'x-envoy-external-address': address,
    'x-aigw-organization': 'other',
    'x-aigw-key': 'other',
    'x-ai-eg-model': 'other',
    'x-aigw-request-id': 'chosen',
  });
  const answers = [];
  for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
    answers.push(await world.send({ key: 'def', headers: forged(address) }));
  }
  assert.deepEqual(tally(answers), { 200: 2, 429: 1 });
  const confined = await world.send({ key: 'abc', headers: forged('10.1.2.3') });
  assert.equal(confined.status, 403);
  assert.notEqual(answers[0]?.headers['x-aigw-request-id'], 'chosen');
  for (const { headers } of world.provider.seen) {
    const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    const leaked = names.filter((name) => /^(x-aigw-|x-ai-eg-|x-forwarded-|x-envoy-|forwarded$|x-real-ip)/.test(name));
    assert.deepEqual(leaked, []);
  }
  await world.gateway.stop();
  const lines = await readLedger(world.ledger);
  assert.deepEqual([...new Set(lines.map(({ organization }) => organization))], ['acme']);
});

async function signer(issuer: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  const now = Math.floor(Date.now() / 1000);
  const claims = (own: JWTPayload): JWTPayload => ({ iss: issuer, sub: 'ada', aud: 'gateway', exp: now + 600, ...own });
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    sign: (own: JWTPayload = {}) =>
      new SignJWT(claims(own)).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey),
    unsigned: () => new UnsecuredJWT(claims({})).encode(),
    publicKey: JSON.stringify(jwk),
    now,
  };
}

test('tokens hold only as the service that is asked says', async (t) => {
  const [first, second] = await Promise.all([signer('https://first.example'), signer('https://second.example')]);
  const provider = (issuer: string, jwks: string, audience: string) =>
    `{ issuer: "https://${issuer}.example", audiences: [ ${audience} ], jwks: { inline: '${jwks}' }, claims: { organization: org, team: team } }`;
  const world = await start(
    t,
    `organizations: [ { name: acme, teams: [ { name: search } ] } ]
virtual_services:
  - { name: a, domains: [ a ], auth_filter: { jwt: [ ${provider('first', first.jwks, 'gateway')} ] }, ${ROUTES} }
  - { name: b, domains: [ b ], auth_filter: { jwt: [ ${provider('second', second.jwks, 'gateway')} ] }, ${ROUTES} }
  - { name: c, domains: [ c ], auth_filter: { jwt: [ ${provider('first', first.jwks, 'other')} ] }, ${ROUTES} }
`,
  );
  const at = async (host: string, key: string) => (await world.send({ key, headers: { host } })).status;
  const good = await first.sign({ org: 'acme', team: 'search' });
  assert.equal(await at('a', good), 200);
  // What one service trusts is nothing to another, also once the token is known.
  assert.deepEqual([await at('b', good), await at('c', good), await at('a', good)], [401, 401, 200]);
  assert.equal(await at('b', await second.sign()), 200);
  const [head, body, signature] = good.split('.');
  const hmac = await new SignJWT({ iss: 'https://first.example', aud: 'gateway', exp: first.now + 600 })
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .sign(new TextEncoder().encode(first.publicKey));
  const forged = [
    first.unsigned(),
    hmac,
    `${head}.${body}.`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
    `${head}.${Buffer.from(JSON.stringify({ iss: 'https://first.example', sub: 'root', exp: first.now + 600 })).toString('base64url')}.${signature}`,
    await first.sign({ aud: 'someone-else' }),
    await first.sign({ exp: first.now - 3600 }),
    await first.sign({ iss: 'https://third.example' }),
    await second.sign({ iss: 'https://first.example' }),
    await first.sign({ nbf: first.now + 3600 }),
  ];
  for (const token of forged) assert.equal(await at('a', token), 401, token);
});

test('nobody counts for, or spends from, an organization, team or user of somebody else', async (t) => {
  const { jwks, sign } = await signer('https://first.example');
  const jwt = `{ issuer: "https://first.example", jwks: { inline: '${jwks}' }, claims: { organization: org, team: team, user: name } }`;
  const one = 'rate_limit: [ { requests: 1, per: hour } ]';
  const world = await start(
    t,
    `organizations:
  - { name: acme, ${one}, keys: [ { name: k, key: acme-key } ] }
  - { name: other, keys: [ { name: k, key: other-key } ], teams: [ { name: a, ${one}, users: [ { name: u, ${one} } ] } ], users: [ { name: a, keys: [ { name: k, key: user-key } ] } ] }
virtual_services:
  - { name: a, auth_filter: { api_keys: organizations, jwt: [ ${jwt} ] }, rate_limit: [ { by: user, requests: 2, per: hour } ], ${ROUTES} }
`,
  );
  const status = async (key: string) => (await world.send({ key })).status;
  const claims = (own: object) => sign({ org: 'other', ...own });
  // The team and the user "a" are two: neither spends from the other.
  assert.deepEqual([await status('user-key'), await status('user-key')], [200, 200]);
  assert.deepEqual([await status('acme-key'), await status('acme-key'), await status('other-key')], [200, 429, 200]);
  // Names that look like a path lead to no other level.
  assert.equal(await status(await claims({ team: 'a/u', name: 'x' })), 200);
  assert.equal(await status(await claims({ name: 'a/u' })), 200);
  assert.equal(await status(await claims({ team: 'a', name: 'u' })), 200);
  assert.equal(await status(await claims({ team: 'a', name: 'u' })), 429);
  // Nor do they share a count with somebody else's.
  assert.deepEqual(
    [await status(await claims({ team: 'b/c', name: 'd' })), await status(await claims({ team: 'b/c', name: 'd' }))],
    [200, 200],
  );
  assert.equal(await status(await claims({ team: 'b', name: 'c/d' })), 200);
  // An organization that is not here, or that is a path of one.
  assert.equal(await status(await sign({ org: 'nowhere' })), 403);
  assert.equal(await status(await sign({ org: 'other/a' })), 403);
  assert.equal(await status(await sign({ org: 'acme#k' })), 403);
});

test('a batch names models in a file: keys with confined models may not send one', async (t) => {
  const world = await start(
    t,
    `organizations: [ { name: acme, keys: [ { name: a, key: free }, { name: b, key: confined, allowed_models: [ m ] }, { name: c, key: named, allowed_models: [ m ], allowed_operations: [ batches ] } ] } ]
virtual_services: [ { name: a, auth_filter: { api_keys: organizations }, ${ROUTES} } ]`,
  );
  const send = async (key: string) => (await world.send({ key, path: '/v1/batches', body: {} })).status;
  assert.deepEqual([await send('free'), await send('confined'), await send('named')], [200, 403, 200]);
});
