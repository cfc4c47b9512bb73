import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { encodeContext, onWire } from '../openai/support.test.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequest } from './encode-request.ts';

const decode = (fields: JsonObject) => decodeRequest({ model: 'claude', max_tokens: 10, messages: [], ...fields }, {});

test('a request decoded and encoded again loses nothing', () => {
  const golden = JSON.parse(readFileSync(new URL('testdata/request-round-trip.json', import.meta.url), 'utf8')) as {
    request: JsonObject;
  };
  const context = encodeContext();
  assert.deepEqual(onWire(encodeRequest(decodeRequest(golden.request, {}), context)), golden.request);
  assert.deepEqual(context.warnings, []);
});

test('the system prompt as text or blocks is the first message', () => {
  assert.deepEqual(decode({ system: 'Be brief.' }).messages, [
    { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
  ]);
  const marked = { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } };
  assert.deepEqual(decode({ system: [marked] }).messages[0]?.content, [
    { type: 'text', text: 'a', cache: { ttl: '1h' } },
  ]);
});

test('tool results become tool messages, what stands beside them a user message', () => {
  const { messages } = decode({
    messages: [
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'x' }], is_error: true },
          { type: 'text', text: 'and?' },
        ],
      },
    ],
  });
  assert.deepEqual(messages, [
    { role: 'assistant', content: [{ type: 'tool-call', id: 't1', name: 'f', arguments: '{"a":1}' }] },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', callId: 't1', name: 'f', content: [{ type: 'text', text: 'x' }], isError: true },
      ],
    },
    { role: 'user', content: [{ type: 'text', text: 'and?' }] },
  ]);
});

test('thoughts: signed, redacted, and unsigned with an empty signature', () => {
  const content = [
    { type: 'thinking', thinking: 'a', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'ZW5j' },
    { type: 'thinking', thinking: 'b', signature: '' },
  ];
  assert.deepEqual(decode({ messages: [{ role: 'assistant', content }] }).messages[0]?.content, [
    { type: 'reasoning', text: 'a', signature: 'c2ln', origin: { dialect: 'anthropic', value: {} } },
    { type: 'reasoning', text: '', encrypted: 'ZW5j', origin: { dialect: 'anthropic', value: {} } },
    { type: 'reasoning', text: 'b' },
  ]);
});

test('tool choice, with parallel use', () => {
  const choose = (choice: JsonObject) => {
    const { toolChoice, parallelToolCalls } = decode({ tool_choice: choice });
    return [toolChoice, parallelToolCalls];
  };
  assert.deepEqual(choose({ type: 'any' }), [{ type: 'required' }, undefined]);
  assert.deepEqual(choose({ type: 'auto', disable_parallel_tool_use: true }), [{ type: 'auto' }, false]);
  assert.deepEqual(choose({ type: 'tool', name: 'f' }), [{ type: 'tool', name: 'f' }, undefined]);
  assert.deepEqual(choose({ type: 'none' }), [{ type: 'none' }, undefined]);
});

test('thinking and output configuration', () => {
  assert.deepEqual(decode({ thinking: { type: 'enabled', budget_tokens: 2000 } }).reasoning, {
    enabled: true,
    budgetTokens: 2000,
  });
  assert.deepEqual(decode({ thinking: { type: 'disabled' } }).reasoning, { enabled: false });
  const adaptive = decode({ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } });
  assert.deepEqual(adaptive.reasoning, { adaptive: true, effort: 'max' });
  const schema = { type: 'object' };
  const expected = { type: 'json-schema', name: 'response', schema };
  assert.deepEqual(decode({ output_config: { format: { type: 'json_schema', schema } } }).responseFormat, expected);
  assert.deepEqual(decode({ output_format: { type: 'json_schema', schema } }).responseFormat, expected);
});

test('tools: functions, and server tools as they are', () => {
  const server = { type: 'web_search_20250305', name: 'web_search', max_uses: 1 };
  assert.deepEqual(decode({ tools: [{ name: 'f', input_schema: { type: 'object' }, strict: true }, server] }).tools, [
    { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true },
    { type: 'provider', dialect: 'anthropic', name: 'web_search', value: server },
  ]);
});

test('wrong fields are named by their path', () => {
  const wrong: [JsonObject, string][] = [
    [{ messages: undefined }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] }, 'messages[0].content[0].source.type'],
    [
      { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'i', name: 'n', input: 'x' }] }] },
      'messages[0].content[0].input',
    ],
    [{ system: [{ type: 'text', text: 1 }] }, 'system[0].text'],
    [{ tools: [{ input_schema: {} }] }, 'tools[0].name'],
    [{ max_tokens: 'many' }, 'max_tokens'],
    [{ thinking: { type: 'enabled', budget_tokens: 1.5 } }, 'thinking.budget_tokens'],
    [{ stop_sequences: [7] }, 'stop_sequences[0]'],
  ];
  for (const [fields, param] of wrong) {
    assert.throws(
      () => decode(fields),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      `${JSON.stringify(fields)} should name ${param}`,
    );
  }
});

test('fields that have no place in the neutral request are named', () => {
  const warnings: string[] = [];
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: 'Hi', id: 'x' }],
    tool_choice: { type: 'auto', novel: 1 },
  };
  decodeRequest(body, { warn: (warning) => warnings.push(warning) });
  assert.deepEqual(warnings, [
    "The field 'messages[].id' was left out: it is not known here.",
    "The field 'tool_choice.novel' was left out: it is not known here.",
  ]);
});
