import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import { type FleetProvider, PROVIDER_HEADER, PROVIDERS, startFleet } from './support/fleet.ts';
import { CHAT_OPERATIONS } from './support/openai-chat.ts';
import { ERROR_OPERATIONS, RETRY_OPERATION } from './support/openai-errors.ts';
import { OTHER_OPERATIONS } from './support/openai-other.ts';
import { RESPONSES_OPERATIONS } from './support/openai-responses.ts';
import { runTable } from './support/sdk-table.ts';
import { ACCESS_TOKEN } from './support/token-server.ts';

const fleet = await startFleet({ after });

function clientFor(provider: Partial<Pick<FleetProvider, 'name' | 'headers'>>): OpenAI {
  return new OpenAI({
    baseURL: `${fleet.url}/v1`,
    apiKey: 'key-of-the-application',
    maxRetries: 0,
    defaultHeaders: {
      ...(provider.name === undefined ? {} : { [PROVIDER_HEADER]: provider.name }),
      ...provider.headers,
    },
  });
}

test('the OpenAI SDK against every provider', async (t) => {
  const operations = [...CHAT_OPERATIONS, ...RESPONSES_OPERATIONS, ...OTHER_OPERATIONS, ...ERROR_OPERATIONS];
  await runTable(t, { title: 'OpenAI SDK', fleet, providers: PROVIDERS, operations, clientFor });
});

test('the OpenAI SDK tries again when it is told to', async (t) => {
  const providers = PROVIDERS.slice(0, 1);
  await runTable(t, { title: 'OpenAI SDK', fleet, providers, operations: [RETRY_OPERATION], clientFor });
});

const HELLO = [{ role: 'user' as const, content: 'Hello' }];

test('every provider sees its own credential and never the application’s', async () => {
  const proofs: Record<string, [header: string, value: RegExp]> = {
    openai: ['authorization', /^Bearer key-of-openai$/],
    'azure-openai': ['authorization', new RegExp(`^Bearer ${ACCESS_TOKEN}$`)],
    anthropic: ['x-api-key', /^key-of-anthropic$/],
    'aws-bedrock': [
      'authorization',
      /^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
    ],
    'aws-anthropic': ['authorization', /^AWS4-HMAC-SHA256 Credential=AKIATEST\//],
    google: ['x-goog-api-key', /^key-of-google$/],
    'gcp-vertex': ['authorization', new RegExp(`^Bearer ${ACCESS_TOKEN}$`)],
    'gcp-anthropic': ['authorization', /^Bearer token-of-the-client$/],
    huggingface: ['authorization', /^Bearer key-of-huggingface$/],
    ollama: ['authorization', /^Bearer key-of-ollama$/],
    vllm: ['authorization', /^Bearer key-of-vllm$/],
    'openai-compatible': ['authorization', /^Bearer key-of-house$/],
  };
  for (const provider of PROVIDERS) {
    const from = fleet.requestCount;
    await clientFor(provider).chat.completions.create({ model: provider.chatModel, messages: HELLO });
    const [request] = fleet.requestsSince(from);
    assert.ok(request);
    const [header, value] = proofs[provider.name] ?? ['', /^$/];
    assert.match(request.headers[header] ?? '', value, provider.name);
    assert.doesNotMatch(JSON.stringify(request), /key-of-the-application|x-aigw-/, provider.name);
  }
  const google = fleet.tokens.grants.filter(({ path }) => path === '/token');
  const entra = fleet.tokens.grants.filter(({ path }) => path === '/tenant-1/oauth2/v2.0/token');
  assert.deepEqual([google.length, entra.length], [1, 1], 'a token is fetched once and kept');
  assert.match(google[0]?.form.get('assertion') ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(entra[0]?.form.get('client_secret'), 'entra-secret');
});

test('models: listed, retrieved, unknown', async () => {
  const client = clientFor({});
  const listed: OpenAI.Model[] = [];
  for await (const model of client.models.list()) listed.push(model);
  assert.deepEqual(
    listed.map((model) => model.id),
    ['gpt-4o-mini', 'smart', 'org/model with space'],
  );
  assert.deepEqual(listed[0], { id: 'gpt-4o-mini', object: 'model', created: 1700000000, owned_by: 'acme' });
  assert.equal((await client.models.retrieve('smart')).owned_by, 'anthropic');
  assert.equal((await client.models.retrieve('org/model with space')).id, 'org/model with space');
  await assert.rejects(client.models.retrieve('none'), OpenAI.NotFoundError);
});

test('the gateway’s own refusals are errors of the SDK', async () => {
  const client = clientFor({});
  const code = (expected: string) => (error: unknown) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.equal(error.code, expected);
    return true;
  };
  const messages = HELLO;
  const unknown = client.chat.completions.create({ model: 'no-such-model', messages });
  await assert.rejects(unknown, OpenAI.NotFoundError);
  await assert.rejects(unknown, code('model_not_found'));
  await assert.rejects(unknown, { param: 'model' });
  const empty = client.chat.completions.create({ model: '', messages });
  await assert.rejects(empty, OpenAI.BadRequestError);
  const path = client.post('/no/such/path', { body: {} });
  await assert.rejects(path, OpenAI.NotFoundError);
  await assert.rejects(path, code('unknown_path'));
});

test('a provider that asks for a credential: its own error reaches the application', async () => {
  const call = clientFor({ name: 'stranger' }).chat.completions.create({ model: 'gpt-4o-mini', messages: HELLO });
  await assert.rejects(call, OpenAI.AuthenticationError);
  await assert.rejects(call, /You didn't provide an API key/);
});

test('a client that brings no token is told which header carries it', async () => {
  const call = clientFor({ name: 'gcp-anthropic' }).chat.completions.create({ model: 'claude', messages: HELLO });
  await assert.rejects(call, OpenAI.AuthenticationError);
  await assert.rejects(call, /x-aigw-gcp-access-token/);
});
