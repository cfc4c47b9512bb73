import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { parseKey } from '../filters/auth/key-format.ts';
import { createKeyIndex, findKey } from '../filters/auth/key-index.ts';
import { bearer, createStores, NOW, startAdmin } from './harness.test.ts';
import { findJsonFault } from './json-guard.ts';
import { ADMIN_ROUTES } from './routes.ts';

const ADMIN = bearer('admin');
const INJECTIONS = [
  "' OR '1'='1",
  "'; DROP TABLE aigw_key; --",
  '" OR ""="',
  "x') UNION SELECT hash FROM aigw_key --",
  '$1',
  '\\',
  '%27%20OR%201=1',
  '\u0000',
  '${process.env.HOME}',
];

test('SQL in any parameter is a value like any other, or refused', async (context) => {
  const { port, keys, database } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  const issued = await call({
    method: 'POST',
    path: '/api/v1/keys',
    headers: ADMIN,
    body: { name: 'k', organization: 'acme' },
  });
  const before = await keys.get(issued.body.key.id);
  const rows = async () => (await database.query('SELECT COUNT(*) AS n FROM aigw_key'))[0]?.['n'];
  for (const { path, method, query, operationId } of ADMIN_ROUTES) {
    if (method !== 'GET' || !path.startsWith('/api/v1/')) continue;
    const names = Object.keys(query?.shape ?? {});
    for (const text of INJECTIONS) {
      const encoded = encodeURIComponent(text);
      const places = [
        path.replaceAll(/\{\w+\}/g, encoded),
        ...names.map((name) => `${path.replaceAll(/\{\w+\}/g, 'x')}?${name}=${encoded}`),
      ];
      for (const place of path.includes('{') ? places : places.slice(1)) {
        const { status, text: answer } = await call({ path: place, headers: ADMIN });
        assert.ok([200, 400, 404, 501, 503].includes(status), `${operationId} ${place}: ${status}`);
        if (status === 503) assert.match(answer, /no_config/, place);
        assert.ok(!answer.includes(before?.hash ?? ''), place);
        if (status === 200 && operationId === 'listKeys') assert.deepEqual(JSON.parse(answer).keys, [], place);
      }
    }
  }
  for (const text of INJECTIONS) {
    for (const body of [
      { name: text, organization: 'acme' },
      { name: 'n', organization: text },
      { name: 'n', organization: 'solo', team: text },
      { name: 'n', organization: 'solo', metadata: { [text]: text } },
      { name: 'n', organization: 'solo', allowed_models: [text] },
    ]) {
      const { status } = await call({ method: 'POST', path: '/api/v1/keys', headers: ADMIN, body });
      assert.ok(status === 201 || status === 400, `${JSON.stringify(body)}: ${status}`);
    }
    const patch = {
      method: 'PATCH',
      path: `/api/v1/keys/${encodeURIComponent(text)}`,
      headers: { ...ADMIN, 'if-match': text.replace('\0', '') },
    };
    assert.equal((await call({ ...patch, body: { name: 'x' } })).status, 404);
  }
  assert.deepEqual(await keys.get(issued.body.key.id), before);
  const count = Number(await rows());
  assert.ok(count > 1);
  const stored = (await keys.list({ limit: 1000 })).keys;
  assert.equal(stored.length, count);
});

test('guessed keys: a wrong checksum costs no look-up, a right one finds nothing that was not issued', async (context) => {
  const { port, keys, hash } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  const { text, key } = (
    await call({ method: 'POST', path: '/api/v1/keys', headers: ADMIN, body: { name: 'k', organization: 'acme' } })
  ).body;
  const index = createKeyIndex<string>();
  index.set((await keys.get(key.id))?.hash ?? '', key.id);
  let hashed = 0;
  const find = (guess: string) =>
    findKey(
      guess,
      (value) => {
        hashed++;
        return hash(value);
      },
      [index],
    );
  assert.equal(find(text), key.id);
  assert.equal(hashed, 1);
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
    assert.equal(find(changed), undefined, changed);
    assert.equal(parseKey(changed), undefined);
  }
  assert.ok(hashed <= 1 + 'aigw-'.length, 'only what does not look like an issued key is hashed');
  assert.equal(find(key.prefix), undefined);
});

test('the admin API never takes a key for a token', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  const { text } = (
    await call({ method: 'POST', path: '/api/v1/keys', headers: ADMIN, body: { name: 'k', organization: 'acme' } })
  ).body;
  const { status } = await call({ path: '/api/v1/keys', headers: { authorization: `Bearer ${text}` } });
  assert.equal(status, 401);
});

test('no field of a body raises a role', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  for (const role of ['viewer', 'operator'] as const) {
    const headers = { ...bearer(role), 'x-aigw-role': 'admin', 'x-role': 'admin', cookie: 'role=admin' };
    const body = { name: 'k', organization: 'acme', role: 'admin', actor: 'admin-token' };
    assert.equal((await call({ method: 'POST', path: '/api/v1/keys', headers, body })).status, 403);
    assert.equal((await call({ method: 'POST', path: '/api/v1/keys?role=admin', headers, body })).status, 403);
  }
  const operator = bearer('operator');
  const increase = { limit: 'acme budget', amount: 5, until: '1h', reason: 'r', created_by: 'somebody' };
  const reply = await call({ method: 'POST', path: '/api/v1/limits/overrides', headers: operator, body: increase });
  assert.deepEqual([reply.status, reply.body.error.param], [400, 'created_by']);
});

test('bodies that are too large, too deep, doubled or no JSON are refused', async (context) => {
  const { call, errors } = await startAdmin(context, await createStores(context));
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    call({ method: 'POST', path: '/api/v1/keys', headers: { ...ADMIN, ...headers }, body });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  for (const [body, status, code] of [
    [`{"name":"${'x'.repeat(1024 * 1024)}"}`, 413, 'request_too_large'],
    [`{"name":${deep}}`, 400, 'malformed_request'],
    ['{"name":"a","name":"b","organization":"acme"}', 400, 'malformed_request'],
    ['{"name":"a","n\\u0061me":"b","organization":"acme"}', 400, 'malformed_request'],
    ['{"__proto__":{"role":"admin"},"name":"a","organization":"acme"}', 400, 'malformed_request'],
    ['{"name":"a","organization":"acme","metadata":{"__proto__":"x"}}', 400, 'malformed_request'],
    ['{"name":"a","organization":"acme","metadata":{"constructor":"x"}}', 400, 'malformed_request'],
    ['{"name":"a"', 400, 'malformed_request'],
    ['', 400, 'malformed_request'],
    ['null', 400, 'invalid_request'],
    ['[]', 400, 'invalid_request'],
    ['"text"', 400, 'invalid_request'],
  ] as const) {
    const reply = await post(body);
    assert.deepEqual([reply.status, reply.body.error.code], [status, code], body.slice(0, 80));
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
    assert.equal((await post('{"name":"a","organization":"acme"}', { 'content-type': type })).status, 415, type);
  }
  const utf8 = await post('{"name":"a","organization":"acme"}', { 'content-type': 'application/json; charset=utf-8' });
  assert.equal(utf8.status, 201);
  assert.equal((Object.prototype as { role?: string }).role, undefined);
  assert.deepEqual(errors, []);
});

test('a body without end is cut, and one that is never finished does not hold the answer to others', async (context) => {
  const { port, call } = await startAdmin(context, await createStores(context));
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  const closed = once(socket, 'close');
  socket.write(
    `POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\nauthorization: ${ADMIN.authorization}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  for (let index = 0; index < 20; index++) socket.write(chunk);
  await closed;
  assert.match(received, /^HTTP\/1\.1 413 /);
  assert.equal((await call({ path: '/healthz' })).status, 200);
});

test('paths are compared as they are', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  for (const path of [
    '/api/v1/keys/',
    '/api/v1//keys',
    '/api/v1/keys/a/b',
    '/api/v1/keys/%00',
    '/api/v1/keys/%ff',
    '/api/v1/keys/../keys',
    '/API/v1/keys',
    '/api/v1/keys/x/rotate/',
    `/api/v1/keys/${'x'.repeat(1000)}`,
    'http://evil.example/api/v1/keys',
  ]) {
    assert.equal((await call({ path, headers: ADMIN })).status, 404, path);
  }
});

test('the guard of JSON texts', () => {
  assert.equal(findJsonFault('{"a":["b","b"],"c":{"a":"a"}}'), undefined);
  assert.equal(findJsonFault('{"a":"\\"__proto__\\":1"}'), undefined);
  assert.equal(findJsonFault('["__proto__"]'), undefined);
  assert.match(findJsonFault('[{"a":{"\\u005f_proto__":1}}]') ?? '', /__proto__/);
  assert.match(findJsonFault('{"a":{"x":1},"a":2}') ?? '', /"a" twice/);
  assert.match(findJsonFault(`${'['.repeat(33)}${']'.repeat(33)}`) ?? '', /deeper than 32/);
  assert.equal(findJsonFault(`${'['.repeat(32)}${']'.repeat(32)}`), undefined);
});

test('times at the edge of what can be shown do no harm', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  for (const text of [
    '9999999999999d',
    '99999-01-01',
    'now+99999999d',
    '1e999',
    'NaN',
    'Infinity',
    '9999999d'.repeat(3),
  ]) {
    const encoded = encodeURIComponent(text);
    assert.equal((await call({ path: `/api/v1/usage?from=${encoded}`, headers: ADMIN })).status, 400, text);
    const body = { name: 'k', organization: 'acme', expires: text };
    assert.equal((await call({ method: 'POST', path: '/api/v1/keys', headers: ADMIN, body })).status, 400, text);
  }
  assert.ok(NOW > 0);
});
