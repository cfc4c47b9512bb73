import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, createStores, NOW, startAdmin } from './harness.test.ts';
import type { AuditEntry } from './port.ts';

const ADMIN = bearer('admin');

test('every change leaves one entry: who, what, before, after, from where', async (context) => {
  const { call, heard } = await startAdmin(context, await createStores(context));
  const issued = await call({
    method: 'POST',
    path: '/api/v1/keys',
    headers: ADMIN,
    body: { name: 'k', organization: 'acme' },
  });
  const { text, key } = issued.body;
  const path = `/api/v1/keys/${key.id}`;
  await call({ method: 'PATCH', path, headers: { ...ADMIN, 'if-match': '"1"' }, body: { name: 'k2' } });
  await call({ method: 'POST', path: `${path}/rotate`, headers: ADMIN, body: {} });
  await call({ method: 'DELETE', path, headers: ADMIN });
  const reset = { method: 'POST', path: '/api/v1/limits/reset', body: { limit: 'acme budget' } };
  await call({ ...reset, headers: bearer('operator') });
  const { body, text: shown } = await call({ path: '/api/v1/audit', headers: bearer('viewer') });
  const actions = heard.map(({ action }) => action);
  assert.deepEqual(actions, ['key.issue', 'key.change', 'key.rotate', 'key.revoke', 'limit.reset']);
  assert.deepEqual(body.entries.map(({ action }: AuditEntry) => action).sort(), [...actions].sort());
  const [first, change, , , last] = heard;
  assert.deepEqual(
    [first?.actor, first?.role, first?.target, first?.before, first?.timeMs, first?.sourceIp, first?.requestId],
    ['admin-token', 'admin', `key:${key.id}`, null, NOW, '127.0.0.1', issued.headers['x-aigw-request-id']],
  );
  const nameOf = (shown: unknown) => (shown as { name?: string } | null)?.name;
  assert.deepEqual([nameOf(change?.before), nameOf(change?.after)], ['k', 'k2']);
  assert.deepEqual(
    [last?.actor, last?.before, last?.after],
    ['operator-token', { values: {}, used: 0 }, { values: {}, used: 0 }],
  );
  for (const secret of [text.slice(key.prefix.length), 'secret-of-the-admin', 'sk-configured-secret']) {
    assert.ok(!shown.includes(secret) && !JSON.stringify(heard).includes(secret));
  }
});

test('refused attempts are written down too, with who tried and why not', async (context) => {
  const { call, heard } = await startAdmin(context, await createStores(context));
  const path = '/api/v1/keys';
  await call({ method: 'POST', path, body: {} });
  await call({ method: 'POST', path, headers: { authorization: 'Bearer guess' }, body: {} });
  await call({ method: 'POST', path, headers: bearer('viewer'), body: {} });
  await call({ method: 'POST', path, headers: ADMIN, body: {} });
  await call({ method: 'DELETE', path: `${path}/unknown`, headers: ADMIN });
  assert.deepEqual(
    heard.map(({ actor, role, action, target, after }) => [
      actor,
      role,
      action,
      target,
      (after as { code: string }).code,
    ]),
    [
      ['unknown', 'none', 'key.issue.refused', '/api/v1/keys', 'token_required'],
      ['unknown', 'none', 'key.issue.refused', '/api/v1/keys', 'token_unknown'],
      ['viewer-token', 'viewer', 'key.issue.refused', '/api/v1/keys', 'role_insufficient'],
      ['admin-token', 'admin', 'key.issue.refused', '/api/v1/keys', 'invalid_request'],
      ['admin-token', 'admin', 'key.revoke.refused', 'key:unknown', 'unknown_key'],
    ],
  );
  assert.equal((await call({ path: '/api/v1/audit?action=key.issue.refused', headers: ADMIN })).body.entries.length, 4);
  await call({ path: '/api/v1/keys/none', headers: ADMIN });
  assert.equal(heard.length, 5, 'reading is not written down');
});

test('unknown callers cannot fill the log; what was left out is counted', async (context) => {
  const { call, heard, clock } = await startAdmin(context, await createStores(context));
  for (let index = 0; index < 75; index++) await call({ method: 'DELETE', path: '/api/v1/keys/x' });
  assert.equal(heard.length, 60);
  await call({ method: 'DELETE', path: '/api/v1/keys/x', headers: ADMIN });
  assert.deepEqual(heard.at(-1)?.after, { status: 404, code: 'unknown_key', attempts_left_out: 15 });
  clock.nowMs += 60_000;
  await call({ method: 'DELETE', path: '/api/v1/keys/x' });
  assert.equal(heard.length, 62);
});

test('a change that cannot be written down is no success, and the text of the key is not given away', async (context) => {
  const { port } = await createStores(context);
  const audit = {
    append: () => Promise.reject(new Error('disk full')),
    list: async () => ({ entries: [], next: undefined }),
  };
  const { call, errors } = await startAdmin(context, { port: { ...port, audit: async () => audit } });
  const { status, text } = await call({
    method: 'POST',
    path: '/api/v1/keys',
    headers: ADMIN,
    body: { name: 'k', organization: 'acme' },
  });
  assert.equal(status, 500);
  assert.doesNotMatch(text, /aigw-|disk full/);
  assert.ok(errors.some((error) => (error as Error).message === 'disk full'));
});

test('the log is read by actor, action, target and time, by pages', async (context) => {
  const { port, audit } = await createStores(context);
  const { call } = await startAdmin(context, { port });
  for (let index = 0; index < 5; index++) {
    await audit.append({
      ...{ id: `e${index}`, timeMs: NOW - index * 1000, actor: index % 2 === 0 ? 'ann' : 'bob', role: 'admin' },
      ...{
        action: 'key.revoke',
        target: `key:${index}`,
        before: null,
        after: { n: index },
        requestId: 'r',
        sourceIp: '::1',
      },
    });
  }
  const ids = async (query: string) => {
    const { status, body, text } = await call({ path: `/api/v1/audit?${query}`, headers: ADMIN });
    assert.equal(status, 200, text);
    return body.entries.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await ids('actor=ann'), ['e0', 'e2', 'e4']);
  assert.deepEqual(await ids('target=key:3'), ['e3']);
  assert.deepEqual(await ids(`from=${new Date(NOW - 2000).toISOString()}&to=now`), ['e1', 'e2']);
  const first = await call({ path: '/api/v1/audit?limit=2', headers: ADMIN });
  assert.deepEqual(await ids(`limit=2&after=${first.body.next}`), ['e2', 'e3']);
});
