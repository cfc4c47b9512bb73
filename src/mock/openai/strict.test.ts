import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { at, startMock } from '../mock-fixture.test.ts';

const KEY = { authorization: 'Bearer k' };
const USER = { role: 'user', content: 'Hello' };
const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
const CALL = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
};
const RESULT = { role: 'tool', tool_call_id: 'c1', content: 'ok' };
const CHAT = '/v1/chat/completions';

const refused: [string, string, JsonObject, RegExp][] = [
  ['an unknown argument', CHAT, { messages: [USER], top_k: 5 }, /^Unknown parameter: 'top_k'\.$/],
  ['no messages', CHAT, { messages: [] }, /^Invalid 'messages': empty array/],
  ['missing messages', CHAT, {}, /^Missing required parameter: 'messages'/],
  ['a temperature out of range', CHAT, { messages: [USER], temperature: 3 }, /decimal above maximum value/],
  ['too many stop sequences', CHAT, { messages: [USER], stop: ['a', 'b', 'c', 'd', 'e'] }, /array too long/],
  ['an unknown role', CHAT, { messages: [{ role: 'model', content: 'x' }] }, /^Invalid value: 'model'/],
  ['a call without a result', CHAT, { messages: [USER, CALL], tools: TOOLS }, /did not have response messages: c1$/],
  [
    'a result without a call',
    CHAT,
    { messages: [USER, RESULT], tools: TOOLS },
    /must be a response to a preceeding message/,
  ],
  [
    'a tool choice without tools',
    CHAT,
    { messages: [USER], tool_choice: 'auto' },
    /only allowed when 'tools' are specified/,
  ],
  [
    'stream options without a stream',
    CHAT,
    { messages: [USER], stream_options: {} },
    /only allowed when 'stream' is enabled/,
  ],
  [
    'a bad tool name',
    CHAT,
    { messages: [USER], tools: [{ type: 'function', function: { name: 'a b' } }] },
    /does not match pattern/,
  ],
  [
    'max_tokens of a reasoning model',
    CHAT,
    { model: 'o3', messages: [USER], max_tokens: 5 },
    /Use 'max_completion_tokens' instead/,
  ],
  [
    'JSON mode without the word',
    CHAT,
    { messages: [USER], response_format: { type: 'json_object' } },
    /must contain the word 'json'/,
  ],
  [
    'a strict schema that is open',
    CHAT,
    {
      messages: [USER],
      response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object' } } },
    },
    /'additionalProperties' is required to be supplied and to be false/,
  ],
  [
    'an unknown argument of completions',
    '/v1/completions',
    { prompt: 'x', messages: [] },
    /^Unknown parameter: 'messages'/,
  ],
  ['embeddings without input', '/v1/embeddings', {}, /^Missing required parameter: 'input'/],
  ['chat fields in responses', '/v1/responses', { input: 'x', messages: [] }, /^Unknown parameter: 'messages'/],
  [
    'a function output without its call',
    '/v1/responses',
    { input: [{ type: 'function_call_output', call_id: 'c9', output: 'x' }] },
    /^No tool call found for function call output with call_id c9/,
  ],
];

for (const [name, path, body, expected] of refused) {
  test(`OpenAI refuses ${name}`, async (t) => {
    const { post } = await startMock(t, { strict: true });
    const { status, json } = await post(path, { model: 'm', ...body }, KEY);
    assert.equal(status, 400);
    assert.match(String(at(json, 'error.message')), expected);
    assert.equal(at(json, 'error.type'), 'invalid_request_error');
  });
}

test('OpenAI accepts a paired conversation', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const { status } = await post(
    CHAT,
    { model: 'm', messages: [USER, CALL, RESULT], tools: TOOLS, temperature: 2 },
    KEY,
  );
  assert.equal(status, 200);
});

test('OpenAI wants a bearer key', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const { status, json } = await post(CHAT, { model: 'm', messages: [USER] });
  assert.equal(status, 401);
  assert.equal(at(json, 'error.code'), 'invalid_api_key');
});

test('Azure wants its key and a version', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const path = '/openai/deployments/d/chat/completions';
  const without = await post(`${path}?api-version=1`, { messages: [USER] });
  assert.deepEqual([without.status, at(without.json, 'error.code')], [401, '401']);
  const versionless = await post(path, { messages: [USER] }, { 'api-key': 'k' });
  assert.deepEqual([versionless.status, at(versionless.json, 'error.message')], [404, 'Resource not found']);
  assert.equal((await post(`${path}?api-version=1`, { messages: [USER] }, { 'api-key': 'k' })).status, 200);
  assert.equal((await post(`${path}?api-version=1`, { messages: [USER] }, KEY)).status, 200);
  const responses = await post('/openai/responses?api-version=1', { model: 'm', input: 'x' }, { 'api-key': 'k' });
  assert.equal(responses.status, 200);
  assert.equal((await post('/openai/v1/responses', { model: 'm', input: 'x' }, { 'api-key': 'k' })).status, 200);
});
