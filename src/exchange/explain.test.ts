import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { OPERATION_NAMES } from '../config/model-match.ts';
import type { JsonObject } from '../json/types.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { allEndpoints } from './endpoints.ts';
import { type ExplainRequest, type Explanation, explainRequest } from './explain.ts';

const CLUSTERS = `
static_cluster:
  openai: { provider: openai, api_key: k }
  claude: { provider: anthropic, api_key: k, headers: { x-secret: hidden } }
  cohere: { provider: cohere, api_key: k }
`;

function snapshotOf(services: string) {
  const { config, hash } = loadConfig([{ file: 'test.yaml', text: `${CLUSTERS}virtual_services:\n${services}` }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  return compileSnapshot(config, { revision: 1, hash });
}

/** One service with these routes. */
function routes(...lines: string[]) {
  return snapshotOf(`  - { name: s, virtual_routes: [${lines.join(', ')}] }\n`);
}

type Asked = Partial<Omit<ExplainRequest, 'body' | 'headers'>> & { body?: unknown; headers?: Record<string, string> };

function explain(snapshot: ReturnType<typeof snapshotOf>, asked: Asked = {}): Promise<Explanation> {
  const { body = { model: 'gpt-4o', messages: [] }, headers = {}, ...rest } = asked;
  return explainRequest(snapshot, {
    method: 'POST',
    url: '/v1/chat/completions',
    listener: '',
    sourceIp: '127.0.0.1',
    principal: undefined,
    claims: undefined,
    ...rest,
    headers: new Map(Object.entries({ host: 'localhost', ...headers })),
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

function data(explanation: Explanation, name: string): JsonObject {
  const section = explanation.sections.find((one) => one.name === name);
  assert.ok(section !== undefined, `there is no section ${name}`);
  return section.data as JsonObject;
}

function lines(explanation: Explanation, name: string): readonly string[] {
  return explanation.sections.find((one) => one.name === name)?.lines ?? [];
}

async function routeOf(snapshot: ReturnType<typeof snapshotOf>, asked?: Asked): Promise<unknown> {
  const explanation = await explain(snapshot, asked);
  return explanation.refusal?.code ?? data(explanation, 'route')['name'];
}

const REST = '{ name: rest, split: [{ cluster: openai }] }';

test('a request is explained from its service to its targets', async () => {
  const snapshot = routes(
    '{ name: gold, match: [{ headers: { x-tier: gold } }, { model: "gpt-*", stream: true }], split: [{ cluster: openai, weight: 3 }, { cluster: claude, model: c, weight: 1 }], fallback: [{ cluster: cohere, model: x }], timeout: { request: 90s, first_token: 5s }, retry: { attempts: 2 } }',
    REST,
  );
  const explanation = await explain(snapshot, { body: { model: 'gpt-4o', stream: true, messages: [] } });
  assert.equal(explanation.refusal, undefined);
  assert.deepEqual(data(explanation, 'service'), { name: 's' });
  assert.deepEqual(data(explanation, 'endpoint'), { operation: 'chat', client_api: 'openai-chat' });
  assert.deepEqual(lines(explanation, 'route'), [
    'gold, match 1',
    'because model looks like "gpt-*"',
    'because stream is true',
  ]);
  assert.deepEqual(lines(explanation, 'targets'), [
    'balance: weighted',
    '0. openai (openai): 75 %, openai-chat, passed on, model "gpt-4o"',
    '0. claude (anthropic): 25 %, anthropic, translated, model "c"',
    '1. cohere (cohere): 100 %, cohere-chat, translated, model "x"',
  ]);
  assert.equal(data(explanation, 'timeout')['request'], '90s');
  assert.equal(data(explanation, 'timeout')['first_byte'], '5s');
  assert.equal(data(explanation, 'retry')['attempts'], 2);
  assert.deepEqual(lines(explanation, 'other_routes'), [
    'gold, match 0: unmet: header x-tier is "gold" (the request has nothing)',
    'rest, match 0: matches too, but stands further down',
  ]);
  const shown = JSON.stringify(explanation);
  assert.ok(shown.includes('x-secret') && !shown.includes('hidden'), 'values of headers are secrets');
});

test('a cluster that the model names goes before a route for any model', async () => {
  const explanation = await explain(routes(REST), { body: { model: 'openai/gpt-4o', messages: [] } });
  assert.deepEqual(lines(explanation, 'route'), [
    's/openai',
    'addressed by name: the model was written as "openai/gpt-4o"',
  ]);
  assert.deepEqual(lines(explanation, 'other_routes'), [
    'rest, match 0: takes any model, so the cluster that the model names goes first',
  ]);
});

test('operations without a model ignore conditions on it', async () => {
  const snapshot = routes(
    '{ name: claude, match: { model: c }, split: [{ cluster: claude }] }',
    '{ name: gpt, match: { model: g }, split: [{ cluster: openai }] }',
  );
  const explanation = await explain(snapshot, { method: 'GET', url: '/v1/files', body: '' });
  assert.equal(data(explanation, 'route')['name'], 'gpt');
  assert.deepEqual(lines(explanation, 'other_routes'), [
    'claude, match 0: matches, but none of its targets serves this operation',
  ]);
});

describe('refusals are explained as far as the request would get', () => {
  const gold = '{ name: gold, match: { headers: { x-tier: gold } }, split: [{ cluster: openai }] }';
  const cases: [name: string, asked: Asked, code: string, last: string][] = [
    ['no route', {}, 'model_not_found', 'other_routes'],
    ['no path', { url: '/nothing' }, 'unknown_path', 'limits'],
    ['no JSON', { body: '{' }, 'malformed_request', 'limits'],
    ['wrong method', { method: 'DELETE', body: '' }, 'method_not_allowed', 'limits'],
    ['too large', { body: 'x'.repeat(51 * 1024 * 1024) }, 'request_too_large', 'limits'],
  ];
  for (const [name, asked, code, last] of cases) {
    test(name, async () => {
      const { refusal, sections } = await explain(routes(gold), asked);
      assert.equal(refusal?.code, code);
      assert.equal(sections.at(-1)?.name, last);
      assert.equal(sections[0]?.name, 'request');
    });
  }
  test('no service for the host', async () => {
    const snapshot = snapshotOf(`  - { name: s, domains: [a.example], virtual_routes: [${REST}] }\n`);
    const { refusal, sections } = await explain(snapshot);
    assert.equal(refusal?.code, 'route_not_found');
    assert.deepEqual(
      sections.map((section) => section.name),
      ['request', 'limits'],
    );
  });
  test('no target that serves the operation', async () => {
    const snapshot = routes('{ name: r, split: [{ cluster: claude, model: c }] }');
    const { refusal, sections } = await explain(snapshot, { url: '/v1/embeddings', body: { model: 'm', input: 'x' } });
    assert.equal(refusal?.code, 'unsupported_operation');
    const targets = sections.find((section) => section.name === 'targets');
    assert.deepEqual(targets?.lines.slice(1), [
      '0. claude (anthropic): 100 %, skipped: it does not serve this operation, model "c"',
    ]);
  });
});

test('the list of models is answered by the gateway', async () => {
  const explanation = await explain(routes(REST), { method: 'GET', url: '/v1/models', body: '' });
  assert.deepEqual(data(explanation, 'endpoint'), { operation: 'models', answered_by: 'the gateway' });
});

describe('what a request shows to conditions', () => {
  const cases: [match: string, meets: Asked, misses: Asked][] = [
    ['hosts: ["*.example.com"]', { headers: { host: 'EU.example.com:8080' } }, {}],
    ['paths: [{ prefix: /v1/chat/ }]', {}, { url: '/v1/responses', body: { model: 'm', input: 'x' } }],
    ['operations: [messages]', { url: '/v1/messages' }, {}],
    [
      'query: { region: "a b" }',
      { url: '/v1/chat/completions?region=a+b&region=c' },
      { url: '/v1/chat/completions?region=c' },
    ],
    ['headers: { x-ai-eg-model: gpt-4o }', {}, { body: { model: 'm' }, headers: { 'x-ai-eg-model': 'gpt-4o' } }],
    ['stream: true', { body: { model: 'm', stream: true } }, {}],
    ['prompt_tokens: { min: 50 }', { body: { model: 'm', prompt: 'word '.repeat(50) } }, {}],
    ['body: { /metadata/tier: gold }', { body: { model: 'm', metadata: { tier: 'gold' } } }, {}],
    ['teams: [search]', { principal: { team: 'search' } }, { principal: { organization: 'search' } }],
    ['keys: [ada]', { principal: { key: 'ada' } }, {}],
    ['claims: { roles: dev }', { claims: { roles: ['dev'] } }, { claims: { roles: ['ops'] } }],
    [`cel: 'headers["x-a"] == "1"'`, { headers: { 'x-a': '1' } }, { headers: { 'x-a': '2' } }],
    [`cel: 'query.a == "1"'`, { url: '/v1/chat/completions?a=1' }, {}],
    [`cel: 'source_ip == "10.0.0.1"'`, { sourceIp: '10.0.0.1' }, {}],
    [`cel: 'method == "POST" && host == "localhost" && body.n > 1'`, { body: { model: 'm', n: 2 } }, {}],
  ];
  for (const [match, meets, misses] of cases) {
    test(match, async () => {
      const snapshot = routes(`{ name: special, match: { ${match} }, split: [{ cluster: openai }] }`, REST);
      assert.equal(await routeOf(snapshot, meets), 'special');
      assert.equal(await routeOf(snapshot, misses), 'rest');
    });
  }
});

describe('tools are seen in the form of every client API', () => {
  const cases: [url: string, body: JsonObject, carries: boolean][] = [
    ['/v1/chat/completions', { model: 'm', tools: [{}] }, true],
    ['/v1/chat/completions', { model: 'm', functions: [{}] }, true],
    ['/v1/chat/completions', { model: 'm', tools: [] }, false],
    ['/v1/chat/completions', { model: 'm', tools: null }, false],
    ['/v1/responses', { model: 'm', tools: [{}] }, true],
    ['/v1/messages', { model: 'm', tools: [{}] }, true],
    ['/v1beta/models/m:generateContent', { tools: [{}] }, true],
    ['/v1beta/models/m:generateContent', { toolConfig: { functionCallingConfig: {} } }, false],
    ['/model/m/converse', { toolConfig: { tools: [{}] } }, true],
    ['/model/m/converse', { toolConfig: { tools: [] } }, false],
    ['/v2/chat', { model: 'm', tools: [{}] }, true],
  ];
  for (const [url, body, carries] of cases) {
    test(`${url} ${JSON.stringify(body)}`, async () => {
      const snapshot = routes('{ match: { tools: true }, name: special, split: [{ cluster: openai }] }', REST);
      const explanation = await explain(snapshot, { url, body });
      assert.equal(data(explanation, 'request')['tools'], carries);
      assert.equal(data(explanation, 'route')['name'], carries ? 'special' : 'rest');
    });
  }
});

test('a field that a condition reads must not be there twice', async () => {
  const snapshot = routes('{ name: gold, match: { body: { /tier: gold } }, split: [{ cluster: openai }] }', REST);
  const twice = '{"model":"m","tier":"gold","t\\u0069er":"free"}';
  const { refusal } = await explain(snapshot, { body: twice });
  assert.equal(refusal?.code, 'malformed_request');
  assert.match(refusal?.message ?? '', /"tier" is there twice/);
  assert.equal(await routeOf(routes(REST), { body: twice }), 'rest');
});

test('conditions name the operations that there are', () => {
  const served = new Set(allEndpoints().map(({ endpoint }) => endpoint.operation));
  assert.deepEqual([...served].sort(), [...OPERATION_NAMES].sort());
});
