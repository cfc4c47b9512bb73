import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { MESSAGES_OPERATIONS } from './support/anthropic-messages.ts';
import { type FleetProvider, PROVIDER_HEADER, PROVIDERS, startFleet } from './support/fleet.ts';
import { runTable } from './support/sdk-table.ts';

const fleet = await startFleet({ after });

function clientFor(provider: Pick<FleetProvider, 'name' | 'headers'>): Anthropic {
  return new Anthropic({
    baseURL: `${fleet.url}/anthropic`,
    apiKey: 'key-of-the-application',
    maxRetries: 0,
    defaultHeaders: { [PROVIDER_HEADER]: provider.name, ...provider.headers },
  });
}

test('the Anthropic SDK against every provider', async (t) => {
  const operations = MESSAGES_OPERATIONS;
  await runTable(t, { title: 'Anthropic SDK', fleet, providers: PROVIDERS, operations, clientFor });
});

const HELLO = { max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };

test('either way in which the SDK sends a key is for the gateway alone', async () => {
  const keys = [{ apiKey: 'key-of-the-application' }, { apiKey: null, authToken: 'key-of-the-application' }];
  for (const key of keys) {
    for (const base of ['', '/anthropic']) {
      const client = new Anthropic({ baseURL: fleet.url + base, maxRetries: 0, ...key });
      const from = fleet.requestCount;
      await client.messages.create({ model: 'smart', ...HELLO });
      const [request] = fleet.requestsSince(from);
      assert.ok(request);
      assert.equal(request.path, '/v1/messages');
      assert.equal(request.headers['x-api-key'], 'key-of-anthropic');
      assert.equal(request.headers['authorization'], undefined);
      assert.doesNotMatch(JSON.stringify(request), /key-of-the-application/);
      assert.equal((JSON.parse(request.body) as { model: string }).model, 'claude-sonnet-4-5');
      assert.match(request.headers['anthropic-version'] ?? '', /^20\d\d-\d\d-\d\d$/);
    }
  }
});

test('beta flags: in a header for Anthropic, in the body for Bedrock', async () => {
  const beta = 'context-1m-2025-08-07';
  const headers = { 'anthropic-beta': beta };
  const seenBy = async (name: string) => {
    const provider = PROVIDERS.find((one) => one.name === name);
    assert.ok(provider);
    const from = fleet.requestCount;
    await clientFor(provider).messages.create({ model: provider.chatModel, ...HELLO }, { headers });
    const [request] = fleet.requestsSince(from);
    assert.ok(request);
    return { header: request.headers['anthropic-beta'], body: JSON.parse(request.body) as Record<string, unknown> };
  };
  assert.equal((await seenBy('anthropic')).header, beta);
  const bedrock = await seenBy('aws-anthropic');
  assert.deepEqual([bedrock.header, bedrock.body['anthropic_beta']], [undefined, [beta]]);
});

test('models are listed in Anthropic’s form', async () => {
  const client = new Anthropic({ baseURL: fleet.url, apiKey: 'key', maxRetries: 0 });
  const ids: string[] = [];
  for await (const model of client.models.list()) {
    assert.equal(model.type, 'model');
    ids.push(model.id);
  }
  assert.deepEqual(ids, ['gpt-4o-mini', 'smart', 'org/model with space']);
  assert.equal((await client.models.retrieve('smart')).display_name, 'smart');
  await assert.rejects(client.models.retrieve('none'), Anthropic.NotFoundError);
});

test('the gateway’s own refusals are errors of the SDK', async () => {
  const client = new Anthropic({ baseURL: fleet.url, apiKey: 'key', maxRetries: 0 });
  await assert.rejects(client.messages.create({ model: 'no-such-model', ...HELLO }), (error) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.equal(error.type, 'not_found_error');
    return true;
  });
  await assert.rejects(client.post('/v1/messages/no-such-path', { body: {} }), Anthropic.NotFoundError);
});
