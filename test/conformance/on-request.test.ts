import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { isObject, type JsonObject, type JsonValue } from '../../src/json/types.ts';
import { countTokens } from '../../src/mock/brain/tokens.ts';
import { createMockServer } from '../../src/mock/server.ts';
import { type AccessRecord, startGateway } from '../support/gateway.ts';

const PROMPT = 'How are you today?';

const mock = createMockServer({ strict: true, seed: 1 });
const { url } = await mock.listen();
after(() => mock.close());

const gateway = await startGateway(
  { after },
  `static_cluster:
  claude: { provider: anthropic, endpoint: "${url}", api_key: k }
  hub: { provider: tgi, endpoint: "${url}", api_key: k }
  lama: { provider: ollama, endpoint: "${url}", api_key: k }
virtual_services:
  - name: asked
    domains: [asked.test]
    endpoints:
      /generate: tgi_generate
      /silent: tgi_generate
      /mixed: tgi_generate
      /own: tgi_generate
      /own_stream: tgi_generate_stream
      /llm/stream: tgi_generate_stream
      /api/chat: ollama_chat
      /ask: ollama_generate
    virtual_routes:
      - { match: { model: claude-opus-4-5 }, split: [ { cluster: claude } ] }
      - { match: { paths: [/generate, /llm/stream] }, split: [ { cluster: claude, model: claude-sonnet-4-5 } ] }
      - { match: { paths: [/mixed] }, split: [ { cluster: claude, model: claude-sonnet-4-5 }, { cluster: claude } ] }
      - { match: { paths: [/own, /own_stream] }, split: [ { cluster: hub } ] }
      - { match: { model: 'qwen3:8b' }, split: [ { cluster: lama } ] }
  - name: unasked
    domains: ["*"]
    virtual_routes: [ { split: [ { cluster: claude } ] } ]
`,
);

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: JsonObject;
}

function post(path: string, body: JsonObject, options: { host?: string; test?: string } = {}): Promise<Answer> {
  const { host = 'asked.test', test: id = '' } = options;
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json', 'x-test': id };
    const outgoing = request({ host: '127.0.0.1', port: gateway.port, method: 'POST', path, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => {
        const received = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
        resolve({ status: incoming.statusCode ?? 0, headers: received, text, json: parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

function parse(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const prompt = (fields: JsonObject = {}): JsonObject => ({ inputs: PROMPT, parameters: { details: true }, ...fields });
const sentModels = () => mock.requests.map(({ body }) => parse(body)['model']);

test('the paths are nobody’s where no virtual service asks for them', async () => {
  for (const path of ['/generate', '/generate_stream', '/api/chat', '/api/generate']) {
    const { status, text } = await post(path, prompt({ model: 'm' }), { host: 'other.test' });
    assert.deepEqual([status, text], [404, `unsupported path: ${path}`]);
  }
});

test('TGI: the model comes from the route, under whatever path', async () => {
  const whole = await post('/generate', prompt(), { test: 'tgi whole' });
  assert.equal(whole.status, 200, whole.text);
  assert.match(String(whole.json['generated_text']), /^You said: How are you today\?/);
  const streamed = await post('/llm/stream', prompt(), { test: 'tgi stream' });
  assert.match(streamed.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.deepEqual(sentModels().slice(-2), ['claude-sonnet-4-5', 'claude-sonnet-4-5']);
  const named = await post('/generate', prompt({ model: 'claude-opus-4-5' }));
  assert.equal(named.status, 200, named.text);
  assert.equal(sentModels().at(-1), 'claude-opus-4-5', 'a body that names a model is heard');
});

test('TGI: a request that no model can be found for is refused in its own words', async () => {
  const before = mock.requests.length;
  for (const [path, message] of [
    ['/silent', /no route of \/silent does without; send the field "model"/],
    ['/mixed', /neither do all targets of its route/],
  ] as const) {
    const { status, json } = await post(path, prompt());
    assert.equal(status, 400);
    assert.match(String(json['error']), message);
    assert.equal(json['error_type'], 'validation');
  }
  assert.equal(mock.requests.length, before);
});

test('TGI: the path decides whether the answer streams, and a field that says otherwise is warned of', async () => {
  const whole = await post('/generate', prompt({ stream: true }));
  assert.match(whole.headers.get('content-type') ?? '', /^application\/json/);
  assert.match(whole.headers.get('x-aigw-warnings') ?? '', /'stream' was not heeded: this path always answers whole/);
  const streamed = await post('/llm/stream', prompt({ stream: false }));
  assert.match(streamed.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.match(streamed.headers.get('x-aigw-warnings') ?? '', /always answers with a stream/);
  assert.equal((await post('/generate', prompt({ stream: false }))).headers.get('x-aigw-warnings'), null);
  const wrong = await post('/generate', prompt({ stream: 'yes' }));
  assert.deepEqual([wrong.status, wrong.json['error_type']], [400, 'validation']);
});

test('TGI: a server of the same API gets the bytes', async () => {
  const whole = await post('/own', prompt({ odd: [1, 2] }), { test: 'tgi own whole' });
  assert.equal(whole.status, 200, whole.text);
  const sent = mock.requests.at(-1);
  assert.equal(sent?.path, '/generate');
  assert.equal(sent?.body, JSON.stringify(prompt({ odd: [1, 2] })));
  const streamed = await post('/own_stream', prompt(), { test: 'tgi own stream' });
  assert.equal(streamed.status, 200);
  assert.equal(mock.requests.at(-1)?.path, '/generate_stream');
});

test('Ollama: a server of the same API gets the bytes, and its lines come back as they are', async () => {
  const chat = { model: 'qwen3:8b', messages: [{ role: 'user', content: PROMPT }], odd: [1, 2] };
  const { status, headers, text } = await post('/api/chat', chat, { test: 'ollama own stream' });
  assert.deepEqual([status, headers.get('content-type')], [200, 'application/x-ndjson'], text);
  assert.equal(mock.requests.at(-1)?.body, JSON.stringify(chat));
  const last = parse(text.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(typeof last['total_duration'], 'number', 'what only this server tells');
});

test('Ollama: a stream is what a request gets that does not say', async () => {
  const chat = { model: 'claude-opus-4-5', messages: [{ role: 'user', content: PROMPT }] };
  const streamed = await post('/api/chat', chat, { test: 'ollama stream' });
  assert.equal(streamed.headers.get('content-type'), 'application/x-ndjson');
  const lines = streamed.text.trimEnd().split('\n').map(parse);
  assert.equal(lines.at(-1)?.['done'], true);
  assert.equal(lines.at(-1)?.['prompt_eval_count'], countTokens(PROMPT));
  const whole = await post('/api/chat', { ...chat, stream: false }, { test: 'ollama whole' });
  assert.match(whole.headers.get('content-type') ?? '', /^application\/json/);
  const generated = await post('/ask', { model: 'claude-opus-4-5', prompt: PROMPT, stream: false });
  assert.match(String(generated.json['response']), /^You said: /);
  const unnamed = await post('/api/chat', { messages: chat.messages });
  assert.deepEqual([unnamed.status, Object.keys(unnamed.json)], [400, ['error']]);
  assert.match(String(unnamed.json['error']), /"model" is missing/);
});

test('every answer is metered, translated or passed on', async () => {
  const records = await gateway.stop();
  const record = (id: string): AccessRecord => {
    const found = records.find((one) => one.test === id);
    assert.ok(found !== undefined, id);
    return found;
  };
  for (const id of [
    'tgi whole',
    'tgi stream',
    'tgi own whole',
    'tgi own stream',
    'ollama whole',
    'ollama stream',
    'ollama own stream',
  ]) {
    const { input_tokens: input, output_tokens: output } = record(id);
    assert.equal(input, countTokens(PROMPT), `input tokens of ${id}`);
    assert.ok((output ?? 0) > 5, `output tokens of ${id}`);
  }
  assert.deepEqual(
    ['tgi whole', 'tgi stream', 'ollama whole', 'ollama stream'].map((id) => record(id).stream),
    [false, true, false, true],
  );
});
