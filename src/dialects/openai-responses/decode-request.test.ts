import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { decodeRequest } from './decode-request.ts';
import { packForeignToken, packOwnToken, unpackOwnToken } from './reasoning-token.ts';

const decode = (body: JsonObject): NeutralRequest => decodeRequest({ model: 'm', input: 'hi', ...body }, {});
const messages = (input: JsonValue): NeutralRequest['messages'] => decode({ input }).messages;
const refusal = (body: JsonObject): { code: string; param: string | undefined; message: string } => {
  try {
    decode(body);
  } catch (error) {
    assert.ok(GatewayError.is(error));
    return { code: error.code, param: error.param, message: error.publicMessage };
  }
  throw new Error('it was not refused');
};

test('a text is a user message; instructions come before it', () => {
  assert.deepEqual(decode({ instructions: 'Be brief.', stream: true }), {
    model: 'm',
    stream: true,
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
    ],
    tools: [],
    extensions: { 'openai-responses': {} },
  });
});

test('messages with and without a type, and every part they hold', () => {
  const read = messages([
    { role: 'developer', content: 'Be kind.' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'Look:', prompt_cache_breakpoint: { mode: 'explicit' } },
        { type: 'input_image', image_url: 'data:image/png;base64,QUJD', detail: 'high' },
        { type: 'input_image', image_url: 'https://example.com/cat.png', detail: 'original' },
        { type: 'input_image', file_id: 'file-1' },
        { type: 'input_file', filename: 'table.csv', file_data: 'YSxi' },
        { type: 'input_file', file_url: 'https://example.com/a.pdf' },
        { type: 'input_file', file_id: 'file-2' },
        { type: 'input_audio', input_audio: { data: 'QUJD', format: 'mp3' } },
        { type: 'computer_screenshot', image_url: 'https://example.com/s.png' },
      ],
    },
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      phase: 'commentary',
      content: [
        { type: 'output_text', text: 'A cat.', annotations: [{ type: 'file_citation', file_id: 'f' }] },
        { type: 'refusal', refusal: 'No more.' },
      ],
    },
    { role: 'assistant', content: 'Really.' },
  ]);
  const own = (value: JsonObject) => ({ origin: { dialect: 'openai-responses', value } });
  assert.deepEqual(read, [
    { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
    {
      role: 'user',
      content: [
        {
          type: 'text',
          text: 'Look:',
          cache: {},
          ...own({ type: 'input_text', text: 'Look:', prompt_cache_breakpoint: { mode: 'explicit' } }),
        },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'QUJD' }, detail: 'high' },
        {
          type: 'image',
          source: { kind: 'url', url: 'https://example.com/cat.png' },
          ...own({ type: 'input_image', image_url: '', detail: 'original' }),
        },
        {
          type: 'image',
          source: { kind: 'file', id: 'file-1' },
          ...own({ type: 'input_image', file_id: 'file-1' }),
        },
        { type: 'document', source: { kind: 'base64', mediaType: 'text/csv', data: 'YSxi' }, name: 'table.csv' },
        { type: 'document', source: { kind: 'url', url: 'https://example.com/a.pdf' } },
        {
          type: 'document',
          source: { kind: 'file', id: 'file-2' },
          ...own({ type: 'input_file', file_id: 'file-2' }),
        },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'QUJD' }, format: 'mp3' },
        {
          type: 'opaque',
          dialect: 'openai-responses',
          value: { type: 'computer_screenshot', image_url: 'https://example.com/s.png' },
        },
      ],
    },
    {
      role: 'assistant',
      content: [
        {
          type: 'text',
          text: 'A cat.',
          citations: [{}],
          ...own({ annotations: [{ type: 'file_citation', file_id: 'f' }], phase: 'commentary' }),
        },
        { type: 'refusal', text: 'No more.' },
        { type: 'text', text: 'Really.' },
      ],
    },
  ]);
});

test('what the model did in one go is one assistant message; outputs know the function they answer', () => {
  const read = messages([
    { role: 'user', content: 'Weather in Ulm and Rom?' },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'gAAAA_-x' },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' },
    { type: 'function_call', call_id: 'call_2', name: 'weather', arguments: '{"city":"Rom"}', namespace: 'geo' },
    { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
    { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'sun' }] },
  ]);
  assert.deepEqual(
    read.map((message) => [message.role, message.content.map((part) => part.type)]),
    [
      ['user', ['text']],
      ['assistant', ['reasoning', 'text', 'tool-call', 'tool-call']],
      ['tool', ['tool-result']],
      ['tool', ['tool-result']],
    ],
  );
  const [thought, , call, namespaced] = read[1]?.content ?? [];
  assert.ok(thought?.type === 'reasoning' && thought.text === 'hm' && thought.origin?.dialect === 'openai-responses');
  assert.deepEqual(unpackOwnToken(thought.encrypted ?? ''), { id: 'rs_1', encryptedContent: 'gAAAA_-x' });
  assert.deepEqual(call, { type: 'tool-call', id: 'call_1', name: 'weather', arguments: '{"city":"Ulm"}' });
  assert.equal(namespaced?.origin?.value['namespace'], 'geo');
  assert.deepEqual(read[3]?.content, [
    { type: 'tool-result', callId: 'call_2', name: 'weather', content: [{ type: 'text', text: 'sun' }] },
  ]);
});

test("another provider's tokens come back as they were, with their maker", () => {
  const text = 'I think';
  const read = messages([
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text }],
      encrypted_content: packForeignToken({ dialect: 'anthropic', signature: 'Eq/+==' }),
    },
    { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: packForeignToken({ encrypted: 'red"acted' }) },
    { type: 'reasoning', id: 'rs_3', summary: [{ type: 'summary_text', text: 'bare' }] },
    {
      type: 'reasoning',
      id: 'rs_4',
      summary: [],
      encrypted_content: packForeignToken({ dialect: 'gemini', callSignature: 'call+sig' }),
    },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
  ]);
  assert.deepEqual(read, [
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text, signature: 'Eq/+==', origin: { dialect: 'anthropic', value: {} } },
        { type: 'reasoning', text: '', encrypted: 'red"acted' },
        { type: 'reasoning', text: 'bare' },
        { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'call+sig' },
      ],
    },
  ]);
});

test('a custom tool is a function of one text field, its calls and outputs are those of a function', () => {
  const custom: JsonObject = {
    type: 'custom',
    name: 'apply_patch',
    description: 'Edits files.',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
  };
  const request = decode({
    tools: [custom],
    tool_choice: { type: 'custom', name: 'apply_patch' },
    input: [
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: 'say "hi"\n' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'done' },
    ],
  });
  const [tool] = request.tools;
  assert.ok(tool?.type === 'function');
  assert.equal(tool.description, 'Edits files.\n\nThe input must match this grammar (lark):\nstart: "x"');
  assert.deepEqual(tool.parameters?.['required'], ['input']);
  assert.deepEqual(tool.origin?.value, custom);
  assert.deepEqual(request.toolChoice, { type: 'tool', name: 'apply_patch' });
  const [call] = request.messages[0]?.content ?? [];
  assert.equal(call?.type === 'tool-call' && call.arguments, '{"input":"say \\"hi\\"\\n"}');
  const [result] = request.messages[1]?.content ?? [];
  assert.equal(result?.type === 'tool-result' && result.name, 'apply_patch');
});

test('items of built-in tools, compaction and references to reasoning are kept in order', () => {
  const items: JsonObject[] = [
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
    { type: 'mcp_call', id: 'mcp_1', name: 'x' },
    { type: 'local_shell_call', call_id: 'l', action: {} },
    { type: 'local_shell_call_output', call_id: 'l', output: 'x' },
    { type: 'computer_call_output', call_id: 'cc', output: {} },
    { type: 'compaction', encrypted_content: 'zzz' },
    { type: 'item_reference', id: 'rs_9' },
  ];
  const read = messages([{ role: 'user', content: 'x' }, ...items]);
  assert.deepEqual(
    read[1]?.content.map((part) => (part.type === 'opaque' ? part.value : undefined)),
    items,
  );
});

test('tools: functions, and built-in ones as they are', () => {
  const { tools } = decode({
    tools: [
      { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'function', name: 'g', parameters: null, strict: null, defer_loading: true },
      { type: 'web_search', search_context_size: 'low' },
      { type: 'mcp', server_label: 'wiki', server_url: 'https://example.com' },
    ],
  });
  assert.deepEqual(tools, [
    { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
    {
      type: 'function',
      name: 'g',
      origin: {
        dialect: 'openai-responses',
        value: { type: 'function', name: 'g', parameters: null, strict: null, defer_loading: true },
      },
    },
    {
      type: 'provider',
      dialect: 'openai-responses',
      name: 'web_search',
      value: { type: 'web_search', search_context_size: 'low' },
    },
    {
      type: 'provider',
      dialect: 'openai-responses',
      name: 'wiki',
      value: { type: 'mcp', server_label: 'wiki', server_url: 'https://example.com' },
    },
  ]);
});

test('tool choices; allowed tools leave only these', () => {
  for (const choice of ['auto', 'none', 'required']) {
    assert.deepEqual(decode({ tool_choice: choice }).toolChoice, { type: choice });
  }
  assert.deepEqual(decode({ tool_choice: { type: 'function', name: 'f' } }).toolChoice, { type: 'tool', name: 'f' });
  const tools = [
    { type: 'function', name: 'f' },
    { type: 'function', name: 'g' },
    { type: 'web_search' },
    { type: 'mcp', server_label: 'a' },
    { type: 'mcp', server_label: 'b' },
  ];
  const allowed = [{ type: 'function', name: 'g' }, { type: 'web_search' }, { type: 'mcp', server_label: 'b' }];
  const request = decode({ tools, tool_choice: { type: 'allowed_tools', mode: 'required', tools: allowed } });
  assert.deepEqual(request.toolChoice, { type: 'required' });
  assert.deepEqual(
    request.tools.map((tool) => tool.name),
    ['g', 'web_search', 'b'],
  );
  const hosted = decode({ tools, tool_choice: { type: 'web_search' } });
  assert.equal(hosted.toolChoice, undefined);
  assert.deepEqual(hosted.extensions, { 'openai-responses': { tool_choice: { type: 'web_search' } } });
});

test('settings', () => {
  const request = decode({
    max_output_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    parallel_tool_calls: false,
    reasoning: { effort: 'xhigh', summary: 'detailed' },
    text: {
      format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true, description: 'd' },
      verbosity: 'low',
    },
    metadata: { a: 'b' },
    user: 'u',
    safety_identifier: 's',
    prompt_cache_key: 'k',
    service_tier: 'flex',
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs', 'file_search_call.results'],
    top_logprobs: 3,
    truncation: 'auto',
    store: true,
    stream_options: { include_obfuscation: false },
    client_metadata: { x: 'y' },
  });
  assert.deepEqual(request, {
    model: 'm',
    stream: false,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    parallelToolCalls: false,
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    responseFormat: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true, description: 'd' },
    reasoning: { effort: 'xhigh', summary: 'detailed' },
    logprobs: { top: 3 },
    user: 'u',
    serviceTier: 'flex',
    metadata: { a: 'b' },
    extensions: {
      'openai-responses': {
        prompt_cache_key: 'k',
        client_metadata: { x: 'y' },
        text: { verbosity: 'low' },
        include: ['file_search_call.results'],
        safety_identifier: 's',
        store: true,
        truncation: 'auto',
      },
    },
  });
});

test('what the gateway does unasked leaves no trace', () => {
  const request = decode({
    store: false,
    truncation: 'disabled',
    include: ['reasoning.encrypted_content'],
    background: false,
    previous_response_id: null,
    text: { format: { type: 'text' } },
    tool_choice: null,
  });
  assert.deepEqual(request.extensions, { 'openai-responses': {} });
  assert.deepEqual(request.responseFormat, { type: 'text' });
});

test('what needs a provider that keeps responses is refused, with the way out', () => {
  for (const [field, value] of [
    ['previous_response_id', 'resp_1'],
    ['conversation', 'conv_1'],
    ['conversation', { id: 'conv_1' }],
    ['prompt', { id: 'pmpt_1' }],
    ['background', true],
  ] as const) {
    const { code, param, message } = refusal({ [field]: value });
    assert.deepEqual([code, param], ['unsupported_parameter', field]);
    assert.match(message, /Send|Leave/);
  }
  const reference = refusal({ input: [{ type: 'item_reference', id: 'msg_1' }] });
  assert.deepEqual([reference.code, reference.param], ['unsupported_parameter', 'input[0]']);
  assert.match(reference.message, /store: false/);
});

test('wrong fields are named', () => {
  const wrong: [JsonObject, string][] = [
    [{ input: null }, 'input'],
    [{ input: 5 }, 'input'],
    [{ input: ['x'] }, 'input[0]'],
    [{ input: [{}] }, 'input[0]'],
    [{ input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ role: 'user' }] }, 'input[0].content'],
    [{ input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'input[0].content[0].text'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'input[0].content[0]'],
    [{ input: [{ role: 'user', content: [{ type: 'input_file' }] }] }, 'input[0].content[0]'],
    [{ input: [{ type: 'function_call', name: 'f' }] }, 'input[0].call_id'],
    [{ input: [{ type: 'function_call_output', call_id: 'c' }] }, 'input[0].output'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ tools: [{}] }, 'tools[0].type'],
    [{ tool_choice: 5 }, 'tool_choice'],
    [{ tool_choice: { type: 'allowed_tools' } }, 'tool_choice.tools'],
    [{ max_output_tokens: 1.5 }, 'max_output_tokens'],
    [{ text: { format: {} } }, 'text.format.type'],
    [{ reasoning: 'high' }, 'reasoning'],
    [{ stream: 'yes' }, 'stream'],
  ];
  for (const [body, param] of wrong) {
    const said = refusal(body);
    assert.deepEqual([said.code, said.param], ['invalid_request', param], JSON.stringify(body));
  }
  assert.throws(() => decodeRequest({ input: 'x' }, {}), /'model' must be/);
});

test("OpenAI's token survives both alphabets of base64, and no other token is taken for it", () => {
  const token = { id: 'rs_1', encryptedContent: 'gAAAAABo_-~?>ü' };
  const packed = packOwnToken(token);
  assert.equal(btoa(atob(packed)), packed);
  assert.deepEqual(unpackOwnToken(packed), token);
  assert.deepEqual(unpackOwnToken(packed.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')), token);
  for (const other of ['', 'YWlndzphYmM=', 'YWlndy10b2tlbnh4', 'YWlndy10b2tl!', 'EqQBCkYI']) {
    assert.equal(unpackOwnToken(other), undefined);
  }
});
