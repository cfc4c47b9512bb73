import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { signText } from '../brain/signature.ts';
import { at, joined, startMock } from '../mock-fixture.test.ts';

const MODEL = '/v1beta/models/gemini-2.5-flash';
const VERTEX = '/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-flash';
const KEY = { 'x-goog-api-key': 'k' };
const TOKEN = { authorization: 'Bearer t' };
const USER = { role: 'user', parts: [{ text: 'Hello' }] };
const declare = (parameters: JsonObject): JsonValue => [
  { functionDeclarations: [{ name: 'get_weather', parameters }] },
];
const TOOLS = declare({ type: 'OBJECT', properties: { city: { type: 'STRING' } } });

test('generateContent has the documented shape, for AI Studio and Vertex', async (t) => {
  const { post } = await startMock(t, { strict: true });
  for (const [path, headers] of [
    [MODEL, KEY],
    [VERTEX, TOKEN],
  ] as const) {
    const { json, status } = await post(`${path}:generateContent`, { contents: [USER] }, headers);
    assert.equal(status, 200);
    assert.match(String(at(json, 'candidates.0.content.parts.0.text')), /^You said: Hello\./);
    assert.equal(at(json, 'candidates.0.content.role'), 'model');
    assert.equal(at(json, 'candidates.0.finishReason'), 'STOP');
    assert.equal(at(json, 'usageMetadata.promptTokenCount'), 2);
    assert.equal(json['modelVersion'], 'gemini-2.5-flash');
  }
});

test('streamGenerateContent streams events, or one JSON array', async (t) => {
  const { post } = await startMock(t);
  const whole = await post(`${MODEL}:generateContent`, { contents: [USER] });
  const { events } = await post(`${MODEL}:streamGenerateContent?alt=sse`, { contents: [USER] });
  assert.equal(
    joined(events, 'candidates.0.content.parts.0.text'),
    at(whole.json, 'candidates.0.content.parts.0.text'),
  );
  assert.equal(at(events.at(-1), 'candidates.0.finishReason'), 'STOP');
  assert.deepEqual(events.at(-1)?.['usageMetadata'], whole.json['usageMetadata']);
  const array = await post(`${MODEL}:streamGenerateContent`, { contents: [USER] });
  const list = JSON.parse(array.text) as JsonObject[];
  assert.equal(joined(list, 'candidates.0.content.parts.0.text'), at(whole.json, 'candidates.0.content.parts.0.text'));
  const broken = await post(`${MODEL}:streamGenerateContent`, { contents: [USER] }, { 'x-mock-fail': 'error-first' });
  assert.equal(at(JSON.parse(broken.text) as JsonValue, '0.error.status'), 'INTERNAL');
});

test('thoughts are shown when wanted and counted beside the candidates', async (t) => {
  const { post } = await startMock(t);
  const ask = (includeThoughts: boolean): JsonObject => ({
    contents: [USER],
    generationConfig: { thinkingConfig: { thinkingBudget: 100, includeThoughts } },
  });
  const shown = await post(`${MODEL}:generateContent`, ask(true));
  assert.equal(at(shown.json, 'candidates.0.content.parts.0.thought'), true);
  const hidden = await post(`${MODEL}:generateContent`, ask(false));
  assert.equal(at(hidden.json, 'candidates.0.content.parts.0.thought'), undefined);
  const usage = hidden.json['usageMetadata'] as Record<string, number>;
  assert.equal(
    usage['totalTokenCount'],
    (usage['promptTokenCount'] ?? 0) + (usage['candidatesTokenCount'] ?? 0) + (usage['thoughtsTokenCount'] ?? 0),
  );
  assert.ok((usage['thoughtsTokenCount'] ?? 0) > 0);
});

test('function calls, their results, and JSON by schema', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const asked = await post(
    `${MODEL}:generateContent`,
    { contents: [USER], tools: TOOLS, toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    KEY,
  );
  const part = at(asked.json, 'candidates.0.content.parts.0') as JsonObject;
  assert.deepEqual(part['functionCall'], { name: 'get_weather', args: { city: 'example city' } });
  const contents = [
    USER,
    { role: 'model', parts: [part] },
    { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { sky: 'clear' } } }] },
  ];
  const told = await post(`${MODEL}:generateContent`, { contents, tools: TOOLS }, KEY);
  assert.match(String(at(told.json, 'candidates.0.content.parts.0.text')), /answered: \{"sky":"clear"\}/);
  const generationConfig = {
    responseMimeType: 'application/json',
    responseSchema: { type: 'OBJECT', properties: { n: { type: 'INTEGER' } } },
  };
  const fitted = await post(`${MODEL}:generateContent`, { contents: [USER], generationConfig }, KEY);
  assert.deepEqual(JSON.parse(String(at(fitted.json, 'candidates.0.content.parts.0.text'))), { n: 1 });
});

test('snake case is read too', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const body = {
    contents: [USER],
    system_instruction: { parts: [{ text: 'Be kind.' }] },
    generation_config: { max_output_tokens: 3 },
  };
  const { json } = await post(`${MODEL}:generateContent`, body, KEY);
  assert.equal(at(json, 'candidates.0.finishReason'), 'MAX_TOKENS');
  assert.equal(at(json, 'usageMetadata.promptTokenCount'), 4);
});

test('tokens are counted, texts embedded, models listed', async (t) => {
  const { post, get } = await startMock(t);
  assert.equal((await post(`${MODEL}:countTokens`, { contents: [USER] })).json['totalTokens'], 2);
  const wrapped = { generateContentRequest: { model: 'models/x', contents: [USER] } };
  assert.equal((await post(`${MODEL}:countTokens`, wrapped)).json['totalTokens'], 2);
  const content = { parts: [{ text: 'Hello' }] };
  const embedding = '/v1beta/models/gemini-embedding-001';
  const one = await post(`${embedding}:embedContent`, { content, outputDimensionality: 8 });
  assert.equal((at(one.json, 'embedding.values') as JsonValue[]).length, 8);
  const two = await post(`${embedding}:batchEmbedContents`, { requests: [{ content }, { content }] });
  assert.equal((at(two.json, 'embeddings.1.values') as JsonValue[]).length, 3072);
  const vertex = VERTEX.replace('gemini-2.5-flash', 'text-embedding-005');
  const predicted = await post(`${vertex}:predict`, {
    instances: [{ content: 'Hello' }],
    parameters: { outputDimensionality: 16 },
  });
  assert.equal((at(predicted.json, 'predictions.0.embeddings.values') as JsonValue[]).length, 16);
  assert.equal(at(predicted.json, 'predictions.0.embeddings.statistics.token_count'), 2);
  assert.equal(at((await get('/v1beta/models')).json, 'models.0.name'), 'models/demo');
  assert.equal((await get('/v1beta/models/demo')).json['name'], 'models/demo');
  assert.equal(at((await get('/v1beta/openai/models')).json, 'data.0.id'), 'demo');
});

test('Claude on Vertex: rawPredict, streamRawPredict, counting', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const base = '/v1/projects/p/locations/global/publishers/anthropic/models';
  const body = {
    anthropic_version: 'vertex-2023-10-16',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'Hello' }],
  };
  const whole = await post(`${base}/claude-haiku-4-5@20251001:rawPredict`, body, TOKEN);
  assert.equal(whole.json['model'], 'claude-haiku-4-5-20251001');
  const streamed = await post(`${base}/claude-haiku-4-5@20251001:streamRawPredict`, { ...body, stream: true }, TOKEN);
  assert.equal(joined(streamed.events, 'delta.text'), at(whole.json, 'content.0.text'));
  const counted = await post(`${base}/count-tokens:rawPredict`, { model: 'claude', messages: body.messages }, TOKEN);
  assert.deepEqual(counted.json, { input_tokens: 2 });
  const refused = await post(`${base}/claude:rawPredict`, { ...body, model: 'claude' }, TOKEN);
  assert.equal(at(refused.json, 'error.message'), 'model: Extra inputs are not permitted');
  assert.equal((await post(`${base}/claude:rawPredict`, body)).status, 401);
});

const call = (more: JsonObject = {}): JsonObject => ({
  role: 'model',
  parts: [{ functionCall: { name: 'get_weather', args: {} }, ...more }],
});
const response = { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: {} } }] };

const refused: [string, JsonObject, RegExp][] = [
  [
    'an unknown field',
    { contents: [USER], messages: [] },
    /^Invalid JSON payload received\. Unknown name "messages": Cannot find field\.$/,
  ],
  [
    'an unknown generation field',
    { contents: [USER], generationConfig: { maxTokens: 1 } },
    /"maxTokens" at 'generation_config'/,
  ],
  [
    'a schema keyword it does not know',
    {
      contents: [USER],
      tools: declare({ type: 'object', additionalProperties: false, properties: { a: { const: 1 } } }),
    },
    /"additionalProperties" at 'tools\[0\]\.function_declarations\[0\]\.parameters'.*\n.*"const" at 'tools\[0\]\.function_declarations\[0\]\.parameters\.properties\[0\]\.value'/,
  ],
  [
    'a list of types',
    { contents: [USER], tools: declare({ type: ['string', 'null'] }) },
    /Proto field is not repeating/,
  ],
  ['no contents', { contents: [] }, /contents is not specified/],
  ['an unknown role', { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, /valid role: user, model/],
  ['a temperature above 2', { contents: [USER], generationConfig: { temperature: 3 } }, /supported range is from 0/],
  ['a call without a response', { contents: [USER, call(), USER] }, /number of function response parts is equal/],
  ['a response without a call', { contents: [response] }, /number of function response parts is equal/],
  [
    'a foreign signature',
    { contents: [USER, call({ thoughtSignature: 'AAAA' }), response] },
    /Thought signature is not valid/,
  ],
];

for (const [name, body, expected] of refused) {
  test(`Gemini refuses ${name}`, async (t) => {
    const { post } = await startMock(t, { strict: true });
    const { status, json } = await post(`${MODEL}:generateContent`, body, KEY);
    assert.equal(status, 400);
    assert.equal(at(json, 'error.status'), 'INVALID_ARGUMENT');
    assert.match(String(at(json, 'error.message')), expected);
  });
}

test('Gemini 3 wants the signature of a call back, or its stand-in', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const path = '/v1beta/models/gemini-3-pro-preview:generateContent';
  const without = await post(path, { contents: [USER, call(), response] }, KEY);
  assert.match(String(at(without.json, 'error.message')), /missing a thought_signature/);
  for (const thoughtSignature of [signText('x'), 'skip_thought_signature_validator']) {
    assert.equal((await post(path, { contents: [USER, call({ thoughtSignature }), response] }, KEY)).status, 200);
  }
});

test('any JSON schema goes into parametersJsonSchema', async (t) => {
  const { post } = await startMock(t, { strict: true });
  const tools = [
    { functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object', additionalProperties: false } }] },
  ];
  assert.equal((await post(`${MODEL}:generateContent`, { contents: [USER], tools }, KEY)).status, 200);
});

test('Gemini wants a key, Vertex a token', async (t) => {
  const { post } = await startMock(t, { strict: true });
  assert.equal((await post(`${MODEL}:generateContent`, { contents: [USER] })).status, 403);
  assert.equal((await post(`${MODEL}:generateContent?key=k`, { contents: [USER] })).status, 200);
  assert.equal((await post(`${VERTEX}:generateContent`, { contents: [USER] }, KEY)).status, 401);
});
