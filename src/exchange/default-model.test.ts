import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from '../../test/support/gateway.ts';
import { startRawProvider } from '../../test/support/raw-provider.ts';
import { defaultModel } from './default-model.ts';
import { allEndpoints } from './endpoints.ts';

interface Sent {
  path: string;
  body: string;
}
const sent: Sent[] = [];
const provider = await startRawProvider({ after }, (call) => {
  sent.push({ path: call.path, body: call.body.toString() });
  const isStream = call.body.toString().includes('"stream":true');
  if (isStream)
    call.reply(
      200,
      { 'Content-Type': 'Text/Event-Stream; charset=utf-8' },
      'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n',
    );
  else call.reply(200, { 'content-type': 'application/json' }, '{"created":1,"data":[],"results":[]}');
});
const gateway = await startGateway(
  { after },
  `static_cluster:
  openai: { provider: openai, endpoint: "${provider.url}", api_key: k }
  claude: { provider: anthropic, endpoint: "${provider.url}", api_key: k }
virtual_services:
  - name: some
    domains: [some.test]
    virtual_routes: [ { split: [ { cluster: claude } ] } ]
  - name: main
    virtual_routes:
      - { match: { model: omni-moderation-latest }, split: [ { cluster: openai } ] }
      - { match: { model: gpt-image-1 }, split: [ { cluster: openai, model: gpt-image-2 } ] }
      - { match: { model: dall-e-2 }, split: [ { cluster: openai } ] }
      - { match: { model: m }, split: [ { cluster: openai } ] }
`,
);

async function post(
  path: string,
  body: string | FormData,
): Promise<{ status: number; text: string; type: string; sent: Sent | undefined }> {
  const count = sent.length;
  const headers: Record<string, string> = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { method: 'POST', headers, body });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, text, type, sent: sent[count] };
}

test('OpenAI has default models for moderations and images alone', () => {
  for (const { path, endpoint } of allEndpoints()) {
    const assumed = defaultModel(endpoint, () => false);
    assert.equal(assumed !== undefined, /^\/v1\/(?:moderations|images\/)/.test(path), path);
  }
});

test('a body that names no model goes on as it is, by the route of the model that its provider takes', async () => {
  for (const [path, body] of [
    ['/v1/moderations', '{ "input": "Hi" }'],
    ['/v1/moderations', '{ "model": null, "input": "Hi" }'],
    ['/v1/images/generations', '{ "prompt": "a cat", "stream": false }'],
  ] as const) {
    const answered = await post(path, body);
    assert.equal(answered.status, 200, answered.text);
    assert.deepEqual(answered.sent, { path, body });
  }
});

test('a parameter of GPT image models alone means one, and a target’s own model is put in', async () => {
  const { status, sent: request } = await post('/v1/images/generations', '{"prompt":"a cat","background":"opaque"}');
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(request?.body ?? ''), { model: 'gpt-image-2', prompt: 'a cat', background: 'opaque' });
  const form = new FormData();
  form.set('prompt', 'a hat');
  form.set('image', new Blob(['x']), 'a.png');
  assert.match((await post('/v1/images/edits', form)).sent?.body ?? '', /a hat/);
});

test('a model of another type than text, or none where the provider demands one, is refused', async () => {
  for (const [path, body, said] of [
    ['/v1/moderations', '{"model":5,"input":"Hi"}', /must be a string/],
    ['/v1/chat/completions', '{"messages":[]}', /"model\\" is missing/],
    ['/v1/audio/speech', '{"input":"Hi"}', /is missing/],
  ] as const) {
    const { status, text, sent: request } = await post(path, body);
    assert.deepEqual([status, request], [400, undefined], path);
    assert.match(text, said);
  }
});

test('a field that some providers take for the model, or for the wish for a stream, is refused', async () => {
  for (const field of ['Model', 'MODEL', 'Stream']) {
    const {
      status,
      text,
      sent: request,
    } = await post('/v1/chat/completions', `{"model":"m","messages":[],"${field}":"x"}`);
    assert.deepEqual([status, request], [400, undefined]);
    assert.ok(text.includes(`The field \\"${field}\\" is read as`), text);
  }
});

test('a stream is known by its type in whatever case', async () => {
  const { text, type } = await post('/v1/chat/completions', '{"model":"m","stream":true,"messages":[]}');
  assert.match(type, /^text\/event-stream/i);
  assert.match(text, /\[DONE\]/);
  const records = await gateway.stop();
  assert.deepEqual([records.at(-1)?.input_tokens, records.at(-1)?.output_tokens], [3, 2], 'its usage is read');
});
