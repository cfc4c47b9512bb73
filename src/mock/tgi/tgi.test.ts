import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { at, joined, startMock } from '../mock-fixture.test.ts';

test('generate answers text, and details when wanted', async (t) => {
  const { post } = await startMock(t);
  const plain = await post('/generate', { inputs: 'Hello' });
  assert.match(String(plain.json['generated_text']), /^You said: Hello\./);
  assert.equal(plain.json['details'], undefined);
  const { json } = await post('/generate', { inputs: 'Hello', parameters: { details: true, max_new_tokens: 5 } });
  assert.equal(at(json, 'details.finish_reason'), 'length');
  assert.equal(at(json, 'details.generated_tokens'), 5);
});

test('generate_stream sends a token an event, the text with the last', async (t) => {
  const { post } = await startMock(t);
  const { events } = await post('/generate_stream', { inputs: 'Hello' });
  const last = events.at(-1);
  assert.equal(joined(events, 'token.text'), last?.['generated_text']);
  assert.equal(events[0]?.['generated_text'], null);
  assert.equal(at(last, 'details.input_length'), 2);
});

test('bad parameters are refused in strict mode, empty inputs always', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const cold = await post('/generate', { inputs: 'Hello', parameters: { temperature: 0 } });
  assert.deepEqual([cold.status, cold.json['error_type']], [422, 'validation']);
  assert.equal((await post('/generate', { inputs: '' })).status, 422);
});

test('vLLM: tokenize counts as chat does', async (t) => {
  const { post } = await startMock(t);
  const { json } = await post('/tokenize', { model: 'm', prompt: 'four and more', return_token_strs: true });
  assert.equal(json['count'], 4);
  assert.deepEqual(json['token_strs'], ['four', ' and', ' mor', 'e']);
  assert.equal((json['tokens'] as JsonValue[]).length, 4);
  const messages = [{ role: 'user', content: 'Hello' }];
  const chat = await post('/v1/chat/completions', { model: 'm', messages });
  assert.equal((await post('/tokenize', { model: 'm', messages })).json['count'], at(chat.json, 'usage.prompt_tokens'));
  assert.equal((await post('/tokenize', { model: 'm' })).status, 400);
});

test('Ollama: chat and generate, whole and in JSON lines', async (t) => {
  const { post } = await startMock(t);
  const messages = [{ role: 'user', content: 'Hello' }];
  const whole = await post('/api/chat', { model: 'm', messages, stream: false });
  assert.match(String(at(whole.json, 'message.content')), /^You said: Hello\./);
  assert.equal(whole.json['done'], true);
  const streamed = await post('/api/chat', { model: 'm', messages });
  assert.equal(streamed.headers.get('content-type'), 'application/x-ndjson');
  const lines = streamed.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);
  assert.equal(joined(lines, 'message.content'), at(whole.json, 'message.content'));
  assert.equal(lines.at(-1)?.['eval_count'], whole.json['eval_count']);
  const generated = await post('/api/generate', { model: 'm', prompt: 'Hello', stream: false, think: true });
  assert.match(String(generated.json['thinking']), /^The user says/);
  assert.match(String(generated.json['response']), /^You said: Hello\./);
});

test('Ollama: tools, embeddings, tags, errors', async (t) => {
  const { post, get } = await startMock(t);
  const tools = [
    {
      type: 'function',
      function: { name: 'f', parameters: { type: 'object', properties: { n: { type: 'integer' } } } },
    },
  ];
  const called = await post('/api/chat', {
    model: 'm',
    messages: [{ role: 'user', content: 'call the tool' }],
    tools,
    stream: false,
  });
  assert.deepEqual(at(called.json, 'message.tool_calls.0.function'), { name: 'f', arguments: { n: 1 } });
  const embedded = await post('/api/embed', { model: 'm', input: ['a', 'b'] });
  assert.equal((embedded.json['embeddings'] as JsonValue[]).length, 2);
  assert.equal(at((await get('/api/tags')).json, 'models.0.name'), 'demo');
  assert.deepEqual((await post('/api/chat', {})).json, { error: 'model is required' });
});
