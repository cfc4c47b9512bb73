import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GatewayConfigInput, gatewayConfig } from '../../config/model.ts';
import type { IssuedKey } from '../../stores/keys/issued-key.ts';
import type { Account } from './account.ts';
import { findAdmissionRefusal, findRefusal, mayUseModel } from './allowances.ts';
import { issuedKeyAccount, issuedKeyPrincipal } from './issued-key-account.ts';
import { compileOrganizations } from './organization-tree.ts';

const per = 'hour';

function compile(organizations: GatewayConfigInput['organizations']) {
  return compileOrganizations(gatewayConfig.parse({ organizations }));
}

const tree = compile([
  {
    name: 'acme',
    allowed_models: ['gpt-*'],
    rate_limit: [{ requests: 1, per }],
    budget: { usd: 1 },
    teams: [
      {
        name: 'a',
        allowed_operations: ['chat'],
        rate_limit: [{ name: 'by cluster', by: 'cluster', requests: 2, per }],
        users: [
          {
            name: 'u',
            keys: [{ name: 'k', key: 'one', allowed_ips: ['10.0.0.0/8'], rate_limit: [{ requests: 3, per }] }],
          },
        ],
      },
    ],
    users: [
      { name: 'a', keys: [{ name: 'k', key: 'two', expires: '2026-01-01T00:00:00Z', allowed_routes: ['gold'] }] },
    ],
  },
]);

const names = (account: Account | undefined) => [
  account?.allLimits.request.map(({ name }) => name),
  account?.allLimits.attempt.map(({ name }) => name),
];

describe('organizations', () => {
  it('hold each level to the limits of all above it, innermost first', () => {
    assert.deepEqual(names(tree.byPath('acme/a/u#k')), [['acme/a/u#k 1', 'acme 1', 'acme budget'], ['by cluster']]);
    assert.deepEqual(names(tree.byPath('acme')), [['acme 1', 'acme budget'], []]);
  });

  it('tell a user from a team of its name', () => {
    assert.equal(tree.byPath('acme/a')?.level, 'team');
    assert.equal(tree.byPath('acme//a')?.level, 'user');
    assert.equal(tree.find({ organization: 'acme', user: 'a' })?.level, 'user');
    assert.equal(tree.find({ organization: 'acme', team: 'a' })?.level, 'team');
  });

  it('find nothing by names that look like a path', () => {
    const parent = tree.byPath('acme');
    for (const membership of [
      { team: 'a/u' },
      { user: 'a/u' },
      { team: '/a' },
      { user: 'a/u#k' },
      { team: 'a', user: 'u#k' },
    ]) {
      const found = tree.find({ organization: 'acme', ...membership });
      assert.equal(found?.limits.length, 0, JSON.stringify(membership));
      assert.ok(found?.parent === parent || found?.parent === tree.byPath('acme/a'));
    }
    for (const organization of ['acme/a', 'acme//a', 'acme/a/u#k', 'other', '']) {
      assert.equal(tree.find({ organization }), undefined);
    }
  });

  it('allow what all levels allow', () => {
    const key = tree.byPath('acme/a/u#k') as Account;
    const ask = (request: Partial<Parameters<typeof findRefusal>[1]>) =>
      findRefusal(key, { model: 'gpt-4o', operation: 'chat', route: 'r', ...request })?.code;
    assert.equal(ask({}), undefined);
    assert.equal(ask({ model: 'claude' }), 'not_allowed');
    assert.equal(ask({ operation: 'embeddings' }), 'not_allowed');
    assert.equal(ask({ model: undefined }), undefined);
    const user = tree.byPath('acme//a#k') as Account;
    assert.deepEqual([mayUseModel(user, 'gpt-4o', 'gold'), mayUseModel(user, 'gpt-4o', 'r')], [true, false]);
    assert.deepEqual([mayUseModel(key, 'claude', 'r'), mayUseModel(key, 'gpt-4o', undefined)], [false, true]);
  });

  it('do not take a batch whose models are not seen where models are confined', () => {
    const batch = { model: undefined, operation: 'batches', route: 'r' };
    assert.equal(findRefusal(tree.byPath('acme') as Account, batch)?.code, 'not_allowed');
    const [named] = compile([{ name: 'b', allowed_models: ['m'], allowed_operations: ['batches'] }]).accounts;
    assert.equal(findRefusal(named as Account, batch), undefined);
  });

  it('let in from where and until when a key may be used', () => {
    const key = tree.byPath('acme/a/u#k') as Account;
    const at = (ip: string) => findAdmissionRefusal(key, ip, 0)?.code;
    assert.deepEqual(
      [at('10.1.2.3'), at('::ffff:10.1.2.3'), at('11.0.0.1'), at('::1')],
      [undefined, undefined, 'not_allowed', 'not_allowed'],
    );
    const expiring = tree.byPath('acme//a#k') as Account;
    const end = Date.parse('2026-01-01T00:00:00Z');
    assert.equal(findAdmissionRefusal(expiring, '::1', end - 1), undefined);
    assert.equal(findAdmissionRefusal(expiring, '::1', end)?.code, 'unauthenticated');
  });
});

describe('issued keys', () => {
  const issued: IssuedKey = {
    id: 'abc',
    hash: '',
    prefix: 'aigw-abc',
    name: 'laptop',
    organization: 'acme',
    team: 'a',
    user: '',
    createdMs: 0,
    expiresMs: 2000,
    revokedMs: null,
    rotatedFrom: null,
    overlapUntilMs: 1000,
    allowedModels: [],
    allowedEndpoints: ['chat'],
    allowedRoutes: [],
    allowedIps: [],
    limits: { rate_limit: [{ requests: 5, per: 'minute' }] },
    budget: { budget: [{ usd: 2, per: 'day' }] },
    metadata: { tier: 'gold', count: 3 },
    version: 1,
    sequence: 1,
  };

  it('stand below the level that they belong to, with limits of their own', () => {
    const account = issuedKeyAccount(issued, tree);
    assert.equal(account.path, 'acme/a#abc');
    assert.deepEqual(names(account), [['acme/a#abc 1', 'acme/a#abc budget', 'acme 1', 'acme budget'], ['by cluster']]);
    assert.deepEqual(account.metadata, { tier: 'gold' });
    assert.equal(findRefusal(account, { model: 'claude', operation: 'chat', route: '' })?.code, 'not_allowed');
  });

  it('end with the earlier of their own time and the overlap of their successor', () => {
    const account = issuedKeyAccount(issued, tree);
    assert.equal(findAdmissionRefusal(account, '::1', 999), undefined);
    assert.equal(findAdmissionRefusal(account, '::1', 1000)?.code, 'unauthenticated');
  });

  it('are as good as unknown when it cannot be told what they may do', () => {
    assert.equal(issuedKeyPrincipal({ ...issued, organization: 'gone' }, tree), undefined);
    assert.equal(issuedKeyPrincipal({ ...issued, limits: { rate_limit: [{ wishes: 3 }] } }, tree), undefined);
    assert.deepEqual(issuedKeyPrincipal(issued, tree)?.key, { id: 'abc', name: 'laptop' });
  });
});
