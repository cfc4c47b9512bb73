import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeToolUseId } from './encode-content.ts';
import { encodeRequest } from './encode-request.ts';

const CLAUDE_45 = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
const CLAUDE_46 = 'us.anthropic.claude-opus-4-6-v1';

function encode(request: Partial<NeutralRequest>): { body: JsonObject; warnings: string[] } {
  const warnings: string[] = [];
  const body = encodeRequest(
    { model: 'something', stream: false, messages: [], tools: [], ...request },
    {
      warn: (warning) => warnings.push(warning),
      defaultMaxOutputTokens: 4096,
      maxTokensField: 'max_tokens',
    },
  );
  return { body, warnings };
}

/** The body of a request that loses nothing. */
function exact(request: Partial<NeutralRequest>): JsonObject {
  const { body, warnings } = encode(request);
  assert.deepEqual(warnings, []);
  return body;
}

const text = (value: string): NeutralPart => ({ type: 'text', text: value });
const user = (...content: NeutralPart[]): NeutralMessage => ({ role: 'user', content });
const contentOf = (part: NeutralPart): unknown =>
  (exact({ messages: [user(part)] })['messages'] as { content: unknown[] }[])[0]?.content[0];
const refused = (param: string) => (error: unknown) =>
  GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === param;

test('a system turn alone: messages and inferenceConfig are there, empty', () => {
  assert.deepEqual(exact({ messages: [{ role: 'system', content: [text('You are a chatbot.')] }] }), {
    inferenceConfig: {},
    messages: [],
    system: [{ text: 'You are a chatbot.' }],
  });
});

test('a tool loop: arguments become JSON, the result stands in a user message, its status is null when not said', () => {
  const body = exact({
    maxOutputTokens: 1024,
    messages: [
      user(text('List the files in the /tmp directory')),
      {
        role: 'assistant',
        content: [
          text(''),
          { type: 'tool-call', id: 'call_abc123', name: 'list_files', arguments: '{ "path": "/tmp" }' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'call_abc123', content: [text('["foo.txt"]')] }] },
    ],
  });
  assert.deepEqual(body, {
    inferenceConfig: { maxTokens: 1024 },
    messages: [
      { role: 'user', content: [{ text: 'List the files in the /tmp directory' }] },
      {
        role: 'assistant',
        content: [{ toolUse: { toolUseId: 'call_abc123', name: 'list_files', input: { path: '/tmp' } } }],
      },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 'call_abc123', content: [{ text: '["foo.txt"]' }], status: null } }],
      },
    ],
  });
});

test('roles alternate: several tool results and what the user says next are one user message', () => {
  const result = (callId: string, isError: boolean): NeutralPart => ({
    type: 'tool-result',
    callId,
    content: [text(callId)],
    isError,
  });
  const body = exact({
    messages: [
      user(text('a')),
      user(text('b')),
      { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'f', arguments: '' }] },
      { role: 'assistant', content: [{ type: 'tool-call', id: '2', name: 'f', arguments: '{}' }] },
      { role: 'tool', content: [result('1', false)] },
      { role: 'tool', content: [result('2', true)] },
      user(text('go on')),
    ],
  });
  const messages = body['messages'] as { role: string; content: JsonObject[] }[];
  assert.deepEqual(
    messages.map((message) => message.role),
    ['user', 'assistant', 'user'],
  );
  assert.deepEqual(messages[2]?.content, [
    { toolResult: { toolUseId: '1', content: [{ text: '1' }], status: 'success' } },
    { toolResult: { toolUseId: '2', content: [{ text: '2' }], status: 'error' } },
    { text: 'go on' },
  ]);
});

test('invalid tool arguments are an error that names the call', () => {
  for (const args of ['{"path":', '[1]', '"x"']) {
    const messages: NeutralMessage[] = [
      { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'f', arguments: args }] },
    ];
    assert.throws(
      () => encode({ messages }),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === 'messages[0].content[0]',
      args,
    );
  }
});

test('a foreign tool call id that Bedrock refuses is replaced alike in call and result', () => {
  assert.equal(encodeToolUseId('toolu_01:a.b-c'), 'toolu_01:a.b-c');
  const long = `${'x'.repeat(70)}/1`;
  assert.match(encodeToolUseId(long), /^[a-zA-Z0-9_.:-]{1,64}$/);
  assert.match(encodeToolUseId(''), /^[a-zA-Z0-9_.:-]{1,64}$/);
  assert.equal(encodeToolUseId(long), encodeToolUseId(long));
  assert.notEqual(encodeToolUseId(long), encodeToolUseId(`${'x'.repeat(70)}/2`));
});

test('images: bytes in four formats, S3 objects, data URIs', () => {
  for (const [mediaType, format] of [
    ['image/png', 'png'],
    ['image/jpeg', 'jpeg'],
    ['image/jpg', 'jpeg'],
    ['image/gif', 'gif'],
    ['image/webp', 'webp'],
  ] as const) {
    assert.deepEqual(contentOf({ type: 'image', source: { kind: 'base64', mediaType, data: 'AAAA' } }), {
      image: { format, source: { bytes: 'AAAA' } },
    });
  }
  assert.deepEqual(contentOf({ type: 'image', source: { kind: 'url', url: 's3://bucket/cat.jpg' } }), {
    image: { format: 'jpeg', source: { s3Location: { uri: 's3://bucket/cat.jpg' } } },
  });
  assert.deepEqual(contentOf({ type: 'image', source: { kind: 'url', url: 'data:image/gif;base64,R0lG' } }), {
    image: { format: 'gif', source: { bytes: 'R0lG' } },
  });
});

test('reference loss "http image URLs refused": still refused, with the part named', () => {
  const image: NeutralPart = { type: 'image', source: { kind: 'url', url: 'https://example.com/cat.png' } };
  assert.throws(
    () => encode({ messages: [user(text('see')), user(text('look'), image)] }),
    refused('messages[1].content[1]'),
  );
  const tiff: NeutralPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/tiff', data: 'AAAA' } };
  assert.throws(() => encode({ messages: [user(tiff)] }), refused('messages[0].content[0]'));
  const file: NeutralPart = { type: 'document', source: { kind: 'file', id: 'file-1' } };
  assert.throws(() => encode({ messages: [user(file)] }), refused('messages[0].content[0]'));
});

test('reference loss "documents refused": sent, with sound names that differ', () => {
  const pdf = (name?: string): NeutralPart => ({
    type: 'document',
    source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' },
    ...(name === undefined ? {} : { name }),
  });
  const body = exact({
    messages: [
      user(
        pdf('Q3 report_(final).pdf'),
        pdf('Q3 report_(final).pdf'),
        pdf(),
        pdf('日本.pdf'),
        { type: 'document', source: { kind: 'text', text: 'Zürich' }, name: 'notes  v1.txt', context: 'from Ada' },
        {
          type: 'document',
          source: { kind: 'base64', mediaType: 'application/octet-stream', data: 'YSxi' },
          name: 'a.csv',
        },
      ),
    ],
  });
  const content = (body['messages'] as { content: JsonObject[] }[])[0]?.content;
  assert.deepEqual(content, [
    { document: { format: 'pdf', name: 'Q3 report-(final)', source: { bytes: 'JVBERi0=' } } },
    { document: { format: 'pdf', name: 'Q3 report-(final)-2', source: { bytes: 'JVBERi0=' } } },
    { document: { format: 'pdf', name: 'document', source: { bytes: 'JVBERi0=' } } },
    { document: { format: 'pdf', name: 'document-2', source: { bytes: 'JVBERi0=' } } },
    { document: { format: 'txt', name: 'notes v1', source: { bytes: 'WsO8cmljaA==' }, context: 'from Ada' } },
    { document: { format: 'csv', name: 'a', source: { bytes: 'YSxi' } } },
  ]);
});

test('reference loss "audio refused": sound and video are sent', () => {
  assert.deepEqual(
    contentOf({ type: 'audio', source: { kind: 'base64', mediaType: 'audio/mpeg', data: 'AAAA' }, format: 'mp3' }),
    { audio: { format: 'mp3', source: { bytes: 'AAAA' } } },
  );
  assert.deepEqual(contentOf({ type: 'video', source: { kind: 'url', url: 's3://b/clip.mp4' } }), {
    video: { format: 'mp4', source: { s3Location: { uri: 's3://b/clip.mp4' } } },
  });
});

test('cache marks become cachePoint blocks after system text, content, tool results and tools', () => {
  const body = exact({
    messages: [
      { role: 'system', content: [{ ...text('rules'), cache: {} }] },
      user({ ...text('long'), cache: { ttl: '1h' } }, text('short')),
      { role: 'assistant', content: [text('ok')] },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'c', content: [{ ...text('big'), cache: { ttl: '5m' } }] }],
      },
    ],
    tools: [{ type: 'function', name: 'f', cache: {} }],
  });
  assert.deepEqual(body['system'], [{ text: 'rules' }, { cachePoint: { type: 'default' } }]);
  const messages = body['messages'] as { content: JsonObject[] }[];
  assert.deepEqual(messages[0]?.content, [
    { text: 'long' },
    { cachePoint: { type: 'default', ttl: '1h' } },
    { text: 'short' },
  ]);
  assert.deepEqual(messages[2]?.content[1], { cachePoint: { type: 'default', ttl: '5m' } });
  assert.deepEqual(body['toolConfig'], {
    tools: [
      { toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } },
      { cachePoint: { type: 'default' } },
    ],
  });
});

test('reasoning goes back byte for byte: signed, redacted', () => {
  const body = exact({
    model: CLAUDE_45,
    messages: [
      user(text('hi')),
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hmm ✓', signature: 'EqoB+/=' },
          { type: 'reasoning', text: '', encrypted: 'cmVkYWN0ZWQ=' },
          text('hello'),
        ],
      },
    ],
  });
  assert.deepEqual((body['messages'] as { content: JsonObject[] }[])[1]?.content, [
    { reasoningContent: { reasoningText: { text: 'Hmm ✓', signature: 'EqoB+/=' } } },
    { reasoningContent: { redactedContent: 'cmVkYWN0ZWQ=' } },
    { text: 'hello' },
  ]);
});

test('reasoning Bedrock could not verify is left out with a warning', () => {
  const unsigned = encode({
    model: CLAUDE_45,
    messages: [{ role: 'assistant', content: [{ type: 'reasoning', text: 'Hmm' }, text('hello')] }],
  });
  assert.match(unsigned.warnings.join(), /without a signature/);
  assert.deepEqual(unsigned.body['messages'], [{ role: 'assistant', content: [{ text: 'hello' }] }]);
  const origin = { dialect: 'openai-responses', value: {} } as const;
  const foreign = encode({
    messages: [
      { role: 'assistant', content: [{ type: 'reasoning', text: '', encrypted: 'gAAAA', origin }, text('hello')] },
    ],
  });
  assert.match(foreign.warnings.join(), /openai-responses/);
});

test('tools and the choice of them', () => {
  const weather = {
    type: 'function',
    name: 'weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
    strict: true,
  } as const;
  const spec = {
    name: 'weather',
    description: 'Tells the weather.',
    inputSchema: { json: weather.parameters },
    strict: true,
  };
  const config = (request: Partial<NeutralRequest>): unknown =>
    exact({ model: CLAUDE_46, tools: [weather], ...request })['toolConfig'];
  const tools = [{ toolSpec: spec }];
  assert.deepEqual(config({}), { tools });
  assert.deepEqual(config({ toolChoice: { type: 'auto' } }), { tools, toolChoice: { auto: {} } });
  assert.deepEqual(config({ toolChoice: { type: 'required' } }), { tools, toolChoice: { any: {} } });
  assert.deepEqual(config({ toolChoice: { type: 'tool', name: 'weather' } }), {
    tools,
    toolChoice: { tool: { name: 'weather' } },
  });
});

test('Claude is told in its own words to call one tool at a time; others, and a forced choice, are warned of', () => {
  const asked = { tools: [{ type: 'function' as const, name: 'f' }], parallelToolCalls: false };
  const one = { tool_choice: { type: 'auto', disable_parallel_tool_use: true } };
  for (const choice of [{}, { toolChoice: { type: 'auto' as const } }]) {
    const { body, warnings } = encode({ ...asked, ...choice, model: CLAUDE_45 });
    assert.deepEqual(body['additionalModelRequestFields'], one);
    assert.equal((body['toolConfig'] as JsonObject)['toolChoice'], undefined);
    assert.deepEqual(warnings, []);
  }
  const lost = [{ model: 'amazon.nova-pro-v1:0' }, { model: CLAUDE_45, toolChoice: { type: 'required' as const } }];
  for (const rest of [...lost, { model: 'anthropic.claude-3-haiku-20240307-v1:0' }]) {
    const { body, warnings } = encode({ ...asked, ...rest });
    assert.equal(body['additionalModelRequestFields'], undefined);
    assert.match(warnings.join(), /parallel_tool_calls false was not sent/);
  }
  assert.deepEqual(
    encode({ parallelToolCalls: false, model: CLAUDE_45 }).body['additionalModelRequestFields'],
    undefined,
  );
  const fields = { additionalModelRequestFields: one };
  assert.equal(decodeRequest(fields, { model: CLAUDE_45 }).parallelToolCalls, false);
  const forced = { additionalModelRequestFields: { tool_choice: { type: 'tool', name: 'f' } } };
  assert.deepEqual(decodeRequest(forced, { model: CLAUDE_45 }).toolChoice, { type: 'tool', name: 'f' });
});

test('reference loss "tool_choice none dropped": no tools are offered, unless the history needs them', () => {
  const tools = [{ type: 'function', name: 'f' }] as const;
  assert.equal(exact({ tools: [...tools], toolChoice: { type: 'none' } })['toolConfig'], undefined);
  const { body, warnings } = encode({
    tools: [...tools],
    toolChoice: { type: 'none' },
    messages: [{ role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'f', arguments: '{}' }] }],
  });
  assert.equal(Array.isArray((body['toolConfig'] as JsonObject)['tools']), true);
  assert.match(warnings.join(), /tool_choice none/);
});

test('tool blocks without tools, which Bedrock refuses: the tools called before are named, with a warning', () => {
  const messages: NeutralMessage[] = [
    { role: 'assistant', content: [{ type: 'tool-call', id: '1', name: 'f', arguments: '{}' }] },
    { role: 'tool', content: [{ type: 'tool-result', callId: '1', content: [text('x')] }] },
  ];
  const { body, warnings } = encode({ model: CLAUDE_45, messages });
  assert.deepEqual(body['toolConfig'], {
    tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } }],
  });
  assert.equal(warnings.length, 1);
});

test('strict is left out for models that refuse it; provider-run tools are refused; client-run ones reach Claude', () => {
  const strict = encode({ model: 'amazon.nova-pro-v1:0', tools: [{ type: 'function', name: 'f', strict: true }] });
  assert.match(strict.warnings.join(), /strict/);
  const search = {
    type: 'provider',
    dialect: 'anthropic',
    name: 'web_search',
    value: { type: 'web_search_20250305' },
  } as const;
  assert.throws(() => encode({ model: CLAUDE_46, tools: [search] }), refused('tools[0]'));
  const bash = {
    type: 'provider',
    dialect: 'anthropic',
    name: 'bash',
    value: { type: 'bash_20250124', name: 'bash' },
  } as const;
  assert.deepEqual(exact({ model: CLAUDE_46, tools: [bash] })['additionalModelRequestFields'], { tools: [bash.value] });
  assert.throws(() => encode({ model: 'amazon.nova-pro-v1:0', tools: [bash] }), refused('tools[0]'));
});

test('Converse fields a client of another API sends by name are passed; unknown ones are warned of', () => {
  const guardrailConfig = { guardrailIdentifier: 'gr1', guardrailVersion: '1', trace: 'enabled' };
  const { body, warnings } = encode({
    extensions: {
      'openai-chat': {
        guardrailConfig,
        performanceConfig: { latency: 'optimized' },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } },
        additionalModelResponseFieldPaths: ['/stop_sequence'],
        'odd\nfield': 1,
      },
    },
    reasoning: { effort: 'high' },
  });
  assert.deepEqual(body, {
    messages: [],
    inferenceConfig: {},
    guardrailConfig,
    performanceConfig: { latency: 'optimized' },
    additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2000 } },
    additionalModelResponseFieldPaths: ['/stop_sequence'],
  });
  assert.deepEqual(warnings, ['The field odd?field was not sent: Bedrock Converse has none like it.']);
});

test("Anthropic's beta flags in a body reach Claude", () => {
  const extensions = { anthropic: { anthropic_beta: ['context-1m-2025-08-07'] } };
  assert.deepEqual(exact({ model: CLAUDE_45, extensions })['additionalModelRequestFields'], extensions.anthropic);
  assert.equal(encode({ model: 'amazon.nova-pro-v1:0', extensions }).warnings.length, 1);
});

test('a system turn amid the conversation is sent at its start, with a warning', () => {
  const { body, warnings } = encode({
    messages: [{ role: 'developer', content: [text('a')] }, user(text('q')), { role: 'system', content: [text('b')] }],
  });
  assert.deepEqual(body['system'], [{ text: 'a' }, { text: 'b' }]);
  assert.equal(warnings.length, 1);
});

test('every warning is one short ASCII line', () => {
  const { warnings } = encode({
    model: CLAUDE_45,
    messages: [
      { ...user(text(' '), { type: 'opaque', dialect: 'gemini', value: {} }), name: 'Zoë' },
      user({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'A' }, detail: 'high' }),
    ],
    tools: [{ type: 'function', name: 'f' }],
    parallelToolCalls: false,
    seed: 1,
    temperature: 2,
    reasoning: { effort: 'xhigh' },
    extensions: { anthropic: { 'naïve\r\n': true } },
  });
  assert.ok(warnings.length >= 7, warnings.join('\n'));
  for (const warning of warnings) assert.match(warning, /^[ -~]{10,160}$/);
});
