import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import { anthropic } from '../anthropic/dialect.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { encodeContext, onWire, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { openaiResponses } from './dialect.ts';
import { encodeRequest } from './encode-request.ts';
import { packOwnToken } from './reasoning-token.ts';

const base: NeutralRequest = { model: 'gpt-5', stream: false, messages: [], tools: [] };

function encode(request: Partial<NeutralRequest>): { body: JsonObject; warnings: string[] } {
  const context = encodeContext();
  const body = onWire(encodeRequest({ ...base, ...request }, context));
  return { body, warnings: context.warnings };
}

function input(messages: NeutralMessage[]): { items: unknown; warnings: string[] } {
  const { body, warnings } = encode({ messages });
  return { items: body['input'], warnings };
}

const text = (value: string): NeutralPart => ({ type: 'text', text: value });

test('a bare request is stateless and asks for reasoning to give back', () => {
  const { body, warnings } = encode({ messages: [{ role: 'user', content: [text('hi')] }] });
  assert.deepEqual(body, {
    model: 'gpt-5',
    input: [{ type: 'message', role: 'user', content: 'hi' }],
    include: ['reasoning.encrypted_content'],
    store: false,
  });
  assert.deepEqual(warnings, []);
});

test('models that do not reason are not asked for reasoning', () => {
  for (const model of [
    'gpt-4o-mini',
    'openai/gpt-4.1',
    'gpt-5-chat-latest',
    'gpt-5.1-chat-latest',
    'chatgpt-4o-latest',
  ]) {
    const { body, warnings } = encode({ model, reasoning: { effort: 'low' } });
    assert.deepEqual([body['include'], body['reasoning']], [undefined, undefined]);
    assert.deepEqual(warnings, [`Reasoning settings were left out: '${model}' does not think.`]);
  }
});

test('every role and part has its item', () => {
  const { items, warnings } = input([
    { role: 'system', content: [text('Be brief.')] },
    { role: 'developer', content: [text('Be kind.')] },
    {
      role: 'user',
      content: [
        text('a'),
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' }, detail: 'low' },
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'QUJD' },
          context: 'From Ada.',
        },
        { type: 'document', source: { kind: 'url', url: 'https://example.com/a.pdf' } },
        { type: 'document', source: { kind: 'text', text: 'plain' }, name: 'notes' },
        {
          type: 'document',
          source: { kind: 'file', id: 'file-1' },
          origin: { dialect: 'openai-chat', value: {} },
        },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'QUJD' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        text('Two.'),
        text('Parts.'),
        { type: 'tool-call', id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'tool-call', id: 'c2', name: 'g', arguments: '' },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', callId: 'c1', content: [text('one')] },
        {
          type: 'tool-result',
          callId: 'c2',
          content: [text('two'), { type: 'image', source: { kind: 'url', url: 'https://example.com/i.png' } }],
        },
      ],
    },
    { role: 'assistant', content: [{ type: 'refusal', text: 'No.' }] },
  ]);
  assert.deepEqual(items, [
    { type: 'message', role: 'system', content: 'Be brief.' },
    { type: 'message', role: 'developer', content: 'Be kind.' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_image', image_url: 'data:image/png;base64,QUJD', detail: 'low' },
        { type: 'input_text', text: 'From Ada.' },
        { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,QUJD' },
        { type: 'input_file', file_url: 'https://example.com/a.pdf' },
        { type: 'input_text', text: 'notes\nplain' },
        { type: 'input_file', file_id: 'file-1' },
        { type: 'input_audio', input_audio: { data: 'QUJD', format: 'wav' } },
      ],
    },
    {
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'output_text', text: 'Two.', annotations: [] },
        { type: 'output_text', text: 'Parts.', annotations: [] },
      ],
    },
    { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
    { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'one' },
    {
      type: 'function_call_output',
      call_id: 'c2',
      output: [
        { type: 'input_text', text: 'two' },
        { type: 'input_image', image_url: 'https://example.com/i.png', detail: 'auto' },
      ],
    },
    { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
  ]);
  assert.deepEqual(warnings, []);
});

test("OpenAI's thoughts go back whole, other providers' are left out with a warning", () => {
  const own = packOwnToken({ id: 'rs_1', encryptedContent: 'gAAAA-_' });
  const item = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] };
  const call: NeutralPart = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}' };
  const wire = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };

  // In one part, and as the two that APIs give back whose thoughts have either a text or a token.
  for (const thoughts of [
    [{ type: 'reasoning', text: 'hm', encrypted: own }],
    [
      { type: 'reasoning', text: 'hm' },
      { type: 'reasoning', text: '', encrypted: own },
    ],
  ] satisfies NeutralPart[][]) {
    const { items, warnings } = input([{ role: 'assistant', content: [...thoughts, call] }]);
    assert.deepEqual(items, [{ ...item, encrypted_content: 'gAAAA-_' }, wire]);
    assert.deepEqual(warnings, []);
  }

  const kept = { ...item, status: 'completed', encrypted_content: 'gAAAA-_' };
  const origin = { dialect: 'openai-responses', value: kept } as const;
  const same = input([
    { role: 'assistant', content: [{ type: 'reasoning', text: 'hm', encrypted: own, origin }, call] },
  ]);
  assert.deepEqual(same.items, [kept, wire]);

  const foreign = input([
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'x', signature: 'c2ln' },
        { type: 'reasoning', text: '', encrypted: 'cmVk' },
        { type: 'reasoning', text: 'bare' },
        call,
      ],
    },
  ]);
  assert.deepEqual(foreign.items, [wire]);
  assert.deepEqual(foreign.warnings, [
    'Thoughts without a token of OpenAI were left out: the Responses API cannot take them back.',
  ]);

  const alone = input([{ role: 'assistant', content: [{ type: 'reasoning', text: '', encrypted: own }] }]);
  assert.deepEqual(alone.items, []);
  assert.deepEqual(alone.warnings, ['Thoughts that led to no words and no call were left out: OpenAI refuses them.']);
});

test('settings', () => {
  const { body, warnings } = encode({
    stream: true,
    tools: [
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'function', name: 'g' },
    ],
    toolChoice: { type: 'tool', name: 'g' },
    parallelToolCalls: false,
    maxOutputTokens: 5,
    temperature: 0.2,
    topP: 0.3,
    responseFormat: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true },
    reasoning: { effort: 'high', summary: 'auto' },
    logprobs: { top: 2 },
    user: 'u',
    metadata: { a: 'b' },
    serviceTier: 'flex',
  });
  assert.deepEqual(body, {
    model: 'gpt-5',
    input: [],
    stream: true,
    tools: [
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'function', name: 'g', parameters: { type: 'object', properties: {} }, strict: false },
    ],
    tool_choice: { type: 'function', name: 'g' },
    parallel_tool_calls: false,
    max_output_tokens: 16,
    temperature: 0.2,
    top_p: 0.3,
    text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
    reasoning: { effort: 'high', summary: 'auto' },
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    top_logprobs: 2,
    store: false,
    user: 'u',
    metadata: { a: 'b' },
    service_tier: 'flex',
  });
  assert.deepEqual(warnings, ['The output limit was raised to 16 tokens, the least there is.']);
});

test('what the API lacks is warned of once, or refused', () => {
  const { warnings } = encode({
    topK: 5,
    seed: 1,
    stop: ['x'],
    frequencyPenalty: 0.1,
    presencePenalty: 0.1,
    reasoning: { enabled: true, budgetTokens: 3000 },
    user: 'u'.repeat(65),
    tools: [{ type: 'provider', dialect: 'anthropic', name: 'web_search', value: { type: 'web_search_20250305' } }],
    messages: [
      { role: 'user', name: 'ada', content: [{ ...text('a'), cache: {} }] },
      { role: 'user', name: 'bob', content: [{ ...text('b'), cache: { ttl: '1h' } }] },
      { role: 'assistant', content: [{ type: 'opaque', dialect: 'anthropic', value: {} }] },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c', content: [], isError: true }] },
    ],
    extensions: { anthropic: { container: 'x', anthropic_beta: ['y'] } },
  });
  assert.deepEqual(warnings, [
    "Participants' names were left out: the Responses API has none.",
    'Prompt cache marks were left out: OpenAI caches prompts by itself.',
    'A content part that only the anthropic API knows was left out.',
    'The error flag of a tool result was left out: the Responses API has none; its text says what failed.',
    "The tool 'web_search' was left out: only the anthropic API runs it.",
    "'top_k' was left out: the Responses API has no such parameter.",
    "'seed' was left out: the Responses API has no such parameter.",
    "'stop' was left out: the Responses API has no such parameter.",
    "'frequency_penalty' was left out: the Responses API has no such parameter.",
    "'presence_penalty' was left out: the Responses API has no such parameter.",
    "The thinking budget was sent as reasoning effort 'medium'.",
    "The anthropic field 'container' was left out: the Responses API has no such parameter.",
    'The user id was left out: OpenAI takes at most 64 characters.',
  ]);
  for (const warning of warnings) assert.match(warning, /^[ -~]{1,200}$/);

  const refused = (request: Partial<NeutralRequest>, said: RegExp): void => {
    assert.throws(() => encode(request), { code: 'unsupported_parameter', message: said });
  };
  const user = (part: NeutralPart): Partial<NeutralRequest> => ({ messages: [{ role: 'user', content: [part] }] });
  refused({ candidateCount: 2 }, /'n' must be 1/);
  refused(user({ type: 'video', source: { kind: 'url', url: 'https://example.com/v.mp4' } }), /no video/);
  refused(user({ type: 'image', source: { kind: 'file', id: 'x' } }), /image given by file id/);
  refused(user({ type: 'document', source: { kind: 'file', id: 'x' } }), /document given by file id/);
  refused(user({ type: 'audio', source: { kind: 'url', url: 'https://example.com/a.mp3' } }), /base64/);
});

test('a call id too long for OpenAI is shortened alike for call and output', () => {
  const id = 'toolu_'.repeat(20);
  const { items } = input([
    { role: 'assistant', content: [{ type: 'tool-call', id, name: 'f', arguments: '{}' }] },
    { role: 'tool', content: [{ type: 'tool-result', callId: id, content: [text('x')] }] },
  ]);
  const [call, output] = items as JsonObject[];
  assert.equal(String(call?.['call_id']).length, 64);
  assert.equal(call?.['call_id'], output?.['call_id']);
});

test("chat's custom tools, allowed tools and settings of the same name are taken over", () => {
  const { client } = sidesOf(openaiChat);
  const context = encodeContext();
  const decoded = client.decodeRequest(
    {
      model: 'gpt-5',
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'patch', input: 'free "text"' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'ok' },
      ],
      tools: [
        {
          type: 'custom',
          custom: {
            name: 'patch',
            format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "x"' } },
          },
        },
        { type: 'function', function: { name: 'f' } },
      ],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
      prompt_cache_key: 'k',
      safety_identifier: 's',
      verbosity: 'low',
      store: true,
      modalities: ['text'],
    },
    {},
  );
  const body = onWire(encodeRequest(decoded, context));
  assert.deepEqual(body, {
    model: 'gpt-5',
    input: [
      { type: 'message', role: 'user', content: 'x' },
      { type: 'custom_tool_call', call_id: 'c', name: 'patch', input: 'free "text"' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' },
    ],
    tools: [
      { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
      { type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
    ],
    tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
    text: { verbosity: 'low' },
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'k',
    safety_identifier: 's',
    store: true,
  });
  assert.deepEqual(context.warnings, [
    "The openai-chat field 'modalities' was left out: the Responses API has no such parameter.",
  ]);
});

test('results of a user turn come before what the user says', () => {
  const { client } = sidesOf(anthropic);
  const decoded = client.decodeRequest(
    {
      model: 'gpt-5',
      max_tokens: 100,
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't', content: 'r' },
            { type: 'text', text: 'go on' },
          ],
        },
      ],
    },
    {},
  );
  assert.deepEqual(onWire(encodeRequest(decoded, encodeContext()))['input'], [
    { type: 'message', role: 'system', content: 'Be brief.' },
    { type: 'message', role: 'user', content: 'x' },
    { type: 'function_call', call_id: 't', name: 'f', arguments: '{"a":1}' },
    { type: 'function_call_output', call_id: 't', output: 'r' },
    { type: 'message', role: 'user', content: 'go on' },
  ]);
});

test('what a Responses client wrote is written back', () => {
  const { client, provider } = sidesOf(openaiResponses);
  const body: JsonObject = {
    model: 'gpt-5.3-codex',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } },
          { type: 'input_image', image_url: 'data:image/png;base64,QUJD', detail: 'original' },
          { type: 'input_file', file_id: 'file-1' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [], content: null, encrypted_content: 'gAAAA', status: 'completed' },
      { type: 'message', role: 'assistant', content: 'I patch.', phase: 'commentary' },
      { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c', name: 'patch', input: '*** Begin', status: 'completed' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } },
      { type: 'compaction', encrypted_content: 'zzz' },
    ],
    stream: true,
    tools: [
      { type: 'custom', name: 'patch', format: { type: 'text' } },
      { type: 'web_search' },
      { type: 'function', name: 'f', parameters: { type: 'object' }, strict: null, defer_loading: true },
    ],
    tool_choice: { type: 'custom', name: 'patch' },
    parallel_tool_calls: false,
    text: { verbosity: 'low' },
    reasoning: { effort: 'high', summary: 'auto', context: 'all' },
    include: ['web_search_call.action.sources', 'reasoning.encrypted_content'],
    store: false,
    prompt_cache_key: 'k',
    client_metadata: { x: 'y' },
  };
  const context = encodeContext();
  assert.deepEqual(onWire(provider.encodeRequest(client.decodeRequest(body, {}), context)), body);
  assert.deepEqual(context.warnings, []);
});
