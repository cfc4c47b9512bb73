import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { decodeRequest } from './decode-request.ts';

const decode = (fields: JsonObject) => decodeRequest({ model: 'm', messages: [], ...fields }, {});
const partsOf = (message: JsonObject): NeutralPart[] => decode({ messages: [message] }).messages[0]?.content ?? [];
const userPart = (part: JsonObject): NeutralPart | undefined => partsOf({ role: 'user', content: [part] })[0];

test('system, developer and named messages stand where they were', () => {
  const { messages } = decode({
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', name: 'ada', content: 'hi' },
      { role: 'developer', content: [{ type: 'text', text: 'be kind' }] },
    ],
  });
  assert.deepEqual(messages, [
    { role: 'system', content: [{ type: 'text', text: 'be brief' }] },
    { role: 'user', name: 'ada', content: [{ type: 'text', text: 'hi' }] },
    { role: 'developer', content: [{ type: 'text', text: 'be kind' }] },
  ]);
});

test('images: data URI, URL, detail, and a URL written where the object belongs', () => {
  assert.deepEqual(userPart({ type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD', detail: 'low' } }), {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' },
    detail: 'low',
  });
  const bare = { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } };
  assert.deepEqual(userPart({ type: 'image_url', image_url: { url: 'https://x.test/a.png' } }), bare);
  assert.deepEqual(userPart({ type: 'image_url', image_url: 'https://x.test/a.png' }), bare);
});

test("an image's unknown fields are kept without a second copy of its bytes", () => {
  const part = userPart({ type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD', detail: 'original' } });
  assert.equal(JSON.stringify(part?.origin).includes('QUJD'), false);
  assert.equal(JSON.stringify(part?.origin).includes('original'), true);
});

test('audio, files by bytes and by id, video', () => {
  assert.deepEqual(userPart({ type: 'input_audio', input_audio: { data: 'QUJD', format: 'mp3' } }), {
    type: 'audio',
    source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'QUJD' },
    format: 'mp3',
  });
  assert.deepEqual(userPart({ type: 'file', file: { filename: 'a.csv', file_data: 'QUJD' } }), {
    type: 'document',
    source: { kind: 'base64', mediaType: 'text/csv', data: 'QUJD' },
    name: 'a.csv',
  });
  const byId = userPart({ type: 'file', file: { file_id: 'file-1' } });
  assert.deepEqual(byId?.type === 'document' ? byId.source : undefined, { kind: 'file', id: 'file-1' });
  assert.equal(byId?.origin?.dialect, 'openai-chat');
  assert.deepEqual(userPart({ type: 'video_url', video_url: { url: 'https://x.test/v.mp4' } }), {
    type: 'video',
    source: { kind: 'url', url: 'https://x.test/v.mp4' },
  });
});

test('a part of an unknown type is kept whole', () => {
  const part = { type: 'hologram', depth: 3 };
  assert.deepEqual(userPart(part), { type: 'opaque', dialect: 'openai-chat', value: part });
});

test('cache marks on parts, messages and tools', () => {
  const part = userPart({ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } });
  assert.deepEqual(part, { type: 'text', text: 'a', cache: { ttl: '1h' } });
  const whole = partsOf({ role: 'user', content: 'a', cache_control: { type: 'ephemeral' } });
  assert.deepEqual(whole, [{ type: 'text', text: 'a', cache: {} }]);
  const { tools } = decode({
    tools: [{ type: 'function', function: { name: 'f' }, cache_control: { type: 'ephemeral' } }],
  });
  assert.deepEqual(tools, [{ type: 'function', name: 'f', cache: {} }]);
});

test('an assistant turn: null content, calls, refusal, thoughts', () => {
  assert.deepEqual(
    partsOf({
      role: 'assistant',
      content: null,
      reasoning_content: 'hm',
      refusal: 'no',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
    }),
    [
      { type: 'reasoning', text: 'hm' },
      { type: 'refusal', text: 'no' },
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{"a":1}' },
    ],
  );
});

test('thinking_blocks carry the proofs and take the place of reasoning_content', () => {
  assert.deepEqual(
    partsOf({
      role: 'assistant',
      content: 'x',
      reasoning_content: 'hm',
      thinking_blocks: [
        { type: 'thinking', thinking: 'hm', signature: 'c2ln+/=' },
        { type: 'redacted_thinking', data: 'ZW5j' },
      ],
    }),
    [
      { type: 'reasoning', text: 'hm', signature: 'c2ln+/=', origin: { dialect: 'anthropic', value: {} } },
      { type: 'reasoning', text: '', encrypted: 'ZW5j', origin: { dialect: 'anthropic', value: {} } },
      { type: 'text', text: 'x' },
    ],
  );
});

test('tool messages: text or parts, the function name from the call', () => {
  const { messages } = decode({
    messages: [
      { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '' } }] },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'one' }] },
      { role: 'tool', tool_call_id: 'c2', content: '{"error":"gone"}' },
    ],
  });
  assert.deepEqual(
    messages.slice(1).map((message) => message.content[0]),
    [
      { type: 'tool-result', callId: 'c1', name: 'f', content: [{ type: 'text', text: 'one' }] },
      { type: 'tool-result', callId: 'c2', content: [{ type: 'text', text: '{"error":"gone"}' }], isError: true },
    ],
  );
});

test('the former functions, function_call and function messages', () => {
  const request = decode({
    functions: [{ name: 'f', parameters: { type: 'object' } }],
    function_call: { name: 'f' },
    messages: [
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: '7' },
    ],
  });
  assert.deepEqual(request.tools, [{ type: 'function', name: 'f', parameters: { type: 'object' } }]);
  assert.deepEqual(request.toolChoice, { type: 'tool', name: 'f' });
  const [call, result] = request.messages.map((message) => message.content[0]);
  assert.equal(call?.type === 'tool-call' && result?.type === 'tool-result' && call.id === result.callId, true);
});

test('tools: strict functions, and custom and provider tools as they are', () => {
  const { tools } = decode({
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
      { type: 'custom', custom: { name: 'shell' } },
      { type: 'google_search' },
    ],
  });
  assert.deepEqual(tools, [
    { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
    { type: 'provider', dialect: 'openai-chat', name: 'shell', value: { type: 'custom', custom: { name: 'shell' } } },
    { type: 'provider', dialect: 'openai-chat', name: 'google_search', value: { type: 'google_search' } },
  ]);
});

test('tool_choice in all its forms', () => {
  const choice = (value: JsonObject | string) => decode({ tool_choice: value }).toolChoice;
  for (const word of ['auto', 'none', 'required']) assert.deepEqual(choice(word), { type: word });
  assert.deepEqual(choice({ type: 'function', function: { name: 'f' } }), { type: 'tool', name: 'f' });
  const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [] } };
  assert.deepEqual(choice(allowed), { type: 'required' });
  assert.deepEqual(decode({ tool_choice: allowed }).extensions, { 'openai-chat': { tool_choice: allowed } });
});

test('every scalar field', () => {
  const {
    messages: _,
    tools: __,
    extensions: ___,
    ...rest
  } = decode({
    stream: true,
    parallel_tool_calls: false,
    max_tokens: 5,
    max_completion_tokens: 7,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    seed: 3,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    stop: 'END',
    n: 2,
    logprobs: true,
    top_logprobs: 4,
    user: 'u',
    metadata: { a: 'b' },
    service_tier: 'flex',
    reasoning_effort: 'high',
    thinking: { type: 'enabled', budget_tokens: 2048 },
  });
  assert.deepEqual(rest, {
    model: 'm',
    stream: true,
    parallelToolCalls: false,
    maxOutputTokens: 7,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    seed: 3,
    frequencyPenalty: 0.1,
    presencePenalty: 0.2,
    stop: ['END'],
    candidateCount: 2,
    logprobs: { top: 4 },
    user: 'u',
    metadata: { a: 'b' },
    serviceTier: 'flex',
    reasoning: { effort: 'high', enabled: true, budgetTokens: 2048 },
  });
});

test('response formats', () => {
  const format = (value: JsonObject) => decode({ response_format: value }).responseFormat;
  assert.deepEqual(format({ type: 'text' }), { type: 'text' });
  assert.deepEqual(format({ type: 'json_object' }), { type: 'json' });
  const schema = { name: 'n', schema: { type: 'object' }, strict: true, description: 'd' };
  assert.deepEqual(format({ type: 'json_schema', json_schema: schema }), { type: 'json-schema', ...schema });
});

test('fields without neutral meaning, null ones left out', () => {
  const request = decode({
    logit_bias: { 5: 1 },
    store: null,
    verbosity: 'low',
    stream_options: { include_usage: true },
  });
  assert.deepEqual(request.extensions, { 'openai-chat': { logit_bias: { 5: 1 }, verbosity: 'low' } });
});

test('a key named __proto__ in the body changes no prototype', () => {
  const body = JSON.parse('{"model":"m","messages":[],"__proto__":{"polluted":true}}') as JsonObject;
  const request = decodeRequest(body, {});
  const kept: { polluted?: boolean } = { ...request.extensions?.['openai-chat'] };
  assert.equal(kept.polluted, undefined);
  assert.equal(Object.getPrototypeOf(request.extensions?.['openai-chat'] ?? {}), Object.prototype);
});

test('message fields only this API knows are kept with the message', () => {
  assert.deepEqual(partsOf({ role: 'assistant', content: 'a', audio: { id: 'x' }, function_call: null }), [
    { type: 'opaque', dialect: 'openai-chat', value: { message_fields: { audio: { id: 'x' } } } },
    { type: 'text', text: 'a' },
  ]);
});

test('wrong fields are named by their path', () => {
  const wrong: [JsonObject, string][] = [
    [{ messages: undefined }, 'messages'],
    [{ model: undefined }, 'model'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: ['hi'] }, 'messages[0]'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'text', text: 5 }] }] }, 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'messages[0].content[0].image_url.url',
    ],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'c' }] }] }, 'messages[0].tool_calls[0].function'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ n: 0 }, 'n'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ stop: [1] }, 'stop[0]'],
    [{ tool_choice: 'maybe' }, 'tool_choice'],
    [{ stream: 'yes' }, 'stream'],
  ];
  for (const [fields, param] of wrong) {
    assert.throws(
      () => decode(fields),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      `${JSON.stringify(fields)} should name ${param}`,
    );
  }
});

test('a known field without effect is named', () => {
  const warned = (fields: JsonObject) => {
    const warnings: string[] = [];
    decodeRequest({ model: 'm', messages: [], ...fields }, { warn: (warning) => warnings.push(warning) });
    return warnings.join(' ');
  };
  assert.match(warned({ top_logprobs: 2 }), /'top_logprobs' was left out/);
  assert.match(warned({ max_tokens: 1, max_completion_tokens: 2 }), /'max_tokens' was left out/);
  assert.match(warned({ tool_choice: 'auto', function_call: 'none' }), /'function_call' was left out/);
  assert.equal(warned({ max_tokens: 2, max_completion_tokens: 2, logprobs: true, top_logprobs: 2 }), '');
});
