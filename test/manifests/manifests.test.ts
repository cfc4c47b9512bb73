import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import type { RecordedRequest } from '../../src/mock/recorder.ts';
import { createMockServer, type MockServer } from '../../src/mock/server.ts';
import { ACCESS_TOKEN, startTokenServer } from '../sdk/support/token-server.ts';
import { postJson } from '../support/raw-client.ts';
import { startManifests } from './start-manifests.ts';

async function startMock(options: Parameters<typeof createMockServer>[0]): Promise<{ mock: MockServer; port: number }> {
  const mock = createMockServer({ strict: true, seed: 1, ...options });
  after(() => mock.close());
  const { port } = await mock.listen();
  return { mock, port };
}

const steady = await startMock({ recordLimit: 10_000 });
const failing = await startMock({ faults: [{ kind: '500', probability: 1 }] });
const tokens = await startTokenServer({ after });
const env = {
  STEADY_PORT: String(steady.port),
  FAILING_PORT: String(failing.port),
  HOUSE_KEY: 'key-of-house',
  PLAIN_KEY: 'key-of-plain',
  CLAUDE_KEY: 'key-of-claude',
};
const small = await startManifests({ after }, 'one-backend.yaml', { env });
const every = await startManifests({ after }, 'every-backend.yaml', {
  env,
  files: { '/home/test/google-key.json': tokens.serviceAccount },
});

const CLIENT_HEADERS = { host: 'localhost', authorization: 'Bearer key-of-the-application' };
const HELLO = [{ role: 'user', content: 'Hello' }];

interface Reached {
  status: number;
  answer: JsonObject;
  cluster: string | undefined;
  attempts: string | undefined;
  /** What reached the steady provider, oldest first. */
  requests: RecordedRequest[];
}

interface Ask {
  path?: string;
  /** Fields beside the model and the messages. */
  body?: JsonObject;
  /** All fields beside the model. */
  only?: JsonObject;
  headers?: Record<string, string>;
  port?: number;
}

async function ask(model: string, options: Ask = {}): Promise<Reached> {
  const from = steady.mock.requests.length;
  const got = await postJson(options.port ?? every.port, options.path ?? '/v1/chat/completions', {
    body: { model, ...(options.only ?? { messages: HELLO, ...options.body }) },
    headers: { ...CLIENT_HEADERS, ...options.headers },
  });
  return {
    status: got.status,
    answer: JSON.parse(got.body.toString('utf8')) as JsonObject,
    cluster: got.headers['x-aigw-cluster'],
    attempts: got.headers['x-aigw-attempts'],
    requests: steady.mock.requests.slice(from),
  };
}

function only(reached: Reached): { request: RecordedRequest; body: JsonObject } {
  assert.equal(reached.status, 200, JSON.stringify(reached.answer));
  const [request, ...more] = reached.requests;
  assert.ok(request && more.length === 0, `${reached.requests.length} requests reached the provider`);
  assert.equal(request.headers['host'], `localhost:${steady.port}`);
  assert.equal(request.method, 'POST');
  assert.doesNotMatch(JSON.stringify(request), /key-of-the-application/);
  return { request, body: JSON.parse(request.body) as JsonObject };
}

test('one backend: model in, prefix, host, key of the environment', async () => {
  assert.deepEqual(small.loaded.warnings, []);
  const { request, body } = only(await ask('house-small', { port: small.port }));
  assert.equal(request.path, '/inference/v1/chat/completions');
  assert.equal(request.headers['authorization'], 'Bearer key-of-house');
  assert.deepEqual(body, { model: 'house-small', messages: HELLO });
});

test('one backend: models, unknown models, and the size that the policy allows', async () => {
  const listed = (await (await fetch(`${small.url}/v1/models`)).json()) as { data: { id: string }[] };
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    ['house-small'],
  );
  const unknown = await ask('other', { port: small.port });
  assert.deepEqual([unknown.status, unknown.requests.length], [404, 0]);
  const large = await ask('house-small', { port: small.port, body: { user: 'x'.repeat(1024 * 1024) } });
  assert.deepEqual([large.status, large.requests.length], [413, 0]);
  const allowed = await ask('house-small', { port: small.port, body: { user: 'x'.repeat(1000 * 1024) } });
  assert.equal(allowed.status, 200);
});

test('every backend loads without a warning', () => {
  assert.deepEqual(every.loaded.warnings, []);
});

test('OpenAI: key, model of the route, mutations of backend and route', async () => {
  const headers = {
    'x-drop-by-route': '1',
    'x-drop-by-backend': '1',
    'x-set-by-route': 'client',
    'x-kept': 'client',
  };
  // Of five requests in a row with the weights 80 and 20 one goes to the other backend.
  let reached = await ask('blend', { headers, body: { user: 'ada', seed: 3, temperature: 0.5 } });
  if (reached.cluster !== 'models/plain') {
    reached = await ask('blend', { headers, body: { user: 'ada', seed: 3, temperature: 0.5 } });
  }
  const { request, body } = only(reached);
  assert.equal(request.path, '/v1/chat/completions');
  assert.equal(request.headers['authorization'], 'Bearer key-of-plain');
  assert.deepEqual(body, {
    model: 'gpt-blend',
    messages: HELLO,
    seed: 7,
    temperature: 0.5,
    service_tier: 'flex',
    max_tokens: 99,
    store: false,
  });
  assert.equal(request.headers['x-set-by-route'], 'route');
  assert.equal(request.headers['x-set-by-backend'], 'backend');
  assert.equal(request.headers['x-set-by-both'], 'route');
  assert.equal(request.headers['x-kept'], 'client');
  assert.equal(request.headers['x-drop-by-route'], undefined);
  assert.equal(request.headers['x-drop-by-backend'], undefined);
});

test('AzureOpenAI: deployment, version, api-key', async () => {
  const { request, body } = only(await ask('azure-chat'));
  assert.equal(request.path, '/openai/deployments/chat-deployment/chat/completions?api-version=2025-01-01-preview');
  assert.equal(request.headers['api-key'], 'key-of-azure');
  assert.equal(request.headers['authorization'], undefined);
  assert.deepEqual(body['messages'], HELLO);
});

const MODELS_SIGNATURE = /^AWS4-HMAC-SHA256 Credential=AKIAMODELS\/\d{8}\/eu-north-1\/bedrock\/aws4_request, /;

test('AWSBedrock: Converse, signed with the profile’s keys', async () => {
  const { request, body } = only(await ask('nova', { body: { max_tokens: 50 } }));
  assert.equal(request.path, '/model/amazon.nova-lite-v1:0/converse');
  assert.match(request.headers['authorization'] ?? '', MODELS_SIGNATURE);
  assert.deepEqual(body, {
    messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
    inferenceConfig: { maxTokens: 50 },
  });
});

test('AWSAnthropic: InvokeModel, from either client API', async () => {
  const path = '/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke';
  const chat = only(await ask('claude-aws', { body: { max_tokens: 50 } }));
  assert.equal(chat.request.path, path);
  assert.match(chat.request.headers['authorization'] ?? '', MODELS_SIGNATURE);
  assert.equal(chat.body['anthropic_version'], 'bedrock-2023-05-31');
  assert.deepEqual([chat.body['model'], chat.body['max_tokens']], [undefined, 50]);
  const messages = only(
    await ask('claude-aws', { path: '/anthropic/v1/messages', body: { max_tokens: 50, system: 'Be brief.' } }),
  );
  assert.equal(messages.request.path, path);
  assert.deepEqual(messages.body, {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 50,
    system: 'Be brief.',
    messages: HELLO,
  });
});

test('Anthropic: only with a key that the request brings', async () => {
  const options = { path: '/anthropic/v1/messages', body: { max_tokens: 50 } };
  const own = { 'x-aigw-anthropic-api-key': 'key-of-a-customer' };
  const { request, body } = only(await ask('claude-haiku-4-5', { ...options, headers: own }));
  assert.equal(request.path, '/v1/messages');
  assert.equal(request.headers['x-api-key'], 'key-of-a-customer');
  assert.equal(request.headers['x-aigw-anthropic-api-key'], undefined);
  assert.deepEqual(body, { model: 'claude-haiku-4-5', messages: HELLO, max_tokens: 50 });
  const refused = await ask('claude-haiku-4-5', options);
  assert.deepEqual([refused.status, refused.requests.length], [401, 0]);
  assert.match(JSON.stringify(refused.answer), /x-aigw-anthropic-api-key/);
});

const PLACE = '/v1/projects/example-project/locations/europe-west4/publishers';

test('GCPVertexAI: project and region in the path, the service account’s token', async () => {
  const { request, body } = only(await ask('gemini-2.5-flash', { body: { max_tokens: 50 } }));
  assert.equal(request.path, `${PLACE}/google/models/gemini-2.5-flash:generateContent`);
  assert.equal(request.headers['authorization'], `Bearer ${ACCESS_TOKEN}`);
  assert.deepEqual(body['contents'], [{ role: 'user', parts: [{ text: 'Hello' }] }]);
  assert.equal(tokens.grants[0]?.path, '/token');
});

test('GCPAnthropic: rawPredict with the version of the schema', async () => {
  const { request, body } = only(await ask('claude-google', { body: { max_tokens: 50 } }));
  assert.equal(request.path, `${PLACE}/anthropic/models/claude-haiku-4-5@20251001:rawPredict`);
  assert.equal(request.headers['authorization'], `Bearer ${ACCESS_TOKEN}`);
  assert.deepEqual([body['anthropic_version'], body['model']], ['vertex-2023-10-16', undefined]);
});

test('Cohere: rerank', async () => {
  const reached = await ask('rerank-v3.5', {
    path: '/cohere/v2/rerank',
    only: { query: 'ships', documents: ['a ship', 'a tax'] },
  });
  const { request } = only(reached);
  assert.equal(request.path, '/v2/rerank');
  assert.equal(request.headers['authorization'], 'Bearer key-of-plain');
  assert.equal((reached.answer['results'] as { index: number }[])[0]?.index, 0);
});

test('streams reach the streaming paths', async () => {
  const paths: Record<string, string> = {
    'azure-chat': '/openai/deployments/chat-deployment/chat/completions?api-version=2025-01-01-preview',
    nova: '/model/amazon.nova-lite-v1:0/converse-stream',
    'claude-aws': '/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke-with-response-stream',
    'gemini-2.5-flash': `${PLACE}/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse`,
    'claude-google': `${PLACE}/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict`,
  };
  for (const [model, path] of Object.entries(paths)) {
    const from = steady.mock.requests.length;
    const got = await postJson(every.port, '/v1/chat/completions', {
      body: { model, messages: HELLO, stream: true },
      headers: CLIENT_HEADERS,
    });
    assert.equal(got.status, 200, got.body.toString('utf8'));
    assert.equal(steady.mock.requests[from]?.path, path);
    const lines = got.body.toString('utf8').trim().split('\n\n');
    assert.equal(lines.at(-1), 'data: [DONE]', model);
    assert.match(lines.join(), /"You/, model);
  }
});

test('credentialOverride: the request’s own key or AWS keys, else the configured ones', async () => {
  const own = only(
    await ask('rerank-v3.5', {
      path: '/cohere/v2/rerank',
      only: { query: 'q', documents: ['d'] },
      headers: { 'x-own-key': 'key-of-a-customer' },
    }),
  );
  assert.equal(own.request.headers['authorization'], 'Bearer key-of-a-customer');
  assert.equal(own.request.headers['x-own-key'], undefined);
  const keys = {
    'x-aigw-aws-access-key-id': 'AKIACUSTOMER',
    'x-aigw-aws-secret-access-key': 'secret-of-a-customer',
    'x-aigw-aws-session-token': 'session-of-a-customer',
  };
  const { request } = only(await ask('nova', { headers: keys }));
  assert.match(request.headers['authorization'] ?? '', /Credential=AKIACUSTOMER\/\d{8}\/eu-north-1\//);
  assert.equal(request.headers['x-amz-security-token'], 'session-of-a-customer');
  assert.doesNotMatch(JSON.stringify(request), /x-aigw-aws|secret-of-a-customer/);
});

test('weights: of 100 requests exactly 80 and 20', async () => {
  const counts = new Map<string, number>();
  for (let index = 0; index < 100; index++) {
    const { status, cluster, attempts } = await ask('blend');
    assert.deepEqual([status, attempts], [200, '1']);
    counts.set(cluster ?? '', (counts.get(cluster ?? '') ?? 0) + 1);
  }
  assert.deepEqual(Object.fromEntries(counts), { 'models/plain': 80, 'models/azure': 20 });
});

test('priority: a 500 moves on to the next backend, translated anew', async () => {
  const before = failing.mock.requests.length;
  const reached = await ask('fragile', { body: { max_tokens: 50 } });
  const { request, body } = only(reached);
  assert.deepEqual([reached.cluster, reached.attempts], ['models/claude-aws', '2']);
  assert.equal(request.path, '/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke');
  assert.equal(body['anthropic_version'], 'bedrock-2023-05-31');
  assert.equal((reached.answer['choices'] as unknown[]).length, 1);
  const [failed] = failing.mock.requests.slice(before);
  assert.equal(failed?.headers['authorization'], 'Bearer key-of-plain');
  assert.equal(failed?.headers['host'], `127.0.0.1:${failing.port}`);
  assert.equal((JSON.parse(failed?.body ?? '{}') as JsonObject)['model'], 'fragile');
});

test('priority: when all fail the last error stands', async () => {
  const reached = await ask('fragile', { headers: { 'x-mock-status': '503' } });
  assert.equal(reached.status, 503);
  assert.equal(reached.attempts, '3');
  assert.deepEqual(
    reached.requests.map((request) => request.path),
    ['/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke', '/v1/chat/completions'],
  );
});

test('a match with a regular expression on another header', async () => {
  const inZone = await ask('blend-by-zone', { headers: { 'x-zone': 'north-12' } });
  assert.equal(inZone.status, 200);
  for (const zone of ['north-', 'xnorth-1', 'north-1x']) {
    assert.equal((await ask('blend-by-zone', { headers: { 'x-zone': zone } })).status, 404, zone);
  }
  assert.equal((await ask('blend-by-zone')).status, 404);
});

test('host names: only those of the route are served, and models are listed for them', async () => {
  assert.equal((await ask('nova', { headers: { host: 'eu.models.test:1981' } })).status, 200);
  assert.equal((await ask('nova', { headers: { host: 'other.test' } })).status, 404);
  const listed = (await (await fetch(`http://localhost:${every.port}/v1/models`)).json()) as {
    data: { id: string; owned_by: string; created: number }[];
  };
  const blend = listed.data.find(({ id }) => id === 'blend');
  assert.deepEqual([blend?.owned_by, blend?.created], ['Example Ltd', 1735787045]);
  assert.ok(listed.data.some(({ id }) => id === 'gemini-2.5-flash'));
});

test('a client cannot choose its route by the header that routes match', async () => {
  const { request } = only(await ask('nova', { headers: { 'x-ai-eg-model': 'claude-aws' } }));
  assert.match(request.path, /nova/);
  assert.equal(request.headers['x-ai-eg-model'], undefined);
});
