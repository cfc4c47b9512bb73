import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { JsonObject } from '../../json/types.ts';
import { signText } from '../brain/signature.ts';
import { at, startMock } from '../mock-fixture.test.ts';

const TOOL = {
  name: 'get_weather',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } },
};
const KEY = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
const USER = { role: 'user', content: 'Hello' };

test('a message has the documented shape', async (t) => {
  const { post } = await startMock(t);
  const { json, headers } = await post(
    '/v1/messages',
    { model: 'claude', max_tokens: 100, messages: [USER] },
    { 'x-mock-cached-tokens': '1' },
  );
  assert.match(String(json['id']), /^msg_/);
  assert.equal(json['type'], 'message');
  assert.equal(json['stop_reason'], 'end_turn');
  assert.equal(at(json, 'content.0.type'), 'text');
  assert.equal(at(json, 'usage.input_tokens'), 1);
  assert.equal(at(json, 'usage.cache_read_input_tokens'), 1);
  assert.ok(headers.get('request-id'));
});

test('the events of a stream come in order', async (t) => {
  const { post } = await startMock(t);
  const body = { model: 'claude', max_tokens: 1000, messages: [USER], stream: true, thinking: { type: 'adaptive' } };
  const { events, text } = await post('/v1/messages', body);
  const types = events.map((event) => String(event['type'])).filter((type, index, all) => type !== all[index - 1]);
  assert.deepEqual(types, [
    'message_start',
    'content_block_start',
    'ping',
    'content_block_delta',
    'content_block_stop',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  assert.ok(text.startsWith('event: message_start\ndata: '));
  const signature = events.find((event) => at(event, 'delta.type') === 'signature_delta');
  assert.ok(at(signature, 'delta.signature'));
});

test('SDK: messages, tools, thinking, counting, models', async (t) => {
  const { url } = await startMock(t, { strict: true });
  const client = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'call the tool' }];
  const request = {
    model: 'claude-haiku-4-5',
    max_tokens: 4000,
    tools: [TOOL],
    thinking: { type: 'enabled' as const, budget_tokens: 1024 },
  };
  const asked = await client.messages.stream({ ...request, messages }).finalMessage();
  assert.equal(asked.stop_reason, 'tool_use');
  const [thought, call] = asked.content;
  assert.ok(thought?.type === 'thinking' && call?.type === 'tool_use');
  assert.match(thought.thinking, /^The user says/);
  assert.deepEqual(call.input, { city: 'example city' });
  messages.push(
    { role: 'assistant', content: asked.content as Anthropic.ContentBlockParam[] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }] },
  );
  const told = await client.messages.create({ ...request, messages });
  const last = told.content.at(-1);
  assert.ok(last?.type === 'text');
  assert.match(last.text, /^The tool get_weather answered: sunny\./);
  const counted = await client.messages.countTokens({ model: 'claude-haiku-4-5', messages, tools: [TOOL] });
  assert.equal(counted.input_tokens, told.usage.input_tokens);
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes('claude-haiku-4-5'));
  assert.equal((await client.models.retrieve('demo')).type, 'model');
});

test('SDK: an overloaded provider', async (t) => {
  const { url } = await startMock(t);
  const client = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0, defaultHeaders: { 'x-mock-fail': '529' } });
  await assert.rejects(
    client.messages.create({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] }),
    (error) => error instanceof Anthropic.APIError && error.status === 529 && /overloaded_error/.test(error.message),
  );
});

const use = (id: string): JsonObject => ({ type: 'tool_use', id, name: 'get_weather', input: {} });
const result = (id: string): JsonObject => ({ type: 'tool_result', tool_use_id: id, content: 'x' });
const thinkingOn = { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000 };

const refused: [string, JsonObject, RegExp][] = [
  ['no max_tokens', { messages: [USER] }, /^max_tokens: Field required$/],
  ['an unknown field', { max_tokens: 5, messages: [USER], n: 2 }, /^n: Extra inputs are not permitted$/],
  ['a temperature above 1', { max_tokens: 5, messages: [USER], temperature: 1.5 }, /^temperature: range: 0\.\.1$/],
  ['an unknown role', { max_tokens: 5, messages: [{ role: 'tool', content: 'x' }] }, /Unexpected role "tool"/],
  ['empty text', { max_tokens: 5, messages: [{ role: 'user', content: '' }] }, /text content blocks must be non-empty/],
  [
    'a call without a result',
    { max_tokens: 5, messages: [USER, { role: 'assistant', content: [use('t1')] }, USER] },
    /without `tool_result` blocks immediately after: t1/,
  ],
  [
    'a call at the end',
    { max_tokens: 5, messages: [USER, { role: 'assistant', content: [use('t1')] }] },
    /without `tool_result` blocks/,
  ],
  [
    'a result without a call',
    { max_tokens: 5, messages: [{ role: 'user', content: [result('t1')] }] },
    /unexpected `tool_use_id`/,
  ],
  [
    'a tool without a schema',
    { max_tokens: 5, messages: [USER], tools: [{ name: 'x' }] },
    /input_schema: Field required/,
  ],
  [
    'a tool choice without tools',
    { max_tokens: 5, messages: [USER], tool_choice: { type: 'any' } },
    /tool_choice may only/,
  ],
  [
    'a small thinking budget',
    { max_tokens: 5000, messages: [USER], thinking: { type: 'enabled', budget_tokens: 5 } },
    /greater than or equal to 1024/,
  ],
  [
    'a budget above max_tokens',
    { ...thinkingOn, max_tokens: 1024, messages: [USER] },
    /must be greater than `thinking\.budget_tokens`/,
  ],
  [
    'a temperature while thinking',
    { ...thinkingOn, messages: [USER], temperature: 0.5 },
    /only be set to 1 when thinking/,
  ],
  [
    'a changed thought',
    {
      ...thinkingOn,
      messages: [
        USER,
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'changed', signature: signText('original') }] },
        USER,
      ],
    },
    /Invalid `signature` in `thinking` block/,
  ],
  [
    'a thought left out before a result',
    {
      ...thinkingOn,
      tools: [TOOL],
      messages: [USER, { role: 'assistant', content: [use('t1')] }, { role: 'user', content: [result('t1')] }],
    },
    /Expected `thinking` or `redacted_thinking`, but found `tool_use`/,
  ],
];

for (const [name, body, expected] of refused) {
  test(`Anthropic refuses ${name}`, async (t) => {
    const { post } = await startMock(t, { strict: true });
    const { status, json } = await post('/v1/messages', { model: 'm', ...body }, KEY);
    assert.equal(status, 400);
    assert.equal(at(json, 'error.type'), 'invalid_request_error');
    assert.match(String(at(json, 'error.message')), expected);
  });
}

test('Anthropic merges consecutive turns of one role', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const messages = [
    USER,
    { role: 'assistant', content: [use('t1'), use('t2')] },
    { role: 'user', content: [result('t1')] },
    { role: 'user', content: [result('t2')] },
  ];
  const answer = await post('/v1/messages', { model: 'm', max_tokens: 50, messages, tools: [TOOL] }, KEY);
  assert.equal(answer.status, 200);
  assert.match(String(at(answer.json, 'content.0.text')), /answered: x\. The tool get_weather answered: x\./);
});

test('Anthropic wants a key and a version', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const body = { model: 'm', max_tokens: 5, messages: [USER] };
  const keyless = await post('/v1/messages', body, { 'anthropic-version': '2023-06-01' });
  assert.deepEqual([keyless.status, at(keyless.json, 'error.type')], [401, 'authentication_error']);
  const versionless = await post('/v1/messages', body, { 'x-api-key': 'k' });
  assert.match(String(at(versionless.json, 'error.message')), /anthropic-version: header is required/);
});
