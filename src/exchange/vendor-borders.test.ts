import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../../test/support/gateway.ts';
import { type ProviderCall, startRawProvider } from '../../test/support/raw-provider.ts';
import { markToken } from '../dialects/neutral/opaque-token.ts';

/** What the provider does with the request of a test, by its `x-test` header. */
const plays = new Map<string, (call: ProviderCall) => void>();
const calls = new Map<string, ProviderCall>();

const provider = await startRawProvider({ after }, (call) => {
  const id = call.headers['x-test'] ?? '';
  calls.set(id, call);
  plays.get(id)?.(call);
});

const cluster = (name: string, rest: string) =>
  `  ${name}: { provider: ${name}, endpoint: "${provider.url}", ${rest}, circuit_breaker: false }`;
const AWS = 'region: us-east-1, credential: { type: aws, access_key_id: AKIA, secret_access_key: s }';
const names = ['openai', 'anthropic', 'google', 'aws-bedrock', 'cohere'];
const gateway = await startGateway(
  { after },
  `static_cluster:
${names.map((name) => cluster(name, name === 'aws-bedrock' ? AWS : 'api_key: k')).join('\n')}
virtual_services:
  - name: main
    virtual_routes:
${names.map((name) => `      - { match: { headers: { x-to: ${name} } }, split: [{ cluster: ${name} }] }`).join('\n')}
      - { match: { headers: { x-to: cohere-openai } }, split: [{ cluster: cohere }], fallback: [{ cluster: openai }] }
      - { match: { headers: { x-to: openai-cohere } }, split: [{ cluster: openai }], fallback: [{ cluster: cohere }] }
`,
);

interface Answered {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  text: string;
  call: ProviderCall | undefined;
}

async function post(
  id: string,
  to: { path: string; cluster: string; body: object; headers?: Record<string, string> },
  play: (call: ProviderCall) => void,
): Promise<Answered> {
  plays.set(id, play);
  const response = await fetch(`http://127.0.0.1:${gateway.port}${to.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-test': id, 'x-to': to.cluster, ...to.headers },
    body: JSON.stringify(to.body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, body, text, call: calls.get(id) };
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  (call: ProviderCall) =>
    call.reply(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));

const MESSAGE = { role: 'user', content: 'Hi' };
const COMPLETION = { id: 'c', model: 'm', choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }] };
const CLAUDE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 1, output_tokens: 1 },
};

test('what a whole answer and a request cannot say stands in x-aigw-warnings', async () => {
  const searched = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
  const { headers } = await post(
    'whole',
    {
      path: '/v1/chat/completions',
      cluster: 'anthropic',
      body: { model: 'claude-sonnet-4-5', messages: [MESSAGE], top_logprobs: 3 },
    },
    json(200, { ...CLAUDE, content: [searched, ...CLAUDE.content] }),
  );
  const warnings = headers.get('x-aigw-warnings') ?? '';
  assert.match(warnings, /'top_logprobs' was left out: it has no effect without 'logprobs'\./);
  assert.match(warnings, /A part of the answer that only the anthropic API knows \(server_tool_use\) was left out\./);
});

test('of a stream what is known with its first content stands in x-aigw-warnings', async () => {
  const sound = { inlineData: { mimeType: 'audio/wav', data: 'U09VTkQ=' } };
  const chunk = { candidates: [{ content: { parts: [sound, { text: 'Hi' }] }, finishReason: 'STOP' }] };
  const { headers, text } = await post(
    'stream',
    {
      path: '/v1/chat/completions',
      cluster: 'google',
      body: { model: 'gemini-2.5-flash', stream: true, messages: [MESSAGE] },
    },
    (call) => {
      call.head(200, { 'content-type': 'text/event-stream' });
      call.chunk(`data: ${JSON.stringify(chunk)}\n\n`);
      call.end();
    },
  );
  assert.match(text, /"content":"Hi"/);
  assert.match(headers.get('x-aigw-warnings') ?? '', /An audio in the answer was left out/);
});

test('a body that passes as it is loses the tokens of another vendor', async () => {
  const signature = markToken({ maker: 'gemini', kind: 'thought', token: 'R0VN' });
  const body = {
    model: 'claude-sonnet-4-5',
    max_tokens: 100,
    novel: { kept: true },
    messages: [
      MESSAGE,
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature },
          { type: 'text', text: 'A' },
        ],
      },
      { role: 'user', content: 'And?' },
    ],
  };
  const {
    headers,
    call,
    body: answer,
  } = await post('foreign-thought', { path: '/v1/messages', cluster: 'anthropic', body }, json(200, CLAUDE));
  const sent = JSON.parse(call?.body.toString() ?? '{}') as typeof body;
  assert.deepEqual(sent.messages[1], { role: 'assistant', content: [{ type: 'text', text: 'A' }] });
  assert.deepEqual(sent.novel, { kept: true });
  assert.match(headers.get('x-aigw-warnings') ?? '', /Thoughts without a signature of Anthropic were left out/);
  assert.equal(answer['id'], 'msg_1');
});

test('a Responses body that passes as it is loses the reasoning items of another vendor alone', async () => {
  const foreign = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'aigw1:{"d":"gemini","s":"R0VN"}' };
  const own = { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAAAABo' };
  const { call, headers } = await post(
    'foreign-item',
    {
      path: '/v1/responses',
      cluster: 'openai',
      body: { model: 'gpt-5', previous_response_id: 'resp_0', input: [MESSAGE, foreign, own] },
    },
    json(200, { id: 'resp_1', object: 'response', status: 'completed', output: [] }),
  );
  const sent = JSON.parse(call?.body.toString() ?? '{}') as Record<string, unknown>;
  assert.deepEqual(sent, { model: 'gpt-5', previous_response_id: 'resp_0', input: [MESSAGE, own] });
  assert.match(headers.get('x-aigw-warnings') ?? '', /Thoughts without a token of OpenAI were left out/);
});

test('a count of tokens that passes as it is loses the tokens of another vendor too', async () => {
  const signature = markToken({ maker: 'gemini', kind: 'thought', token: 'R0VN' });
  const said = [
    { type: 'thinking', thinking: 'hm', signature },
    { type: 'text', text: 'A' },
  ];
  const messages = [MESSAGE, { role: 'assistant', content: said }, { role: 'user', content: 'And?' }];
  const claude = await post(
    'count-claude',
    { path: '/v1/messages/count_tokens', cluster: 'anthropic', body: { model: 'claude-sonnet-4-5', messages } },
    json(200, { input_tokens: 5 }),
  );
  assert.deepEqual(claude.body, { input_tokens: 5 });
  assert.deepEqual(JSON.parse(claude.call?.body.toString() ?? ''), {
    model: 'claude-sonnet-4-5',
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'A' }] },
      { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    ],
  });
  assert.match(claude.headers.get('x-aigw-warnings') ?? '', /Thoughts without a signature of Anthropic were left out/);

  const thoughtSignature = markToken({ maker: 'anthropic', kind: 'thought', token: 'Q0xB' });
  const contents = [
    { role: 'user', parts: [{ text: 'Hi' }] },
    { role: 'model', parts: [{ text: 'hm', thought: true, thoughtSignature }, { text: 'A' }] },
    { role: 'user', parts: [{ text: 'And?' }] },
  ];
  const path = '/v1beta/models/gemini-2.5-flash:countTokens';
  const gemini = await post(
    'count-gemini',
    { path, cluster: 'google', body: { contents } },
    json(200, { totalTokens: 5 }),
  );
  assert.deepEqual(gemini.body, { totalTokens: 5 });
  assert.equal(gemini.call?.body.toString().includes(thoughtSignature), false);

  const foreign = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'aigw1:{"d":"gemini","s":"R0VN"}' };
  const openai = await post(
    'count-openai',
    { path: '/v1/responses/input_tokens', cluster: 'openai', body: { model: 'gpt-5', input: [MESSAGE, foreign] } },
    json(200, { object: 'response.input_tokens', input_tokens: 5 }),
  );
  assert.deepEqual(JSON.parse(openai.call?.body.toString() ?? ''), { model: 'gpt-5', input: [MESSAGE] });
});

test('what an attempt that failed would have lost is no warning beside the answer of another', async () => {
  const body = { model: 'gpt-5', messages: [MESSAGE], logit_bias: { 50256: -100 }, top_logprobs: 3 };
  const play = (call: ProviderCall) => (call.path === '/v2/chat' ? json(500, {}) : json(200, COMPLETION))(call);
  const passed = await post('failover', { path: '/v1/chat/completions', cluster: 'cohere-openai', body }, play);
  assert.equal(passed.status, 200, passed.text);
  assert.deepEqual([passed.headers.get('x-aigw-cluster'), passed.headers.get('x-aigw-attempts')], ['openai', '2']);
  assert.equal(passed.headers.get('x-aigw-warnings'), null);
  const failing = json(500, { message: 'No.' });
  const failed = await post(
    'failover-fails',
    { path: '/v1/chat/completions', cluster: 'openai-cohere', body },
    failing,
  );
  assert.equal(failed.headers.get('x-aigw-cluster'), 'cohere');
  assert.match(failed.headers.get('x-aigw-warnings') ?? '', /'top_logprobs' was left out.*logit_bias/);
});

test('beta flags go to Claude on Bedrock in the body, and to no other vendor', async () => {
  const headers = {
    'anthropic-beta': 'interleaved-thinking-2025-05-14,files-api-2025-04-14',
    'anthropic-version': 'v',
  };
  const body = { model: 'anthropic.claude-sonnet-4-5', max_tokens: 100, messages: [MESSAGE] };
  const converse = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, stopReason: 'end_turn' };
  const bedrock = await post('beta-bedrock', { path: '/v1/messages', cluster: 'aws-bedrock', body, headers }, (call) =>
    json(200, call.path.includes('converse') ? converse : CLAUDE)(call),
  );
  assert.equal(bedrock.call?.headers['anthropic-beta'], undefined);
  assert.equal(bedrock.call?.headers['anthropic-version'], undefined);
  assert.match(bedrock.call?.body.toString() ?? '', /"anthropic_beta":\["interleaved-thinking-2025-05-14"\]/);
  assert.match(bedrock.headers.get('x-aigw-warnings') ?? '', /flag files-api-2025-04-14 was not sent: Bedrock/);

  const gpt = { ...body, model: 'gpt-5' };
  const openai = await post(
    'beta-openai',
    { path: '/v1/messages', cluster: 'openai', body: gpt, headers },
    json(200, COMPLETION),
  );
  assert.equal(openai.call?.headers['anthropic-beta'], undefined);
  assert.equal(openai.call?.body.includes('anthropic_beta'), false);
  assert.match(openai.headers.get('x-aigw-warnings') ?? '', /The anthropic-beta flags were not sent/);
});

test("errors carry the headers of the client's API, and Retry-After in its own form", async () => {
  const limit = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Slow down.', details: [] as object[] } };
  limit.error.details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' });
  const paths = {
    '/v1/chat/completions': { model: 'gemini-2.5-flash', messages: [MESSAGE] },
    '/v1/messages': { model: 'gemini-2.5-flash', max_tokens: 100, messages: [MESSAGE] },
    '/model/gemini-2.5-flash/converse': { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
  };
  const seen: Record<string, Headers> = {};
  for (const [path, body] of Object.entries(paths)) {
    const answered = await post(`limit ${path}`, { path, cluster: 'google', body }, json(429, limit));
    assert.equal(answered.status, 429);
    assert.equal(answered.headers.get('retry-after'), '7', path);
    seen[path] = answered.headers;
  }
  const id = (path: string) => seen[path]?.get('x-aigw-request-id');
  assert.equal(seen['/v1/chat/completions']?.get('x-request-id'), id('/v1/chat/completions'));
  assert.equal(seen['/v1/chat/completions']?.get('retry-after-ms'), '7000');
  assert.equal(seen['/v1/messages']?.get('request-id'), id('/v1/messages'));
  const bedrock = '/model/gemini-2.5-flash/converse';
  assert.equal(seen[bedrock]?.get('x-amzn-errortype'), 'ThrottlingException');
  assert.equal(seen[bedrock]?.get('x-amzn-requestid'), id(bedrock));

  const path = '/v1beta/models/gpt-5:generateContent';
  const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };
  const openai = { error: { message: 'Slow down.', type: 'requests', code: 'rate_limit_exceeded' } };
  const google = await post(
    'limit-google',
    { path, cluster: 'openai', body },
    json(429, openai, { 'retry-after': '3' }),
  );
  assert.equal(google.headers.get('retry-after'), '3');
  assert.match(google.text, /"@type":"type\.googleapis\.com\/google\.rpc\.RetryInfo","retryDelay":"3s"/);
});
