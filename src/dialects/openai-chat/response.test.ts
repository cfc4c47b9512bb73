import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext, onWire, providerContext } from '../openai/support.test.ts';
import { decodeResponse } from './decode-response.ts';
import { encodeResponse } from './encode-response.ts';

const answer = (content: NeutralPart[], fields: Partial<NeutralResponse> = {}): NeutralResponse => ({
  id: 'msg_1',
  model: 'claude',
  candidates: [{ index: 0, content, finishReason: 'stop' }],
  ...fields,
});
const messageOf = (content: NeutralPart[]): JsonObject => {
  const body = onWire(encodeResponse(answer(content), answerContext()));
  return (body['choices'] as JsonObject[])[0]?.['message'] as JsonObject;
};
const decodeMessage = (message: JsonObject, choice: JsonObject = {}) =>
  decodeResponse({ choices: [{ message, ...choice }] }, providerContext()).candidates[0];

test('an answer has no fields it does not need', () => {
  const usage = { ...emptyUsage(), input: 10, output: 25 };
  assert.deepEqual(onWire(encodeResponse(answer([{ type: 'text', text: 'Hi' }], { usage }), answerContext())), {
    id: 'msg_1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'claude',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 25,
      total_tokens: 35,
      prompt_tokens_details: {},
      completion_tokens_details: {},
    },
  });
});

test('all text blocks are kept, joined', () => {
  const texts = ['one ', 'two ', 'three'].map((text) => ({ type: 'text' as const, text }));
  assert.deepEqual(messageOf(texts), { role: 'assistant', content: 'one two three' });
});

test('thoughts are text; their proofs come along only where there are any', () => {
  assert.deepEqual(
    messageOf([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'x' },
    ]),
    {
      role: 'assistant',
      content: 'x',
      reasoning_content: 'hm',
    },
  );
  const sealed: NeutralPart[] = [
    { type: 'reasoning', text: 'hm', signature: 'c2ln' },
    { type: 'reasoning', text: '', encrypted: 'ZW5j' },
    { type: 'text', text: 'x' },
  ];
  assert.deepEqual(messageOf(sealed)['thinking_blocks'], [
    { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
    { type: 'redacted_thinking', data: 'ZW5j' },
  ]);
});

test('tool calls without text: null content, empty arguments as an empty object', () => {
  assert.deepEqual(messageOf([{ type: 'tool-call', id: 'c', name: 'f', arguments: '' }]), {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
  });
});

test('citations of web pages become annotations over their text', () => {
  const citations = [{ type: 'web_search_result_location', url: 'https://w.test', title: 'W', cited_text: 'c' }];
  const parts: NeutralPart[] = [
    { type: 'text', text: 'See ' },
    {
      type: 'text',
      text: 'this',
      citations: [{ url: 'https://w.test', title: 'W', quote: 'c' }],
      origin: { dialect: 'anthropic', value: { citations } },
    },
  ];
  assert.deepEqual(messageOf(parts)['annotations'], [
    { type: 'url_citation', url_citation: { url: 'https://w.test', title: 'W', start_index: 4, end_index: 8 } },
  ]);
});

test('pictures stand beside the content, and are read there', () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,SU1B' } };
  const image: NeutralPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'SU1B' } };
  const message = messageOf([{ type: 'text', text: 'Look.' }, image]);
  assert.deepEqual([message['content'], message['images']], ['Look.', [picture]]);
  assert.deepEqual(decodeMessage(message)?.content, [{ type: 'text', text: 'Look.' }, image]);
  assert.equal(decodeMessage({ content: 'x', images: ['odd'] })?.content[1]?.type, 'opaque');
});

test('finish reasons', () => {
  const reasons = ['stop', 'length', 'tool-calls', 'content-filter', 'stop-sequence', 'pause', 'other'] as const;
  const words = reasons.map((finishReason) => {
    const body = encodeResponse(answer([], { candidates: [{ index: 0, content: [], finishReason }] }), answerContext());
    return (body['choices'] as JsonObject[])[0]?.['finish_reason'];
  });
  assert.deepEqual(words, ['stop', 'length', 'tool_calls', 'content_filter', 'stop', 'stop', 'stop']);
});

test('id, model and time are made up where the provider gave none', () => {
  const body = encodeResponse(answer([], { id: '', model: '' }), answerContext());
  assert.deepEqual([body['id'], body['model'], body['created']], ['chatcmpl-new1', 'asked-model', 1_700_000_000]);
});

test("the forms known from the reference system: Bedrock's bare usage, Gemini's bare identity", () => {
  const usage = { ...emptyUsage(), input: 1, output: 1 };
  const bedrock = encodeResponse(answer([], { usage }), answerContext({ providerDialect: 'bedrock-converse' }));
  assert.deepEqual(bedrock['usage'], { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 });
  const gemini = encodeResponse(answer([], { id: '' }), answerContext({ providerDialect: 'gemini' }));
  assert.deepEqual(['id' in gemini, 'created' in gemini], [false, false]);
  const named = encodeResponse(answer([], { id: 'r1' }), answerContext({ providerDialect: 'gemini' }));
  assert.deepEqual([named['id'], named['created']], ['r1', 1_700_000_000]);
});

test("another API's service tier is left out", () => {
  const tierOf = (serviceTier: string) => encodeResponse(answer([], { serviceTier }), answerContext())['service_tier'];
  assert.deepEqual([tierOf('standard'), tierOf('priority')], [undefined, 'priority']);
});

test('servers that leave out almost everything are read', () => {
  assert.deepEqual(decodeResponse({ choices: [{ message: { content: 'hi' } }] }, providerContext()), {
    id: '',
    model: '',
    candidates: [{ index: 0, content: [{ type: 'text', text: 'hi' }], finishReason: 'stop' }],
  });
});

test('quirks of answers: reasoning by its other name, argument objects, calls without id or with stop', () => {
  assert.deepEqual(decodeMessage({ reasoning: 'hm', content: '' })?.content, [{ type: 'reasoning', text: 'hm' }]);
  const call = { type: 'function', function: { name: 'f', arguments: { a: 1 } } };
  const candidate = decodeMessage({ content: null, tool_calls: [call] }, { finish_reason: 'stop' });
  assert.deepEqual(candidate?.content, [{ type: 'tool-call', id: 'call_made1', name: 'f', arguments: '{"a":1}' }]);
  assert.equal(candidate?.finishReason, 'tool-calls');
});

test("Mistral's content lists: thoughts and text", () => {
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
    { type: 'text', text: 'x' },
  ];
  assert.deepEqual(decodeMessage({ content })?.content, [
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'x' },
  ]);
});

test('what is no chat completion is refused, with the reason when there is one', () => {
  const refusal = (body: JsonObject, pattern: RegExp) =>
    assert.throws(
      () => decodeResponse(body, providerContext()),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response' && pattern.test(error.publicMessage),
    );
  refusal({}, /not a chat completion/);
  refusal({ error: { message: 'out of memory' } }, /out of memory/);
});

test('an answer decoded and encoded again loses nothing', () => {
  const body = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 5,
    model: 'gpt',
    service_tier: 'default',
    system_fingerprint: 'fp',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'a',
          refusal: 'r',
          reasoning_content: 'hm',
          annotations: [{ type: 'url_citation', url_citation: { url: 'u', title: 't', start_index: 0, end_index: 1 } }],
          audio: { id: 'audio_1', data: 'QUJD', expires_at: 7, transcript: 'a' },
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{ "a": 1}' } }],
        },
        logprobs: { content: [{ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }], refusal: null },
        finish_reason: 'tool_calls',
      },
      { index: 1, message: { role: 'assistant', content: 'b' }, finish_reason: 'length' },
    ],
    usage: {
      prompt_tokens: 9,
      completion_tokens: 4,
      total_tokens: 13,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 1 },
    },
  };
  const again = encodeResponse(
    decodeResponse(body, providerContext()),
    answerContext({ providerDialect: 'openai-chat' }),
  );
  assert.deepEqual(onWire(again), body);
});
