import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../config/secret.ts';
import { identify, isForwarded, requireRole } from './access.ts';
import { AdminError } from './admin-error.ts';
import { createFailedLogins } from './failed-logins.ts';
import { bearer, createPort, NOW, startAdmin, TOKENS } from './harness.test.ts';
import { type Access, type AdminRole, permits } from './roles.ts';
import { ADMIN_ROUTES } from './routes.ts';
import { createTokenCheck } from './token-check.ts';

/** Who may call what at least, written by hand: a route that is not here, or asks for another role, fails. */
const LEAST: Readonly<Record<string, Access>> = {
  getMetrics: 'monitor',
  getLiveness: 'monitor',
  getHealth: 'monitor',
  getReadiness: 'monitor',
  getVersion: 'monitor',
  getOpenApi: 'viewer',
  getConfig: 'viewer',
  getConfigStatus: 'viewer',
  putConfig: 'admin',
  listOrganizations: 'viewer',
  listKeys: 'viewer',
  getKey: 'viewer',
  issueKey: 'admin',
  changeKey: 'admin',
  rotateKey: 'admin',
  revokeKey: 'admin',
  reportUsage: 'viewer',
  listUsageRecords: 'viewer',
  listLimits: 'viewer',
  getLimitState: 'viewer',
  resetLimit: 'operator',
  listLimitOverrides: 'viewer',
  increaseLimit: 'operator',
  endLimitOverride: 'operator',
  getPrice: 'viewer',
  listClusters: 'viewer',
  getCluster: 'viewer',
  getClusterEndpoints: 'viewer',
  putClusterEndpoints: 'operator',
  deleteClusterEndpoints: 'operator',
  listAudit: 'viewer',
};

const ROLES: readonly (AdminRole | undefined)[] = [undefined, 'viewer', 'operator', 'admin'];
const RANK = { monitor: 0, viewer: 1, operator: 2, admin: 3 };
const REMOTE = '192.0.2.7';

function outcome(access: Access, caller: { remoteAddress: string; role?: AdminRole | undefined }, tokens = TOKENS) {
  const { remoteAddress, role } = caller;
  try {
    const actor = identify(
      { remoteAddress, forwarded: false, authorization: role === undefined ? undefined : bearer(role).authorization },
      access,
      { tokens: createTokenCheck(tokens), failedLogins: createFailedLogins(), nowMs: NOW },
    );
    requireRole(actor, access);
    return 200;
  } catch (error) {
    assert.ok(error instanceof AdminError);
    return error.status;
  }
}

test('every route has its least role in the table, and no route is there twice', () => {
  assert.deepEqual(Object.fromEntries(ADMIN_ROUTES.map(({ operationId, access }) => [operationId, access])), LEAST);
  const places = ADMIN_ROUTES.map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(places).size, places.length);
});

test('every route that is no GET changes something: it takes more than a viewer and is audited', () => {
  for (const { method, operationId, access, action } of ADMIN_ROUTES) {
    assert.equal(action !== undefined, method !== 'GET', operationId);
    if (method !== 'GET') assert.ok(RANK[access] >= RANK.operator, operationId);
  }
});

test('route by role, from this machine and from others, with tokens configured', () => {
  for (const { operationId, access } of ADMIN_ROUTES) {
    for (const remoteAddress of ['127.0.0.1', '::1', REMOTE]) {
      for (const role of ROLES) {
        const least = LEAST[operationId] ?? 'admin';
        const enough = least === 'monitor' || (role !== undefined && RANK[role] >= RANK[least]);
        const expected = enough ? 200 : role === undefined ? 401 : 403;
        assert.equal(outcome(access, { remoteAddress, role }), expected, `${operationId} ${role} ${remoteAddress}`);
      }
    }
  }
});

test('route by route without tokens: this machine reads, other machines only monitor, whatever token they send', () => {
  for (const { operationId, access } of ADMIN_ROUTES) {
    const least = LEAST[operationId] ?? 'admin';
    for (const role of ROLES) {
      const local = least === 'monitor' || least === 'viewer' ? 200 : 403;
      assert.equal(outcome(access, { remoteAddress: '127.0.0.1', role }, []), local, operationId);
      assert.equal(outcome(access, { remoteAddress: REMOTE, role }, []), least === 'monitor' ? 200 : 403, operationId);
    }
  }
});

test('over the wire: every route refuses a role below its own, and lets its own through', async (context) => {
  const { call, clock } = await startAdmin(context, { port: createPort() });
  for (const { method, path, operationId, access } of ADMIN_ROUTES) {
    for (const role of ROLES) {
      clock.nowMs += 1000;
      const headers = role === undefined ? {} : bearer(role);
      const { status, body } = await call({ method, path: path.replaceAll(/\{\w+\}/g, 'x'), headers });
      const allowed = role === undefined ? access === 'monitor' : permits(role, access);
      const about = `${operationId} ${role}: ${status}`;
      if (allowed) assert.ok(status !== 401 && status !== 403, about);
      else
        assert.deepEqual(
          [status, body.error.code],
          role === undefined ? [401, 'token_required'] : [403, 'role_insufficient'],
          about,
        );
    }
  }
});

test('headers do not make a caller one of this machine, and a proxy on it is none', async (context) => {
  const { call } = await startAdmin(context, { port: createPort(), tokens: [] });
  assert.equal((await call({ path: '/api/v1/config' })).status, 200);
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host']) {
    const { status, body } = await call({ path: '/api/v1/config', headers: { [name]: '127.0.0.1' } });
    assert.deepEqual([status, body.error.code], [403, 'loopback_only'], name);
    assert.equal((await call({ path: '/healthz', headers: { [name]: '127.0.0.1' } })).status, 200);
  }
  assert.equal(isForwarded({ 'x-forwarded-for': '127.0.0.1' }), true);
  // From another machine no header helps.
  for (const access of ['viewer', 'admin'] as const) assert.equal(outcome(access, { remoteAddress: REMOTE }, []), 403);
});

test('without tokens nothing can be changed, and the answer names admin.tokens', async (context) => {
  const { call } = await startAdmin(context, { port: createPort(), tokens: [] });
  const { status, body } = await call({ method: 'POST', path: '/api/v1/keys', body: {} });
  assert.deepEqual([status, body.error.code], [403, 'token_required']);
  assert.match(body.error.message, /admin\.tokens/);
});

test('the authorization header is taken as bearer only, whole', async (context) => {
  const { call, clock } = await startAdmin(context, { port: createPort() });
  const good = 'secret-of-the-viewer';
  for (const [authorization, status] of [
    [`Bearer ${good}`, 200],
    [`bearer  ${good}`, 200],
    [`Bearer ${good}x`, 401],
    [`Bearer ${good.slice(0, -1)}`, 401],
    [`Bearer ${good.toUpperCase()}`, 401],
    [`Bearer ${good} ${good}`, 401],
    [`Basic ${good}`, 401],
    [good, 401],
    ['Bearer', 401],
    ['Bearer ', 401],
    ['Bearer ***', 401],
  ] as const) {
    clock.nowMs += 60_001;
    const reply = await call({ path: '/api/v1/config', headers: { authorization } });
    assert.equal(reply.status, status, authorization);
    if (status === 401) assert.match(String(reply.headers['www-authenticate']), /^Bearer/);
  }
});

test('wrong tokens from one address are stopped, right ones too until the minute is over', async (context) => {
  const { call, clock } = await startAdmin(context, { port: createPort() });
  const wrong = { authorization: 'Bearer guess' };
  for (let guess = 0; guess < 10; guess++) {
    assert.equal((await call({ path: '/api/v1/config', headers: wrong })).status, 401);
  }
  const blocked = await call({ path: '/api/v1/config', headers: bearer('admin') });
  assert.deepEqual([blocked.status, blocked.body.error.code], [429, 'too_many_failed_logins']);
  assert.ok(Number(blocked.headers['retry-after']) > 0);
  assert.equal((await call({ path: '/healthz', headers: wrong })).status, 200);
  clock.nowMs += 60_001;
  assert.equal((await call({ path: '/api/v1/config', headers: bearer('admin') })).status, 200);
});

test('failed logins are counted by origin in bounded memory', () => {
  const failed = createFailedLogins();
  const fail = (address: string, times: number) => {
    for (let index = 0; index < times; index++) failed.count(address, NOW);
  };
  fail('192.0.2.1', 10);
  assert.equal(failed.blockedFor('192.0.2.1', NOW), 60);
  assert.equal(failed.blockedFor('::ffff:192.0.2.1', NOW), 60);
  assert.equal(failed.blockedFor('192.0.2.2', NOW), 0);
  // The addresses of one IPv6 network belong to one caller.
  for (let index = 0; index < 10; index++) failed.count(`2001:db8:1:2::${index.toString(16)}`, NOW);
  assert.ok(failed.blockedFor('2001:db8:1:2:ffff::1', NOW) > 0);
  assert.ok(failed.blockedFor('2001:0db8:0001:0002:0:0:0:9', NOW) > 0);
  assert.equal(failed.blockedFor('2001:db8:1:3::1', NOW), 0);
  for (let index = 0; index < 2000; index++) failed.count(`10.0.${index >> 8}.${index & 255}`, NOW);
  assert.equal(failed.blockedFor('192.0.2.1', NOW), 0, 'the oldest is forgotten');
});

test('tokens are found by their whole text; of two equal ones the first counts', () => {
  const check = createTokenCheck([
    { name: 'one', token: new Secret('same'), role: 'viewer' },
    { name: 'two', token: new Secret('same'), role: 'admin' },
    { name: 'long', token: new Secret('x'.repeat(10_000)), role: 'operator' },
  ]);
  assert.deepEqual(check.find('same'), { name: 'one', role: 'viewer' });
  assert.deepEqual(check.find('x'.repeat(10_000)), { name: 'long', role: 'operator' });
  for (const wrong of ['', 'sam', 'same ', 'x', '\0']) assert.equal(check.find(wrong), undefined);
});
