import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { at, joined, startMock } from '../mock-fixture.test.ts';

const TOOL = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

function chat(content: string, more: JsonObject = {}): JsonObject {
  return { model: 'gpt-4o-mini', messages: [{ role: 'user', content }], ...more };
}

test('a chat completion has the documented shape', async (t) => {
  const { post } = await startMock(t);
  const { json, headers } = await post('/v1/chat/completions', chat('Hello'));
  assert.match(String(json['id']), /^chatcmpl-/);
  assert.equal(json['object'], 'chat.completion');
  assert.equal(json['model'], 'gpt-4o-mini');
  assert.equal(at(json, 'choices.0.message.role'), 'assistant');
  assert.equal(at(json, 'choices.0.message.refusal'), null);
  assert.equal(at(json, 'choices.0.logprobs'), null);
  assert.equal(at(json, 'choices.0.finish_reason'), 'stop');
  const usage = json['usage'] as Record<string, number>;
  assert.equal(usage['total_tokens'], (usage['prompt_tokens'] ?? 0) + (usage['completion_tokens'] ?? 0));
  assert.match(headers.get('x-request-id') ?? '', /^req_/);
});

test('a stream ends with usage when asked, then [DONE], and says what the whole answer says', async (t) => {
  const { post } = await startMock(t);
  const whole = await post('/v1/chat/completions', chat('Hello'));
  const stream = await post(
    '/v1/chat/completions',
    chat('Hello', { stream: true, stream_options: { include_usage: true } }),
  );
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.equal(joined(stream.events, 'choices.0.delta.content'), at(whole.json, 'choices.0.message.content'));
  assert.deepEqual(at(stream.events[0], 'choices.0.delta'), { role: 'assistant', content: '', refusal: null });
  assert.equal(stream.events[0]?.['usage'], null);
  assert.equal(at(stream.events.at(-2), 'choices.0.finish_reason'), 'stop');
  assert.deepEqual(stream.events.at(-1)?.['choices'], []);
  assert.deepEqual(stream.events.at(-1)?.['usage'], whole.json['usage']);
  assert.ok(stream.text.endsWith('data: [DONE]\n\n'));
  const plain = await post('/v1/chat/completions', chat('Hello', { stream: true }));
  assert.ok(!plain.text.includes('"usage"'), 'no usage unless asked for');
});

test('tool calls are streamed in pieces', async (t) => {
  const { post } = await startMock(t);
  const { events } = await post('/v1/chat/completions', chat('call the tool', { stream: true, tools: [TOOL] }));
  const start = at(events[1], 'choices.0.delta.tool_calls.0') as JsonObject;
  assert.match(String(start['id']), /^call_/);
  assert.deepEqual(start['function'], { name: 'get_weather', arguments: '' });
  assert.deepEqual(JSON.parse(joined(events, 'choices.0.delta.tool_calls.0.function.arguments')), {
    city: 'example city',
  });
  assert.ok(events.length > 4, 'the arguments come in several events');
  assert.equal(at(events.at(-1), 'choices.0.finish_reason'), 'tool_calls');
});

test('several answers interleave in a stream', async (t) => {
  const { post } = await startMock(t);
  const { events } = await post('/v1/chat/completions', chat('Hello', { stream: true, n: 2 }));
  const indices = events.map((event) => at(event, 'choices.0.index'));
  assert.deepEqual(indices.slice(0, 4), [0, 1, 0, 1]);
  const second = events.filter((event) => at(event, 'choices.0.index') === 1);
  assert.match(joined(second, 'choices.0.delta.content'), /^Answer 2\. You said: Hello/);
});

test('a tool result is answered, an image acknowledged, a schema fitted', async (t) => {
  const { post } = await startMock(t);
  const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } };
  const messages = [
    { role: 'user', content: 'call the tool' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'call_1', content: '21 degrees' },
  ];
  const used = await post('/v1/chat/completions', { model: 'm', messages, tools: [TOOL] });
  assert.match(String(at(used.json, 'choices.0.message.content')), /^The tool get_weather answered: 21 degrees\./);
  const parts = [
    { type: 'text', text: 'Look' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
  ];
  const seen = await post('/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: parts }] });
  assert.match(String(at(seen.json, 'choices.0.message.content')), /I received 1 image\./);
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
  const fitted = await post('/v1/chat/completions', chat('Hello', { response_format: format }));
  assert.deepEqual(JSON.parse(String(at(fitted.json, 'choices.0.message.content'))), { n: 1 });
});

test('thoughts are counted, and shown only by models that show them', async (t) => {
  const { post } = await startMock(t);
  const hidden = await post('/v1/chat/completions', chat('Hello', { reasoning_effort: 'low' }));
  assert.equal(at(hidden.json, 'choices.0.message.reasoning_content'), undefined);
  assert.ok(Number(at(hidden.json, 'usage.completion_tokens_details.reasoning_tokens')) > 0);
  const shown = await post('/v1/chat/completions', chat('Hello', { model: 'deepseek-r1', reasoning_effort: 'low' }));
  assert.match(String(at(shown.json, 'choices.0.message.reasoning_content')), /^The user says/);
});

test('chat completions are served under any prefix, Azure with its deployment as model', async (t) => {
  const { post } = await startMock(t);
  for (const prefix of ['/v1', '/openai/v1', '/v1beta/openai', '/compatibility/v1', '/v1/openai', '/openai']) {
    assert.equal((await post(`${prefix}/chat/completions`, chat('Hello'))).status, 200, prefix);
  }
  const path = '/openai/deployments/my%20model/chat/completions?api-version=2025-01-01-preview';
  const azure = await post(path, { messages: [{ role: 'user', content: 'Hello' }] });
  assert.equal(azure.json['model'], 'my model');
  assert.equal(at(azure.json, 'prompt_filter_results.0.content_filter_results.hate.filtered'), false);
  const stream = await post(path, { messages: [{ role: 'user', content: 'Hello' }], stream: true });
  assert.deepEqual(stream.events[0]?.['choices'], [], 'the first chunk has no choice');
  assert.ok(stream.headers.get('apim-request-id'));
});

test('completions: prompts, echo, limit, stream', async (t) => {
  const { post } = await startMock(t);
  const two = await post('/v1/completions', { model: 'm', prompt: ['a', 'b'], echo: true, max_tokens: 50 });
  assert.equal(two.json['object'], 'text_completion');
  assert.match(String(at(two.json, 'choices.1.text')), /^bYou said: b/);
  const short = await post('/v1/completions', { model: 'm', prompt: [1, 2, 3] });
  assert.equal(at(short.json, 'usage.prompt_tokens'), 3);
  assert.equal(at(short.json, 'usage.completion_tokens'), 16);
  assert.equal(at(short.json, 'choices.0.finish_reason'), 'length');
  const body = { model: 'm', prompt: 'a', stream: true, stream_options: { include_usage: true } };
  const stream = await post('/v1/completions', body);
  assert.match(joined(stream.events, 'choices.0.text'), /^You said: a\./);
  assert.equal(at(stream.events.at(-1), 'usage.prompt_tokens'), 1);
});

test('strict mode lists what it serves and refuses the rest', async (t) => {
  const { post, get } = await startMock(t, { strict: true, models: ['org/a'] });
  const headers = { authorization: 'Bearer k' };
  assert.equal(at((await get('/v1/models', headers)).json, 'data.0.id'), 'org/a');
  assert.equal((await get('/v1/models/org/a', headers)).json['id'], 'org/a');
  const unknown = await post('/v1/chat/completions', chat('Hello'), headers);
  assert.equal(unknown.status, 404);
  assert.equal(at(unknown.json, 'error.code'), 'model_not_found');
});
