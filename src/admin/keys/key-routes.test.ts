import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseKey } from '../../filters/auth/key-format.ts';
import { bearer, createPort, createStores, NOW, startAdmin } from '../harness.test.ts';

const DAY_MS = 86_400_000;
const ADMIN = bearer('admin');

async function start(context: TestContext) {
  const stores = await createStores(context);
  const server = await startAdmin(context, stores);
  const issue = (body: object) =>
    server.call({
      method: 'POST',
      path: '/api/v1/keys',
      headers: ADMIN,
      body: { name: 'k', organization: 'acme', ...body },
    });
  return { ...stores, ...server, issue };
}

test('a key is issued: its text is shown once, only its hash is kept', async (context) => {
  const { issue, call, keys, hash, told } = await start(context);
  const reply = await issue({
    name: 'ada-laptop',
    team: 'search',
    user: 'ada',
    expires: '90d',
    allowed_models: ['gpt-4o-mini', 'gpt-4o-2024*'],
    allowed_operations: ['chat'],
    allowed_ips: ['10.1.0.0/16'],
    rate_limit: [{ requests: '2K', per: 'minute' }],
    budget: [{ usd: 50 }],
    metadata: { purpose: 'tests' },
  });
  assert.equal(reply.status, 201, reply.text);
  const { text, key } = reply.body;
  assert.deepEqual(parseKey(text), { id: key.id, prefix: key.prefix });
  assert.equal(reply.headers.location, `/api/v1/keys/${key.id}`);
  assert.equal(reply.headers.etag, '"1"');
  assert.deepEqual(
    [
      key.state,
      key.organization,
      key.team,
      key.user,
      key.expires,
      key.allowed_models,
      key.allowed_routes,
      key.metadata,
    ],
    [
      ...['active', 'acme', 'search', 'ada', new Date(NOW + 90 * DAY_MS).toISOString()],
      ...[['gpt-4o-mini', 'gpt-4o-2024*'], null, { purpose: 'tests' }],
    ],
  );
  assert.deepEqual([key.rate_limit[0].requests, key.budget[0].usd, key.budget[0].per], [2000, 50, 'month']);
  const stored = await keys.findByHash(hash(text));
  assert.equal(stored?.id, key.id);
  assert.equal(told.keys, 1);
  const read = await call({ path: `/api/v1/keys/${key.id}`, headers: bearer('viewer') });
  assert.deepEqual(read.body, key);
  const secret = text.slice(key.prefix.length);
  const list = await call({ path: '/api/v1/keys', headers: bearer('viewer') });
  for (const shown of [read.text, list.text, JSON.stringify(stored)]) assert.ok(!shown.includes(secret));
  assert.ok(!read.text.includes(stored?.hash ?? ''));
});

test('a key may not do more than the levels above it', async (context) => {
  const { issue, told } = await start(context);
  for (const [body, param, message] of [
    [
      { allowed_models: ['gpt-4o', 'o3'] },
      'allowed_models[1]',
      /"o3" is more than the organization "acme" allows \(gpt-4o\*, claude-\*\)/,
    ],
    [{ allowed_models: ['*'] }, 'allowed_models[0]', /within a single one/],
    [{ team: 'search', allowed_models: ['claude-3'] }, 'allowed_models[0]', /team "acme\/search"/],
    [{ team: 'search', allowed_operations: ['chat', 'batches'] }, 'allowed_operations[1]', /"batches"/],
    [{ allowed_ips: ['0.0.0.0/0'] }, 'allowed_ips[0]', /organization "acme"/],
  ] as const) {
    const reply = await issue(body);
    assert.deepEqual([reply.status, reply.body.error.code, reply.body.error.param], [400, 'exceeds_parent', param]);
    assert.match(reply.body.error.message, message);
  }
  assert.equal((await issue({ allowed_models: ['claude-3'] })).status, 201);
  assert.equal((await issue({ organization: 'solo', allowed_models: ['*'], allowed_ips: ['::/0'] })).status, 201);
  assert.equal(told.keys, 2);
});

test('organization, team and user must be those that the configuration names, where it names any', async (context) => {
  const { issue } = await start(context);
  for (const [body, param, message] of [
    [{ organization: 'acne' }, 'organization', /did you mean "acme"\?/],
    [{ organization: 'nobody' }, 'organization', /add it under `organizations`/],
    [{ team: 'serach' }, 'team', /acme has no team "serach"; did you mean "search"/],
    [{ team: 'search', user: 'eve' }, 'user', /acme\/search has no user "eve"/],
  ] as const) {
    const { status, body: answer } = await issue(body);
    assert.deepEqual([status, answer.error.param], [400, param]);
    assert.match(answer.error.message, message);
  }
  assert.equal((await issue({ organization: 'solo', team: 'any', user: 'one' })).status, 201);
  assert.equal((await issue({ team: 'ads', user: 'anyone' })).status, 201);
});

test('a body that is not right is refused with the name of its field', async (context) => {
  const { issue } = await start(context);
  for (const [body, param, message] of [
    [{ allowed_model: ['gpt-4o'] }, 'allowed_model', /unknown field; did you mean `allowed_models`/],
    [{ name: 'a b' }, 'name', /must not hold spaces/],
    [{ name: 7 }, 'name', /must be text/],
    [{ organization: undefined }, 'organization', /is required/],
    [{ allowed_models: [] }, 'allowed_models', /at least 1 entry/],
    [{ expires: '2020-01-01' }, 'expires', /in the future/],
    [{ expires: '-5d' }, 'expires', /neither a time nor a duration/],
    [{ expires: '2026-02-31' }, 'expires', /neither a time/],
    [{ expires: '0s' }, 'expires', /in the future/],
    [{ allowed_ips: ['10.0.0.300'] }, 'allowed_ips[0]', /not an IP address/],
    [{ rate_limit: [{ per: 'minute' }] }, 'rate_limit[0]', /exactly one of .*none is given/],
    [{ rate_limit: [{ requests: 1, tokens: 1 }] }, 'rate_limit[0]', /requests and tokens are given/],
    [{ rate_limit: [{ cost: { cel: 'input_tokens +', limit: 5 } }] }, 'rate_limit[0]', /./],
    [{ rate_limit: [{ requests: 'many' }] }, 'rate_limit[0].requests', /not a count/],
    [{ budget: [{ usd: 5, time_zone: 'Mars/Base' }] }, 'budget[0].time_zone', /not a time zone/],
    [{ budget: [{ usd: -5 }] }, 'budget[0].usd', /more than 0/],
    [{ metadata: { a: 1 } }, 'metadata.a', /must be text/],
    [{ metadata: { a: 'line\nbreak' } }, 'metadata.a', /control characters/],
  ] as const) {
    const { status, body: answer } = await issue(body);
    assert.deepEqual([status, answer.error?.param], [400, param], JSON.stringify(answer));
    assert.match(answer.error.message, message);
  }
});

test('a change needs the etag of what it changes', async (context) => {
  const { issue, call } = await start(context);
  const { key } = (await issue({ allowed_models: ['gpt-4o'], metadata: { a: '1' } })).body;
  const path = `/api/v1/keys/${key.id}`;
  const patch = (body: object, headers: Record<string, string> = {}) =>
    call({ method: 'PATCH', path, headers: { ...ADMIN, ...headers }, body });
  assert.equal((await patch({ name: 'x' })).body.error.code, 'precondition_required');
  assert.equal((await patch({ name: 'x' })).status, 428);
  const stale = await patch({ name: 'x' }, { 'if-match': '"7"' });
  assert.deepEqual([stale.status, stale.headers.etag], [412, '"1"']);
  assert.equal((await patch({ name: 'x' }, { 'if-match': 'W/"1"' })).status, 412);
  const changed = await patch({ name: 'renamed', allowed_models: null, expires: '1d' }, { 'if-match': '"1"' });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(
    [changed.body.name, changed.body.allowed_models, changed.body.metadata, changed.body.version, changed.headers.etag],
    ['renamed', null, { a: '1' }, 2, '"2"'],
  );
  assert.equal((await patch({ name: 'y' }, { 'if-match': '"1"' })).status, 412);
  assert.equal((await patch({ expires: null }, { 'if-match': '*' })).body.expires, null);
  for (const [body, param] of [
    [{}, ''],
    [{ allowed_models: ['o3'] }, 'allowed_models[0]'],
    [{ organization: 'solo' }, 'organization'],
    [{ hash: 'x' }, 'hash'],
    [{ name: null }, 'name'],
  ] as const) {
    const reply = await patch(body, { 'if-match': '*' });
    assert.deepEqual([reply.status, reply.body.error.param], [400, param], reply.text);
  }
});

test('of two changes at once one is lost, and told so', async (context) => {
  const { issue, call } = await start(context);
  const { key } = (await issue({})).body;
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const replies = await Promise.all(
    names.map((name) =>
      call({
        method: 'PATCH',
        path: `/api/v1/keys/${key.id}`,
        headers: { ...ADMIN, 'if-match': '"1"' },
        body: { name },
      }),
    ),
  );
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, ...Array.from({ length: 7 }, () => 412)]);
});

test('rotation: the successor has the same rights, the old key works until the overlap ends', async (context) => {
  const { issue, call, clock, keys, hash } = await start(context);
  const old = (await issue({ allowed_models: ['gpt-4o'], expires: '10d', metadata: { a: '1' } })).body;
  clock.nowMs += 8 * DAY_MS;
  const path = `/api/v1/keys/${old.key.id}/rotate`;
  const reply = await call({ method: 'POST', path, headers: ADMIN, body: { overlap: '24h' } });
  assert.equal(reply.status, 201, reply.text);
  const { text, key } = reply.body;
  assert.notEqual(text, old.text);
  assert.deepEqual(
    [key.rotated_from, key.allowed_models, key.metadata, key.expires],
    [old.key.id, ['gpt-4o'], { a: '1' }, new Date(clock.nowMs + 10 * DAY_MS).toISOString()],
  );
  assert.equal((await keys.findByHash(hash(text)))?.id, key.id);
  const stateOf = async (id: string) => (await call({ path: `/api/v1/keys/${id}`, headers: ADMIN })).body.state;
  assert.deepEqual([await stateOf(old.key.id), await stateOf(key.id)], ['rotating', 'active']);
  const again = await call({ method: 'POST', path, headers: ADMIN, body: {} });
  assert.deepEqual([again.status, again.body.error.code], [409, 'key_rotated']);
  clock.nowMs += DAY_MS;
  assert.deepEqual([await stateOf(old.key.id), await stateOf(key.id)], ['rotated', 'active']);
  for (const body of [{ overlap: 'soon' }, { overlap: '91d' }, { overlap: 5 }, { length: '1h' }]) {
    const wrong = await call({ method: 'POST', path: `/api/v1/keys/${key.id}/rotate`, headers: ADMIN, body });
    assert.equal(wrong.status, 400, wrong.text);
  }
  const now = await call({
    method: 'POST',
    path: `/api/v1/keys/${key.id}/rotate`,
    headers: ADMIN,
    body: { overlap: '0s' },
  });
  assert.equal(now.status, 201);
  assert.equal(await stateOf(key.id), 'rotated');
});

test('expired, rotated and revoked keys are listed as such, and nothing brings them back', async (context) => {
  const { issue, call, clock } = await start(context);
  const names = ['active', 'expired', 'revoked', 'rotated'];
  const ids: Record<string, string> = {};
  for (const name of names)
    ids[name] = (await issue({ name, ...(name === 'expired' ? { expires: '1h' } : {}) })).body.key.id;
  const path = (name: string) => `/api/v1/keys/${ids[name]}`;
  const revoked = await call({ method: 'DELETE', path: path('revoked'), headers: ADMIN });
  assert.deepEqual([revoked.status, revoked.body.state], [200, 'revoked']);
  assert.equal(
    (await call({ method: 'DELETE', path: path('revoked'), headers: ADMIN })).body.revoked,
    revoked.body.revoked,
  );
  assert.equal(
    (await call({ method: 'POST', path: `${path('rotated')}/rotate`, headers: ADMIN, body: { overlap: '1h' } })).status,
    201,
  );
  clock.nowMs += 2 * 3_600_000;
  const listed = async (state: string) =>
    (await call({ path: `/api/v1/keys?state=${state}`, headers: ADMIN })).body.keys.map(
      (key: { name: string }) => key.name,
    );
  assert.deepEqual(await listed('expired'), ['expired']);
  assert.deepEqual(await listed('revoked'), ['revoked']);
  assert.deepEqual(await listed('rotated'), ['rotated']);
  assert.deepEqual(
    (await listed('working')).sort(),
    ['active', 'rotated'],
    'the successor has the name of the old one',
  );
  for (const name of ['expired', 'revoked', 'rotated']) {
    const rotate = await call({ method: 'POST', path: `${path(name)}/rotate`, headers: ADMIN, body: {} });
    assert.deepEqual([rotate.status, rotate.body.error.code], [409, 'key_ended'], name);
  }
  for (const name of ['revoked', 'rotated']) {
    const headers = { ...ADMIN, 'if-match': '*' };
    const change = await call({ method: 'PATCH', path: path(name), headers, body: { expires: null } });
    assert.deepEqual([change.status, change.body.error.code], [409, 'key_ended'], name);
  }
  const longer = await call({
    method: 'PATCH',
    path: path('expired'),
    headers: { ...ADMIN, 'if-match': '"1"' },
    body: { expires: '1d' },
  });
  assert.equal(longer.body.state, 'active', 'an expired key may be given more time');
});

test('pages of keys: none twice, none missing, also when few have the wanted state', async (context) => {
  const { call, keys } = await start(context);
  for (let index = 0; index < 25; index++) {
    await keys.insert({
      ...{ id: `id${String(index).padStart(2, '0')}`, hash: `h${index}`, prefix: 'aigw-x', name: `k${index}` },
      ...{ organization: index % 2 === 0 ? 'acme' : 'solo', team: '', user: '', createdMs: NOW - index * 1000 },
      ...{ expiresMs: index % 5 === 0 ? NOW - 1 : null, allowedModels: [], allowedEndpoints: [], allowedRoutes: [] },
      ...{ allowedIps: [], limits: {}, budget: {}, metadata: {} },
    });
  }
  const all = async (query: string) => {
    const names: string[] = [];
    let after: string | null = '';
    let pages = 0;
    do {
      const path: string = `/api/v1/keys?limit=3${query}${after === '' ? '' : `&after=${after}`}`;
      const { status, body, text } = await call({ path, headers: ADMIN });
      assert.equal(status, 200, text);
      assert.ok(body.keys.length <= 3);
      names.push(...body.keys.map((key: { name: string }) => key.name));
      after = body.next;
      pages++;
    } while (after !== null && pages < 50);
    return names;
  };
  assert.deepEqual(
    await all(''),
    Array.from({ length: 25 }, (_, index) => `k${index}`),
  );
  assert.deepEqual(await all('&state=expired'), ['k0', 'k5', 'k10', 'k15', 'k20']);
  assert.equal((await all('&organization=solo&state=active')).length, 10);
  for (const query of ['limit=0', 'limit=1001', 'limit=1e3', 'limit=1&limit=2', 'after=zzz', 'state=none', 'owner=x']) {
    assert.equal((await call({ path: `/api/v1/keys?${query}`, headers: ADMIN })).status, 400, query);
  }
});

test('keys that are not there, and gateways without a store', async (context) => {
  const { call } = await start(context);
  for (const [method, path] of [
    ['GET', '/api/v1/keys/nothing'],
    ['DELETE', '/api/v1/keys/nothing'],
  ] as const) {
    assert.equal((await call({ method, path, headers: ADMIN })).status, 404);
  }
  const bare = await startAdmin(context, { port: createPort() });
  const { status, body } = await bare.call({ path: '/api/v1/keys', headers: ADMIN });
  assert.deepEqual([status, body.error.code], [501, 'not_configured']);
  assert.match(body.error.message, /`issued_keys` and `stores\.ledger`/);
});
