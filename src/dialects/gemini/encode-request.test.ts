import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralReasoning, NeutralRequest } from '../neutral/request.ts';
import { encodeRequest } from './encode-request.ts';

function request(fields: Partial<NeutralRequest>): NeutralRequest {
  return { model: 'gemini-2.5-flash', stream: false, messages: [], tools: [], ...fields };
}

function encode(fields: Partial<NeutralRequest>): { body: JsonObject; warnings: string[] } {
  const warnings: string[] = [];
  const body = encodeRequest(request(fields), {
    warn: (warning) => warnings.push(warning),
    defaultMaxOutputTokens: 4096,
    maxTokensField: 'max_completion_tokens',
  });
  return { body, warnings };
}

function user(...content: NeutralPart[]): NeutralMessage {
  return { role: 'user', content };
}

function text(value: string): NeutralPart {
  return { type: 'text', text: value };
}

function contentsOf(fields: Partial<NeutralRequest>): unknown {
  return encode(fields).body['contents'];
}

function configOf(fields: Partial<NeutralRequest>): unknown {
  return encode(fields).body['generationConfig'];
}

function refusal(fields: Partial<NeutralRequest>): GatewayError {
  let caught: unknown;
  try {
    encode(fields);
  } catch (error) {
    caught = error;
  }
  assert.ok(GatewayError.is(caught), 'a GatewayError is thrown');
  return caught;
}

const hello = [user(text('Hello'))];

test('a request of system messages alone has null contents and tools, as protocol buffers spell empty lists', () => {
  const { body, warnings } = encode({
    model: 'gemini-1.5-pro',
    messages: [{ role: 'system', content: [text('You are a helpful assistant.')] }],
  });
  assert.deepEqual(body, {
    contents: null,
    tools: null,
    generationConfig: {},
    systemInstruction: { parts: [{ text: 'You are a helpful assistant.' }] },
  });
  assert.deepEqual(warnings, []);
});

test('a conversation with tools becomes alternating turns, results in the order of the calls', () => {
  const { body, warnings } = encode({
    model: 'gemini-2.5-pro',
    messages: [
      { role: 'system', content: [text('Be brief.')] },
      { role: 'developer', content: [text('Use tools.')] },
      user(text('Weather in Rome and Oslo?')),
      user(text('In Celsius.')),
      {
        role: 'assistant',
        content: [
          text('Let me look.'),
          { type: 'tool-call', id: 'a', name: 'weather', arguments: '{"city":"Rome"}', signature: 'c2lnbg==' },
          { type: 'tool-call', id: 'b', name: 'weather', arguments: '{"city":"Oslo"}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'b', content: [text('3 degrees')] }] },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'a', isError: true, content: [text('no data')] }] },
      user(text('And?')),
    ],
    tools: [
      { type: 'provider', dialect: 'openai-chat', name: 'google_search', value: { type: 'google_search' } },
      {
        type: 'function',
        name: 'weather',
        description: 'Weather of a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
      },
      { type: 'function', name: 'now' },
    ],
    toolChoice: { type: 'auto' },
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    seed: 7,
    stop: ['END'],
    candidateCount: 2,
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    logprobs: { top: 3 },
  });
  assert.deepEqual(body, {
    contents: [
      { role: 'user', parts: [{ text: 'Weather in Rome and Oslo?' }, { text: 'In Celsius.' }] },
      {
        role: 'model',
        parts: [
          { text: 'Let me look.' },
          { functionCall: { name: 'weather', args: { city: 'Rome' } }, thoughtSignature: 'c2lnbg==' },
          { functionCall: { name: 'weather', args: { city: 'Oslo' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'weather', response: { error: 'no data' } } },
          { functionResponse: { name: 'weather', response: { output: '3 degrees' } } },
          { text: 'And?' },
        ],
      },
    ],
    tools: [
      { googleSearch: {} },
      {
        functionDeclarations: [
          {
            name: 'weather',
            description: 'Weather of a city',
            parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
          },
          { name: 'now' },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    generationConfig: {
      maxOutputTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      candidateCount: 2,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      stopSequences: ['END'],
      responseLogprobs: true,
      logprobs: 3,
    },
    systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Use tools.' }] },
  });
  assert.deepEqual(warnings, []);
});

test('http images, audio, files and video go out as media', () => {
  const contents = contentsOf({
    messages: [
      user(
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
        { type: 'image', source: { kind: 'url', url: 'https://example.com/a/cat.WEBP?x=.png' } },
        { type: 'image', source: { kind: 'url', url: 'https://example.com/picture' } },
        { type: 'image', source: { kind: 'url', url: 'data:image/gif;base64,R0lG' } },
        { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklG' }, format: 'wav' },
        { type: 'audio', source: { kind: 'base64', mediaType: '', data: 'SUQz' }, format: 'mp3' },
        { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' }, name: 'a.pdf' },
        { type: 'document', source: { kind: 'base64', mediaType: 'application/json', data: 'e30=' } },
        { type: 'document', source: { kind: 'text', text: 'body' }, name: 'notes', context: 'About notes' },
        { type: 'document', source: { kind: 'url', url: 'gs://bucket/report.pdf' } },
        { type: 'document', source: { kind: 'file', id: 'files/abc' } },
        { type: 'video', source: { kind: 'url', url: 'https://www.youtube.com/watch?v=1' } },
      ),
    ],
  });
  assert.deepEqual(contents, [
    {
      role: 'user',
      parts: [
        { inlineData: { mimeType: 'image/png', data: 'iVBO' } },
        { fileData: { mimeType: 'image/webp', fileUri: 'https://example.com/a/cat.WEBP?x=.png' } },
        { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.com/picture' } },
        { inlineData: { mimeType: 'image/gif', data: 'R0lG' } },
        { inlineData: { mimeType: 'audio/wav', data: 'UklG' } },
        { inlineData: { mimeType: 'audio/mp3', data: 'SUQz' } },
        { inlineData: { mimeType: 'application/pdf', data: 'JVBE' } },
        { inlineData: { mimeType: 'text/plain', data: 'e30=' } },
        { text: 'About notes' },
        { text: 'notes\n\nbody' },
        { fileData: { mimeType: 'application/pdf', fileUri: 'gs://bucket/report.pdf' } },
        { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' } },
        { fileData: { mimeType: 'video/mp4', fileUri: 'https://www.youtube.com/watch?v=1' } },
      ],
    },
  ]);
});

test('a file of another provider is refused with its place', () => {
  const error = refusal({ messages: [user({ type: 'document', source: { kind: 'file', id: 'file-123' } })] });
  assert.equal(error.code, 'unsupported_parameter');
  assert.equal(error.param, 'messages[0].content[0]');
});

test('image detail is set on the part from Gemini 3 on and on the request before', () => {
  const image: NeutralPart = {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', data: 'AA' },
    detail: 'high',
  };
  const messages = [user(image, { ...image, detail: 'low' }, { ...image, detail: 'auto' })];
  assert.deepEqual(contentsOf({ model: 'gemini-3-flash-preview', messages }), [
    {
      role: 'user',
      parts: [
        {
          inlineData: { mimeType: 'image/png', data: 'AA' },
          mediaResolution: { level: 'MEDIA_RESOLUTION_HIGH' },
        },
        { inlineData: { mimeType: 'image/png', data: 'AA' }, mediaResolution: { level: 'MEDIA_RESOLUTION_LOW' } },
        { inlineData: { mimeType: 'image/png', data: 'AA' } },
      ],
    },
  ]);
  assert.deepEqual(configOf({ messages }), { mediaResolution: 'MEDIA_RESOLUTION_HIGH' });
  assert.deepEqual(configOf({ model: 'my-tuned-model', messages }), {});
});

test('media of a tool result stand inside the response from Gemini 3 on and behind it before', () => {
  const messages: NeutralMessage[] = [
    { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'draw', arguments: '' }] },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          callId: 'c',
          content: [text('done'), { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } }],
        },
      ],
    },
  ];
  const media = { inlineData: { mimeType: 'image/png', data: 'AA' } };
  const answered = (contents: unknown): unknown => (Array.isArray(contents) ? contents[1] : undefined);
  assert.deepEqual(answered(contentsOf({ messages })), {
    role: 'user',
    parts: [{ functionResponse: { name: 'draw', response: { output: 'done' } } }, media],
  });
  assert.deepEqual(answered(contentsOf({ model: 'gemini-3-pro', messages })), {
    role: 'user',
    parts: [{ functionResponse: { name: 'draw', response: { output: 'done' }, parts: [media] } }],
  });
});

test('arguments that are no JSON object are refused with the message that holds them', () => {
  for (const bad of ['{"a":', '[1]', '"x"']) {
    const error = refusal({
      messages: [
        user(text('go')),
        { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', arguments: bad }] },
      ],
    });
    assert.equal(error.code, 'invalid_request');
    assert.equal(error.param, 'messages[1].content[0]');
    assert.match(error.publicMessage, /"f"/);
  }
});

test('a tool result without its call is refused', () => {
  const error = refusal({ messages: [{ role: 'tool', content: [{ type: 'tool-result', callId: 'x', content: [] }] }] });
  assert.equal(error.param, 'messages[0].content[0]');
});

test('a tool result that names its function needs no call', () => {
  const message: NeutralMessage = {
    role: 'tool',
    content: [{ type: 'tool-result', callId: 'x', name: 'f', content: [text('1')] }],
  };
  assert.deepEqual(contentsOf({ messages: [message] }), [
    { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: '1' } } }] },
  ]);
});

test('thought signatures: on the thought without calls, on the first call with them, else the dummy for Gemini 3', () => {
  const thought: NeutralPart = { type: 'reasoning', text: 'hm', signature: 'U0lHTg==' };
  const call = (id: string): NeutralPart => ({ type: 'tool-call', id, name: 'f', arguments: '{}' });
  const parts = (model: string, ...content: NeutralPart[]): unknown =>
    contentsOf({ model, messages: [{ role: 'assistant', content }] });
  const turn = (...expected: unknown[]): unknown => [{ role: 'model', parts: expected }];
  const written = { functionCall: { name: 'f', args: {} } };

  assert.deepEqual(
    parts('gemini-3-pro', thought, text('ok')),
    turn({ text: 'hm', thought: true, thoughtSignature: 'U0lHTg==' }, { text: 'ok' }),
  );
  assert.deepEqual(
    parts('gemini-3-pro', thought, call('1'), call('2')),
    turn({ text: 'hm', thought: true }, { ...written, thoughtSignature: 'U0lHTg==' }, written),
  );
  assert.deepEqual(
    parts('gemini-3-pro', thought, { ...call('1'), signature: 'own' } as NeutralPart),
    turn({ text: 'hm', thought: true, thoughtSignature: 'U0lHTg==' }, { ...written, thoughtSignature: 'own' }),
  );
  assert.deepEqual(
    parts('gemini-3.1-pro-preview', call('1'), call('2')),
    turn({ ...written, thoughtSignature: 'skip_thought_signature_validator' }, written),
  );
  assert.deepEqual(parts('gemini-2.5-pro', call('1')), turn(written));
});

test('signatures of Gemini itself return byte for byte on text, thought and call', () => {
  const value = { text: 'answer', thoughtSignature: 'AAEC/+==' };
  const call = { functionCall: { id: 'x1', name: 'f', args: { n: 1 } }, thought_signature: 'snake+/=' };
  const contents = contentsOf({
    model: 'gemini-3-pro',
    messages: [
      {
        role: 'assistant',
        content: [
          {
            type: 'reasoning',
            text: 't',
            signature: 'S',
            origin: { dialect: 'gemini', value: { text: 't', thought: true, thoughtSignature: 'S' } },
          },
          { type: 'tool-call', id: 'x1', name: 'f', arguments: '{"n":1}', origin: { dialect: 'gemini', value: call } },
          { type: 'text', text: 'answer', origin: { dialect: 'gemini', value } },
        ],
      },
    ],
  });
  assert.deepEqual(contents, [
    { role: 'model', parts: [{ text: 't', thought: true, thoughtSignature: 'S' }, call, value] },
  ]);
});

test('tool choice is written only beside functions', () => {
  const tools: NeutralRequest['tools'] = [{ type: 'function', name: 'f' }];
  const config = (fields: Partial<NeutralRequest>): unknown => encode(fields).body['toolConfig'];
  assert.deepEqual(config({ tools, toolChoice: { type: 'none' } }), { functionCallingConfig: { mode: 'NONE' } });
  assert.deepEqual(config({ tools, toolChoice: { type: 'required' } }), { functionCallingConfig: { mode: 'ANY' } });
  assert.deepEqual(config({ tools, toolChoice: { type: 'tool', name: 'f' } }), {
    functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] },
  });
  assert.equal(config({ toolChoice: { type: 'auto' } }), undefined);
  const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ function: { name: 'f' } }] } };
  assert.deepEqual(
    config({ tools, toolChoice: { type: 'auto' }, extensions: { 'openai-chat': { tool_choice: allowed } } }),
    { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['f'] } },
  );
});

test('Google tools pass in either spelling with their settings, tools of other vendors are refused by name', () => {
  const { body } = encode({
    tools: [
      {
        type: 'provider',
        dialect: 'openai-chat',
        name: 'google_search',
        value: {
          type: 'google_search',
          google_search: { exclude_domains: ['a.com'], time_range_filter: { start_time: 't' } },
        },
      },
      {
        type: 'provider',
        dialect: 'openai-chat',
        name: 'enterprise_web_search',
        value: { type: 'enterprise_web_search' },
      },
      { type: 'provider', dialect: 'openai-chat', name: 'url_context', value: { type: 'url_context' } },
      { type: 'provider', dialect: 'openai-responses', name: 'code_execution', value: { type: 'code_execution' } },
      { type: 'provider', dialect: 'gemini', name: 'computerUse', value: { computerUse: { environment: 'BROWSER' } } },
    ],
  });
  assert.deepEqual(body['tools'], [
    { googleSearch: { excludeDomains: ['a.com'], timeRangeFilter: { startTime: 't' } } },
    { enterpriseWebSearch: {} },
    { urlContext: {} },
    { codeExecution: {} },
    { computerUse: { environment: 'BROWSER' } },
  ]);
  for (const [dialect, type] of [
    ['openai-responses', 'code_interpreter'],
    ['openai-chat', 'image_generation'],
    ['anthropic', 'code_execution_20250825'],
  ] as const) {
    const error = refusal({
      tools: [{ type: 'provider', dialect, name: type.replace('_20250825', ''), value: { type } }],
    });
    assert.equal(error.code, 'unsupported_parameter');
    assert.match(error.publicMessage, new RegExp(type.replace('_20250825', '')));
    assert.equal(error.param, 'tools[0]');
  }
});

test('schemas: JSON Schema from Gemini 2.5 on, the OpenAPI subset before', () => {
  const schema = { type: 'object', properties: { a: { type: ['string', 'null'] } }, additionalProperties: false };
  const subset = { type: 'object', properties: { a: { type: 'string', nullable: true } } };
  const tools: NeutralRequest['tools'] = [{ type: 'function', name: 'f', parameters: schema }];
  const declared = (model: string): unknown => encode({ model, tools }).body['tools'];
  assert.deepEqual(declared('gemini-3-pro'), [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] }]);
  assert.deepEqual(declared('gemini-flash-latest'), declared('gemini-3-pro'));
  assert.deepEqual(declared('gemini-2.0-flash'), [{ functionDeclarations: [{ name: 'f', parameters: subset }] }]);
  assert.deepEqual(declared('tuned-endpoint'), declared('gemini-2.0-flash'));
  const responseFormat = { type: 'json-schema', name: 'r', schema } as const;
  assert.deepEqual(configOf({ responseFormat }), {
    responseMimeType: 'application/json',
    responseJsonSchema: schema,
  });
  assert.deepEqual(configOf({ model: 'gemini-1.5-pro', responseFormat }), {
    responseMimeType: 'application/json',
    responseSchema: subset,
  });
});

test('a function without parameters is declared without them to older models', () => {
  const tools: NeutralRequest['tools'] = [
    { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } },
  ];
  assert.deepEqual(encode({ model: 'gemini-1.5-pro', tools }).body['tools'], [
    { functionDeclarations: [{ name: 'f' }] },
  ]);
});

test('response_format json_object and text', () => {
  assert.deepEqual(configOf({ responseFormat: { type: 'json' } }), { responseMimeType: 'application/json' });
  assert.deepEqual(configOf({ responseFormat: { type: 'text' } }), { responseMimeType: 'text/plain' });
});

test('guided_choice, guided_regex and guided_json', () => {
  const guided = (fields: JsonObject): unknown => configOf({ extensions: { 'openai-chat': fields } });
  assert.deepEqual(guided({ guided_choice: ['yes', 'no'] }), {
    responseMimeType: 'text/x.enum',
    responseSchema: { type: 'STRING', enum: ['yes', 'no'] },
  });
  assert.deepEqual(guided({ guided_regex: '[a-z]+' }), {
    responseMimeType: 'application/json',
    responseSchema: { type: 'STRING', pattern: '[a-z]+' },
  });
  assert.deepEqual(guided({ guided_json: '{"type":"object"}' }), {
    responseMimeType: 'application/json',
    responseJsonSchema: { type: 'object' },
  });
  const both = { guided_choice: ['a'], guided_regex: 'a' };
  assert.equal(refusal({ extensions: { 'openai-chat': both } }).code, 'invalid_request');
  assert.equal(
    refusal({ responseFormat: { type: 'json' }, extensions: { 'openai-chat': { guided_regex: 'a' } } }).param,
    'response_format',
  );
});

test('safety settings, cached content, labels and the google object of OpenAI clients', () => {
  const { body, warnings } = encode({
    messages: hello,
    extensions: {
      'openai-chat': {
        safety_settings: [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' }],
        labels: { team: 'a' },
        extra_body: { google: { cached_content: 'cachedContents/1', thinking_config: { include_thoughts: true } } },
        logit_bias: { '5': 1 },
        'odd\r\nname': 1,
        stream_options: {},
      },
    },
  });
  assert.deepEqual(body['safetySettings'], [{ category: 'HARM_CATEGORY_HATE_SPEECH', threshold: 'BLOCK_NONE' }]);
  assert.deepEqual(body['labels'], { team: 'a' });
  assert.equal(body['cachedContent'], 'cachedContents/1');
  assert.deepEqual(body['generationConfig'], { thinkingConfig: { includeThoughts: true } });
  assert.deepEqual(warnings, [
    'logit_bias is left out: Gemini has no such field',
    'odd??name is left out: Gemini has no such field',
  ]);
});

test('reasoning: effort none and all others by model family', () => {
  const cases: [model: string, reasoning: NeutralReasoning, expected: unknown, warns: boolean][] = [
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }, false],
    ['gemini-2.5-flash', { enabled: false }, { thinkingBudget: 0 }, false],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }, true],
    ['gemini-2.5-flash', { effort: 'low' }, { thinkingBudget: 1024 }, false],
    ['gemini-2.5-flash', { effort: 'medium' }, { thinkingBudget: 8192 }, false],
    ['gemini-2.5-flash', { effort: 'max' }, { thinkingBudget: 24_576 }, false],
    ['gemini-2.5-pro', { effort: 'max' }, { thinkingBudget: 32_768 }, false],
    ['gemini-2.5-flash', { enabled: true, budgetTokens: 2000 }, { thinkingBudget: 2000, includeThoughts: true }, false],
    ['gemini-2.5-flash', { budgetTokens: 99_999 }, { thinkingBudget: 24_576 }, true],
    ['gemini-2.5-flash-lite', { budgetTokens: 1 }, { thinkingBudget: 512 }, true],
    ['gemini-2.5-flash', { adaptive: true }, { thinkingBudget: -1 }, false],
    ['gemini-2.5-flash', { effort: 'low', summary: 'auto' }, { thinkingBudget: 1024, includeThoughts: true }, false],
    ['gemini-3-flash-preview', { effort: 'none' }, { thinkingLevel: 'MINIMAL' }, false],
    ['gemini-3-pro-preview', { effort: 'none' }, { thinkingLevel: 'LOW' }, true],
    ['gemini-3-pro-preview', { effort: 'medium' }, { thinkingLevel: 'HIGH' }, false],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, { thinkingLevel: 'MEDIUM' }, false],
    ['gemini-3-pro-preview', { effort: 'high' }, { thinkingLevel: 'HIGH' }, false],
    ['gemini-3-flash-preview', { effort: 'xhigh' }, { thinkingLevel: 'HIGH' }, false],
    [
      'gemini-3-pro-preview',
      { enabled: true, budgetTokens: 512 },
      { thinkingBudget: 512, includeThoughts: true },
      false,
    ],
    ['gemini-2.0-flash', { effort: 'none' }, undefined, false],
    ['gemini-2.0-flash', { effort: 'high' }, undefined, true],
    ['publishers/google/models/gemini-2.5-flash', { effort: 'low' }, { thinkingBudget: 1024 }, false],
  ];
  for (const [model, reasoning, expected, warns] of cases) {
    const { body, warnings } = encode({ model, reasoning });
    const config = body['generationConfig'] as JsonObject;
    assert.deepEqual(config['thinkingConfig'], expected, `${model} ${JSON.stringify(reasoning)}`);
    assert.equal(warnings.length, warns ? 1 : 0, `${model} ${JSON.stringify(reasoning)}: ${warnings.join()}`);
  }
});

test('an OpenAI client’s includeThoughts goes before the default', () => {
  const thinking = { type: 'enabled', budget_tokens: 10, includeThoughts: false };
  assert.deepEqual(
    configOf({ reasoning: { enabled: true, budgetTokens: 10 }, extensions: { 'openai-chat': { thinking } } }),
    { thinkingConfig: { thinkingBudget: 10 } },
  );
});

test('what Gemini cannot express is named once each', () => {
  const { warnings } = encode({
    messages: [
      { role: 'user', name: 'ada', content: [{ ...text('a'), cache: {} }] },
      { role: 'user', name: 'bob', content: [{ ...text('b'), cache: {} }] },
      { role: 'system', content: [text('late')] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: '', encrypted: 'zz' },
          { type: 'opaque', dialect: 'openai-responses', value: {} },
        ],
      },
    ],
    parallelToolCalls: false,
    user: 'u',
    metadata: { a: 'b' },
    serviceTier: 'scale',
  });
  assert.deepEqual(warnings, [
    'names of participants are left out: Gemini has no such field',
    'cache marks are left out: Gemini caches prompts on its own',
    'messages[2]: the system message is moved before the conversation',
    'encrypted reasoning of another provider is left out',
    'messages[3].content[1]: a part that only openai-responses understands is left out',
    'parallel_tool_calls is left out: Gemini has no such field',
    'user is left out: Gemini has no such field',
    'metadata is left out: Gemini has no such field',
    'service_tier scale is left out: Gemini knows flex, standard, priority',
  ]);
});

test('a turn that says nothing falls away and its neighbours join', () => {
  const messages: NeutralMessage[] = [...hello, { role: 'assistant', content: [text('')] }, user(text('Again'))];
  assert.deepEqual(contentsOf({ messages }), [{ role: 'user', parts: [{ text: 'Hello' }, { text: 'Again' }] }]);
});

test('system instructions take text only', () => {
  const image: NeutralPart = { type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } };
  const error = refusal({ messages: [{ role: 'system', content: [image] }] });
  assert.equal(error.param, 'messages[0].content[0]');
});

test('service tiers of Gemini pass', () => {
  assert.equal(encode({ serviceTier: 'flex' }).body['serviceTier'], 'flex');
  assert.equal(encode({ serviceTier: 'auto' }).body['serviceTier'], undefined);
});
