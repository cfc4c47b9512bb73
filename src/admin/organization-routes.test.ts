import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, createStores, startAdmin } from './harness.test.ts';

test('the tree of organizations, without keys’ texts and webhooks', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  const { status, body, text } = await call({ path: '/api/v1/organizations', headers: bearer('viewer') });
  assert.equal(status, 200);
  const [acme, solo] = body.organizations;
  assert.deepEqual(
    [acme.name, acme.teams[0].users[0].name, acme.teams[0].users[0].keys],
    ['acme', 'ada', { count: 1 }],
  );
  assert.deepEqual(
    [acme.allowed_models, acme.budget[0].usd, solo.budget[0].webhook],
    [['gpt-4o*', 'claude-*'], 5000, '***'],
  );
  for (const secret of ['sk-configured-secret', 'secret-path']) assert.ok(!text.includes(secret));
  const named = await call({ path: '/api/v1/organizations?organization=acme&keys=true', headers: bearer('viewer') });
  assert.deepEqual(named.body.organizations[0].teams[0].users[0].keys, { count: 1, names: ['laptop'] });
  assert.equal(named.body.organizations.length, 1);
});

test('the price of a model', async (context) => {
  const { call } = await startAdmin(context, await createStores(context));
  const path = '/api/v1/prices?provider=openai&model=gpt-4o-mini-2024-07-18';
  const { status, body } = await call({ path, headers: bearer('viewer') });
  assert.equal(status, 200);
  assert.deepEqual(
    [body.provider, body.bands[0].usd_per_million_tokens.input, body.bands[0].usd_per_million_tokens.output],
    ['openai', '0.150000', '0.600000'],
  );
  const unknown = await call({ path: '/api/v1/prices?provider=openai&model=nothing', headers: bearer('viewer') });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'unknown_price']);
  assert.equal((await call({ path: '/api/v1/prices', headers: bearer('viewer') })).body.error.param, 'provider');
});
