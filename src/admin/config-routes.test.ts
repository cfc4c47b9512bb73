import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPLIED, bearer, createPort, startAdmin } from './harness.test.ts';
import type { ConfigAdministration, ConfigChange } from './port.ts';

const ADMIN = bearer('admin');
const YAML = { 'content-type': 'application/yaml' };

/** A port whose configuration can be put; remembers what was handed in. */
function createConfigPort(change: ConfigChange) {
  const put: { text: string; expectedHash: string | undefined; actor: string }[] = [];
  const config: ConfigAdministration = {
    async put(text, options) {
      put.push({ text, ...options });
      return change;
    },
  };
  return { put, port: createPort({ config: () => config }) };
}

const OK: ConfigChange = { ok: true, applied: { ...APPLIED, revision: 4, hash: 'def' }, warnings: ['w'] };

test('a configuration is put in force under the hash that the caller knows', async (context) => {
  const { port, put } = createConfigPort(OK);
  const { call, heard } = await startAdmin(context, { port });
  const reply = await call({
    method: 'PUT',
    path: '/api/v1/config',
    headers: { ...ADMIN, ...YAML, 'if-match': '"abc123"' },
    body: 'listeners: []\n',
  });
  assert.deepEqual([reply.status, reply.headers.etag, reply.body.applied.revision], [200, '"def"', 4]);
  assert.deepEqual(put, [{ text: 'listeners: []\n', expectedHash: 'abc123', actor: 'admin-token' }]);
  assert.deepEqual(
    [heard[0]?.before, heard[0]?.after],
    [
      { revision: 3, hash: 'abc123' },
      { revision: 4, hash: 'def' },
    ],
  );
  const any = await call({ method: 'PUT', path: '/api/v1/config', headers: { ...ADMIN, 'if-match': '*' }, body: {} });
  assert.equal(any.status, 200);
  assert.deepEqual(put[1], { text: '{}', expectedHash: undefined, actor: 'admin-token' });
});

test('without the etag 428, with an old one 412, and nothing is handed on', async (context) => {
  const { port, put } = createConfigPort(OK);
  const { call } = await startAdmin(context, { port });
  const send = (headers: Record<string, string>) =>
    call({ method: 'PUT', path: '/api/v1/config', headers: { ...YAML, ...headers }, body: 'a: b' });
  assert.equal((await send(ADMIN)).status, 428);
  const stale = await send({ ...ADMIN, 'if-match': '"old"' });
  assert.deepEqual([stale.status, stale.headers.etag], [412, '"abc123"']);
  assert.equal((await send({ ...bearer('operator'), 'if-match': '*' })).status, 403);
  assert.equal((await send({ ...ADMIN, 'if-match': '*', 'content-type': 'text/plain' })).status, 415);
  assert.equal((await send({ ...ADMIN, 'if-match': '*', 'content-encoding': 'gzip' })).status, 415);
  assert.deepEqual(put, []);
});

test('a race lost in the program is 412, a wrong configuration 400 with all that is wrong', async (context) => {
  const headers = { ...ADMIN, ...YAML, 'if-match': '"abc123"' };
  const sent = { method: 'PUT', path: '/api/v1/config', headers, body: 'a: b' };
  const stale = createConfigPort({ ok: false, reason: 'stale', applied: { ...APPLIED, hash: 'other' } });
  const lost = await (await startAdmin(context, stale)).call(sent);
  assert.deepEqual([lost.status, lost.headers.etag], [412, '"other"']);
  const invalid = createConfigPort({
    ok: false,
    reason: 'invalid',
    errors: ['aigw.yaml:1:1: a: unknown field', 'two'],
  });
  const wrong = await (await startAdmin(context, invalid)).call(sent);
  assert.deepEqual(
    [wrong.status, wrong.body.error.code, wrong.body.error.errors.map(({ message }: { message: string }) => message)],
    [400, 'invalid_config', ['aigw.yaml:1:1: a: unknown field', 'two']],
  );
  const bare = await (await startAdmin(context, { port: createPort() })).call(sent);
  assert.deepEqual([bare.status, bare.body.error.code], [501, 'not_configured']);
});
