import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { at, joined, startMock } from '../mock-fixture.test.ts';

const KEY = { authorization: 'Bearer k' };
const USER = { role: 'user', content: 'Hello' };
const TOOLS = [
  {
    type: 'function',
    function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
  },
];

test('chat has the documented shape', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const { json } = await post('/v2/chat', { model: 'command-a', messages: [USER] }, KEY);
  assert.match(String(at(json, 'message.content.0.text')), /^You said: Hello\./);
  assert.equal(json['finish_reason'], 'COMPLETE');
  assert.equal(at(json, 'usage.tokens.input_tokens'), 2);
  assert.equal(at(json, 'usage.billed_units.input_tokens'), 2);
});

test('chat streams typed events and ends with [DONE]', async (t) => {
  const { post } = await startMock(t);
  const whole = await post('/v2/chat', { model: 'm', messages: [USER] });
  const { events, text } = await post('/v2/chat', { model: 'm', messages: [USER], stream: true });
  const types = events.map((event) => String(event['type']));
  assert.deepEqual(
    types.filter((type, index) => type !== types[index - 1]),
    ['message-start', 'content-start', 'content-delta', 'content-end', 'message-end'],
  );
  assert.equal(joined(events, 'delta.message.content.text'), at(whole.json, 'message.content.0.text'));
  assert.deepEqual(at(events.at(-1), 'delta.usage'), whole.json['usage']);
  assert.ok(text.startsWith('event: message-start\ndata: ') && text.endsWith('data: [DONE]\n\n'));
});

test('chat calls tools and uses their results', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const ask = { model: 'm', messages: [USER], tools: TOOLS, tool_choice: 'REQUIRED' };
  const whole = await post('/v2/chat', ask, KEY);
  assert.equal(whole.json['finish_reason'], 'TOOL_CALL');
  const call = at(whole.json, 'message.tool_calls.0') as JsonObject;
  const { events } = await post('/v2/chat', { ...ask, stream: true }, KEY);
  assert.equal(joined(events, 'delta.message.tool_plan'), at(whole.json, 'message.tool_plan'));
  const text = joined(events, 'delta.message.tool_calls.function.arguments');
  assert.deepEqual(JSON.parse(text), { city: 'example city' });
  const messages = [
    USER,
    { role: 'assistant', tool_calls: [call] },
    { role: 'tool', tool_call_id: String(call['id']), content: [{ type: 'document', document: { data: 'sunny' } }] },
  ];
  const told = await post('/v2/chat', { model: 'm', messages, tools: TOOLS }, KEY);
  assert.match(String(at(told.json, 'message.content.0.text')), /^The tool get_weather answered: sunny\./);
});

test('embed gives each wanted type', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const body = { model: 'embed-v4.0', input_type: 'search_document', texts: ['a', 'b'], output_dimension: 256 };
  const { json } = await post('/v2/embed', { ...body, embedding_types: ['float', 'int8', 'ubinary', 'base64'] }, KEY);
  assert.equal((at(json, 'embeddings.float.1') as JsonValue[]).length, 256);
  assert.equal((at(json, 'embeddings.int8.0') as JsonValue[]).length, 256);
  assert.equal((at(json, 'embeddings.ubinary.0') as JsonValue[]).length, 32);
  assert.equal(Buffer.from(String(at(json, 'embeddings.base64.0')), 'base64').length, 1024);
  assert.equal(at(json, 'meta.billed_units.input_tokens'), 2);
});

test('rerank puts the best document first', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const documents = ['bread recipe', 'Paris is the capital of France', 'capital gains'];
  for (const path of ['/v2/rerank', '/cohere/v2/rerank', '/v1/rerank']) {
    const { json } = await post(path, { model: 'rerank-v3.5', query: 'capital of France', documents, top_n: 2 }, KEY);
    assert.deepEqual(
      (json['results'] as JsonObject[]).map((result) => result['index']),
      [1, 2],
    );
    assert.equal(at(json, 'meta.billed_units.search_units'), 1);
  }
});

test('strict mode refuses what Cohere refuses', async (t) => {
  const { post } = await startMock(t, { strict: true });
  assert.equal((await post('/v2/chat', { model: 'm', messages: [USER] })).json['message'], 'no api key supplied');
  const cases: [string, JsonObject, RegExp][] = [
    [
      '/v2/chat',
      { model: 'm', messages: [USER], max_completion_tokens: 5 },
      /unknown field: parameter 'max_completion_tokens'/,
    ],
    ['/v2/chat', { messages: [USER] }, /model is required/],
    ['/v2/chat', { model: 'm', messages: [USER], temperature: 1.5 }, /temperature must be between 0 and 1/],
    [
      '/v2/chat',
      { model: 'm', messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
      /tool call id x not found/,
    ],
    ['/v2/embed', { model: 'm', texts: ['a'] }, /input_type is required/],
    ['/v2/rerank', { model: 'm', query: '', documents: ['a'] }, /query must not be empty/],
  ];
  for (const [path, body, expected] of cases) {
    const { status, json } = await post(path, body, KEY);
    assert.equal(status, 400);
    assert.match(String(json['message']), expected);
  }
});
