import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type GatewayConfigInput, gatewayConfig } from '../../config/model.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { indexConfiguredKeys } from '../organizations/organization-keys.ts';
import { compileOrganizations } from '../organizations/organization-tree.ts';
import { createAuthenticator } from './authenticator.ts';
import type { JwtVerifier } from './jwt.ts';
import { createKey } from './key-format.ts';
import { createKeyHasher } from './key-hash.ts';
import { createKeyIndex, findKey } from './key-index.ts';
import type { Principal } from './principal.ts';

type AuthInput = NonNullable<NonNullable<GatewayConfigInput['virtual_services']>[number]['auth_filter']>;

const hash = createKeyHasher(randomBytes(32));

interface World {
  organizations?: GatewayConfigInput['organizations'];
  jwt?: JwtVerifier;
  loaded?: boolean;
}

/** What a filter makes of a request's headers and query: the caller, or the error's code. */
function authenticate(auth: AuthInput, world: World = {}) {
  const route = { split: [{ cluster: 'a' }] };
  const config = gatewayConfig.parse({
    organizations: world.organizations ?? [],
    virtual_services: [{ name: 'a', auth_filter: auth, virtual_routes: [route] }],
  });
  const tree = compileOrganizations(config);
  const filter = config.virtual_services[0]?.auth_filter;
  assert.ok(filter !== undefined);
  const authenticator = createAuthenticator(filter, {
    organizations: tree,
    hash,
    organizationKeys: [indexConfiguredKeys(tree, hash)],
    keysLoaded: () => world.loaded !== false,
    jwt: world.jwt,
  });
  return async (headers: Record<string, string>, query = ''): Promise<Principal | string | undefined> => {
    try {
      return await authenticator.authenticate({ rawHeaders: Object.entries(headers).flat(), query });
    } catch (error) {
      if (GatewayError.is(error)) return error.code;
      throw error;
    }
  };
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

describe('keys', () => {
  const organizations = [
    {
      name: 'acme',
      metadata: { cost: 'one', color: 'red' },
      teams: [
        { name: 'search', users: [{ name: 'ada', keys: [{ name: 'k', key: 'a-key', metadata: { cost: 'two' } }] }] },
      ],
    },
  ];

  it('of organizations stand for a user with all its levels', async () => {
    const principal = await authenticate({ api_keys: 'organizations' }, { organizations })(bearer('a-key'));
    assert.ok(typeof principal === 'object');
    assert.deepEqual(
      [principal.organization, principal.team, principal.user, principal.key],
      ['acme', 'search', 'ada', { id: 'acme/search/ada#k', name: 'k' }],
    );
    assert.deepEqual(principal.metadata, { cost: 'two', color: 'red' });
  });

  it('that are not known are refused; before issued ones are read nobody can tell', async () => {
    const filter = { api_keys: 'organizations' } as const;
    assert.equal(await authenticate(filter, { organizations })(bearer('other')), 'unauthenticated');
    assert.equal(await authenticate(filter, { organizations, loaded: false })(bearer('other')), 'store_unavailable');
    assert.equal(await authenticate(filter, { organizations })({}), 'unauthenticated');
    assert.equal(await authenticate({ ...filter, optional: true }, { organizations })({}), undefined);
    // Who shows something has to show something good.
    assert.equal(await authenticate({ ...filter, optional: true }, { organizations })(bearer('x')), 'unauthenticated');
  });

  it('of a service are its own', async () => {
    const run = authenticate({ api_keys: [{ name: 'app', key: 'own-key' }] }, { organizations });
    assert.deepEqual(((await run(bearer('own-key'))) as Principal).key, { id: 'app', name: 'app' });
    assert.equal(await run(bearer('a-key')), 'unauthenticated');
  });

  it('that look issued are looked up only with a good checksum', () => {
    const good = createKey(randomBytes).text;
    const broken = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`;
    let hashed = 0;
    const index = createKeyIndex<string>();
    const counting = (text: string) => {
      hashed += 1;
      return hash(text);
    };
    index.set(hash(good), 'known');
    assert.equal(findKey(broken, counting, [index]), undefined);
    assert.equal(findKey('x'.repeat(2000), counting, [index]), undefined);
    assert.equal(hashed, 0);
    assert.equal(findKey(good, counting, [index]), 'known');
  });
});

describe('tokens', () => {
  const claims = { iss: 'https://a', sub: 'ada', org: 'acme', info: { team: 'search' }, scope: 'read write' };
  const jwt: JwtVerifier = { verify: async () => ({ issuer: 'https://a', claims }) };
  const filter: AuthInput = {
    api_keys: 'organizations',
    jwt: [{ issuer: 'https://a', jwks: { inline: '{}' }, claims: { organization: 'org', team: 'info.team' } }],
  };

  it('name organization, team and user in their claims', async () => {
    const world = { organizations: [{ name: 'acme', metadata: { tier: 'gold' } }], jwt };
    const principal = await authenticate(filter, world)(bearer('eyJ.a.b'));
    assert.ok(typeof principal === 'object');
    assert.deepEqual(
      [principal.organization, principal.team, principal.user, principal.key],
      ['acme', 'search', 'ada', undefined],
    );
    assert.deepEqual([principal.scopes, principal.metadata], [['read', 'write'], { tier: 'gold' }]);
    assert.equal(principal.account?.level, 'user');
  });

  it('of organizations that are not there are refused', async () => {
    assert.equal(
      await authenticate(filter, { organizations: [{ name: 'other' }], jwt })(bearer('eyJ.a.b')),
      'not_allowed',
    );
  });

  it('count only where the service takes tokens', async () => {
    const run = authenticate({ api_keys: 'organizations' }, { organizations: [{ name: 'acme' }], jwt });
    assert.equal(await run(bearer('eyJ.a.b')), 'unauthenticated');
  });
});

describe('passwords', () => {
  const password_hash = `{SHA}${createHash('sha1').update('secret').digest('base64')}`;
  const run = authenticate({ basic: [{ user: 'ada', password_hash }] });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  it('are those of their user', async () => {
    assert.equal(((await run(basic('ada:secret'))) as Principal).user, 'ada');
    for (const text of ['ada:wrong', 'bob:secret', ':secret', 'ada:', 'ada:secret:more']) {
      assert.equal(await run(basic(text)), 'unauthenticated', text);
    }
  });
});
