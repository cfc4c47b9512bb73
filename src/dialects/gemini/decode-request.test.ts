import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequest } from './encode-request.ts';

const context = { model: 'gemini-2.5-flash', stream: true };

function encodeAgain(body: JsonObject, model = context.model): { body: JsonObject; warnings: string[] } {
  const warnings: string[] = [];
  const encoded = encodeRequest(decodeRequest(body, { model, stream: false }), {
    warn: (warning) => warnings.push(warning),
    defaultMaxOutputTokens: 1,
    maxTokensField: 'max_tokens',
  });
  return { body: encoded, warnings };
}

test('a full request in camelCase', () => {
  const request = decodeRequest(
    {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Look' }, { inlineData: { mimeType: 'image/png', data: 'AA' } }] },
        {
          role: 'model',
          parts: [
            { text: 'hm', thought: true, thoughtSignature: 'VA==' },
            { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'Q0M=' },
            { functionCall: { name: 'f', args: { a: 2 } } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { name: 'f', response: { output: 'one' } } },
            { functionResponse: { name: 'f', response: { error: 'bad' } } },
            { text: 'go on' },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [
            { name: 'f', description: 'd', parameters: { type: 'OBJECT', properties: { a: { type: 'INTEGER' } } } },
          ],
        },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: {
        maxOutputTokens: 5,
        temperature: 0.1,
        topP: 0.2,
        topK: 3,
        seed: 4,
        candidateCount: 2,
        stopSequences: ['x'],
        responseMimeType: 'application/json',
        responseSchema: { type: 'ARRAY', items: { type: 'STRING' } },
        thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true },
        responseModalities: ['TEXT'],
      },
      safetySettings: [{ category: 'C', threshold: 'T' }],
    },
    context,
  );
  const { messages, tools, ...rest } = request;
  assert.deepEqual(
    messages.map((message) => message.role),
    ['system', 'user', 'assistant', 'tool', 'user'],
  );
  assert.deepEqual(messages[1]?.content[1], {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', data: 'AA' },
  });
  assert.deepEqual(messages[2]?.content, [
    {
      type: 'reasoning',
      text: 'hm',
      signature: 'VA==',
      origin: { dialect: 'gemini', value: { text: 'hm', thought: true, thoughtSignature: 'VA==' } },
    },
    { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}', signature: 'Q0M=' },
    { type: 'tool-call', id: 'call_2', name: 'f', arguments: '{"a":2}' },
  ]);
  assert.deepEqual(
    messages[3]?.content.map(({ origin: _, ...part }) => part),
    [
      { type: 'tool-result', callId: 'call_1', name: 'f', content: [{ type: 'text', text: 'one' }] },
      { type: 'tool-result', callId: 'call_2', name: 'f', content: [{ type: 'text', text: 'bad' }], isError: true },
    ],
  );
  const [declared, search] = tools;
  assert.ok(declared?.type === 'function');
  assert.deepEqual(declared.parameters, { type: 'object', properties: { a: { type: 'integer' } } });
  assert.deepEqual(search, { type: 'provider', dialect: 'gemini', name: 'googleSearch', value: { googleSearch: {} } });
  assert.deepEqual(rest, {
    model: 'gemini-2.5-flash',
    stream: true,
    toolChoice: { type: 'tool', name: 'f' },
    maxOutputTokens: 5,
    temperature: 0.1,
    topP: 0.2,
    topK: 3,
    seed: 4,
    candidateCount: 2,
    stop: ['x'],
    responseFormat: { type: 'json-schema', name: 'response', schema: { type: 'array', items: { type: 'string' } } },
    reasoning: { effort: 'high', summary: 'auto', enabled: true },
    extensions: {
      gemini: {
        safetySettings: [{ category: 'C', threshold: 'T' }],
        generationConfig: { responseModalities: ['TEXT'] },
      },
    },
  });
});

test('snake_case says the same as camelCase', () => {
  const snake = {
    system_instruction: { parts: [{ text: 's' }] },
    contents: [
      { role: 'model', parts: [{ function_call: { name: 'f', args: { keep_me: 1 } }, thought_signature: 'S' }] },
      { role: 'user', parts: [{ function_response: { name: 'f', response: { output: 'x' } } }] },
      { role: 'user', parts: [{ file_data: { file_uri: 'gs://b/a.pdf', mime_type: 'application/pdf' } }] },
    ],
    tools: [
      { function_declarations: [{ name: 'f', parameters_json_schema: { type: 'object' } }] },
      { google_search: {} },
    ],
    tool_config: { function_calling_config: { mode: 'ANY', allowed_function_names: ['f'] } },
    generation_config: { max_output_tokens: 5, thinking_config: { thinking_budget: 9 }, response_modalities: ['TEXT'] },
    safety_settings: [],
  };
  const camel = {
    systemInstruction: { parts: [{ text: 's' }] },
    contents: [
      { role: 'model', parts: [{ functionCall: { name: 'f', args: { keep_me: 1 } }, thoughtSignature: 'S' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' } } }] },
      { role: 'user', parts: [{ fileData: { fileUri: 'gs://b/a.pdf', mimeType: 'application/pdf' } }] },
    ],
    tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object' } }] }, { googleSearch: {} }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
    generationConfig: { maxOutputTokens: 5, thinkingConfig: { thinkingBudget: 9 }, responseModalities: ['TEXT'] },
    safetySettings: [],
  };
  const plain = (body: JsonObject): unknown =>
    JSON.parse(JSON.stringify(decodeRequest(body, context), (key, value) => (key === 'origin' ? undefined : value)));
  assert.deepEqual(plain(snake), plain(camel));
});

test('a request decoded and encoded again says the same', () => {
  const body = {
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'a', partMetadata: { k: 1 } },
          { inlineData: { mimeType: 'video/mp4', data: 'AA' }, videoMetadata: { fps: 1 } },
        ],
      },
      {
        role: 'model',
        parts: [
          { text: 'hm', thought: true, thoughtSignature: 'VA==' },
          { text: 'b', thoughtSignature: 'VFQ=' },
          { functionCall: { id: 'i1', name: 'f', args: { n: 1 } }, thoughtSignature: 'Q0M=' },
          { executableCode: { language: 'PYTHON', code: '1' } },
        ],
      },
      { role: 'user', parts: [{ functionResponse: { id: 'i1', name: 'f', response: { deep: { a: [1] } } } }] },
    ],
    tools: [
      {
        functionDeclarations: [
          {
            name: 'f',
            parameters: { type: 'OBJECT', properties: { a: { type: 'STRING' } } },
            response: { type: 'STRING' },
          },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'VALIDATED' }, retrievalConfig: { languageCode: 'de' } },
    generationConfig: {
      temperature: 0,
      responseMimeType: 'text/x.enum',
      responseSchema: { type: 'STRING', enum: ['a'] },
      thinkingConfig: { thinkingBudget: 512 },
      speechConfig: { languageCode: 'de' },
      mediaResolution: 'MEDIA_RESOLUTION_LOW',
    },
    systemInstruction: { parts: [{ text: 's' }] },
    safetySettings: [{ category: 'C', threshold: 'T' }],
    cachedContent: 'cachedContents/1',
    labels: { a: 'b' },
    serviceTier: 'flex',
    somethingNew: { x: 1 },
  };
  const { body: again, warnings } = encodeAgain(body);
  assert.deepEqual(again, body);
  assert.deepEqual(warnings, []);
});

test('the chunks of a streamed answer, which SDKs keep as turns, are one answer again', () => {
  const turn = (part: JsonObject): JsonObject => ({ role: 'model', parts: [part] });
  const request = decodeRequest(
    {
      contents: [
        turn({ text: 'h', thought: true }),
        turn({ text: 'm', thought: true }),
        turn({ text: '', thought: true, thoughtSignature: 'S' }),
        turn({ text: 'Hi ' }),
        turn({ text: 'there' }),
        turn({ functionCall: { name: 'f' } }),
        turn({ text: '' }),
      ],
    },
    context,
  );
  assert.deepEqual(request.messages, [
    {
      role: 'assistant',
      content: [
        {
          type: 'reasoning',
          text: 'hm',
          signature: 'S',
          origin: { dialect: 'gemini', value: { text: 'hm', thought: true, thoughtSignature: 'S' } },
        },
        { type: 'text', text: 'Hi there' },
        { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{}' },
      ],
    },
  ]);
});

test('wrong fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{}, 'contents'],
    [{ contents: 'hi' }, 'contents'],
    [{ contents: [1] }, 'contents[0]'],
    [{ contents: [{ role: 'robot', parts: [{ text: 'a' }] }] }, 'contents[0].role'],
    [{ contents: [{ parts: ['a'] }] }, 'contents[0].parts[0]'],
    [{ contents: [], systemInstruction: 4 }, 'systemInstruction'],
    [{ contents: [], tools: ['x'] }, 'tools[0]'],
    [{ contents: [], tools: [{ functionDeclarations: [{}] }] }, 'tools[0].functionDeclarations[0].name'],
    [{ contents: [], generationConfig: [] }, 'generationConfig'],
    [{ contents: [], generationConfig: { topK: 'many' } }, 'generationConfig.topK'],
    [{ contents: [], toolConfig: 1 }, 'toolConfig'],
  ];
  for (const [body, param] of cases) {
    assert.throws(() => decodeRequest(body, context), { code: 'invalid_request', param });
  }
  assert.throws(() => decodeRequest({ contents: [] }, {}), { param: 'model' });
});

test('the model may stand in the body, where the path has none', () => {
  assert.equal(decodeRequest({ contents: [], model: 'models/gemini-x' }, {}).model, 'gemini-x');
});

test('thinking budgets 0 and -1', () => {
  const reasoning = (thinkingConfig: JsonObject): unknown =>
    decodeRequest({ contents: [], generationConfig: { thinkingConfig } }, context).reasoning;
  assert.deepEqual(reasoning({ thinkingBudget: 0 }), { enabled: false });
  assert.deepEqual(reasoning({ thinkingBudget: -1 }), { adaptive: true });
  assert.deepEqual(reasoning({ thinkingBudget: 100 }), { budgetTokens: 100 });
});

test('encrypted reasoning of another provider comes back as such', () => {
  const part = { text: '', thought: true, thoughtSignature: 'E', partMetadata: { reasoning: 'encrypted' } };
  const request = decodeRequest({ contents: [{ role: 'model', parts: [part] }] }, context);
  assert.deepEqual(request.messages[0]?.content, [{ type: 'reasoning', text: '', encrypted: 'E' }]);
});

test('property: any JSON is decoded or refused with a GatewayError that names a field', () => {
  const key = fc.constantFrom(
    'contents',
    'parts',
    'text',
    'functionCall',
    'functionResponse',
    'inlineData',
    'tools',
    'args',
    'role',
    'generation_config',
    'tool_config',
    'name',
    '__proto__',
    'topK',
  );
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(key, tie('json'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, json), (body) => {
      try {
        decodeRequest(JSON.parse(JSON.stringify(body)), context);
      } catch (error) {
        assert.ok(GatewayError.is(error) && error.param !== undefined, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('the stand-in for a signature is none', () => {
  const call = { functionCall: { name: 'f', args: { n: 1 } }, thoughtSignature: 'skip_thought_signature_validator' };
  const body = {
    contents: [
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'model', parts: [call] },
      { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'one' } } }] },
    ],
  };
  const [, turn] = decodeRequest(body, context).messages;
  assert.deepEqual(turn?.content, [
    {
      type: 'tool-call',
      id: turn?.content[0] && 'id' in turn.content[0] ? turn.content[0].id : '',
      name: 'f',
      arguments: '{"n":1}',
    },
  ]);
  const [, again] = encodeAgain(body, 'gemini-3-pro').body['contents'] as { parts: unknown[] }[];
  assert.deepEqual(again?.parts, [call]);
});

test('fields of thinking and tools that have no neutral place are named', () => {
  const warnings: string[] = [];
  const body = {
    contents: [],
    generationConfig: { thinkingConfig: { thinkingLevel: 'ENORMOUS', novel: 1 } },
    toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['f'] } },
  };
  decodeRequest(body, { model: 'm', warn: (warning) => warnings.push(warning) });
  assert.equal(warnings.length, 3);
  assert.match(warnings.join(' '), /thinkingConfig\.novel.*thinkingLevel.*allowedFunctionNames/);
});
