import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { configOf, contentsOf, encode, refusal, text, user } from './request-support.test.ts';

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

test('a thought signature known to be Anthropic’s never reaches Gemini', () => {
  const { body, warnings } = encode({
    model: 'gemini-3-pro',
    messages: [
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm', signature: 'Q0xBVURF', origin: { dialect: 'anthropic', value: {} } },
          { type: 'tool-call', id: '1', name: 'f', arguments: '{}' },
        ],
      },
    ],
  });
  const call = { functionCall: { name: 'f', args: {} }, thoughtSignature: 'skip_thought_signature_validator' };
  assert.deepEqual(body['contents'], [{ role: 'model', parts: [{ text: 'hm', thought: true }, call] }]);
  assert.deepEqual(warnings, ['a thought signature of anthropic is left out: Gemini cannot verify it']);
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
