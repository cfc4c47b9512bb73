import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext } from '../openai/support.test.ts';
import { decodeResponse } from './decode-response.ts';
import { encodeResponse } from './encode-response.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

function decode(body: JsonObject): NeutralResponse {
  return decodeResponse(body, {
    header: (name) => (name === 'x-amzn-requestid' ? 'request-1' : undefined),
    requestModel: 'something',
    newId: (prefix) => `${prefix}new`,
  });
}

function answer(content: JsonObject[], rest: JsonObject = {}): JsonObject {
  return { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn', ...rest };
}

/** An answer that holds every kind of block. */
const FULL = answer(
  [
    { reasoningContent: { reasoningText: { text: 'Hmm', signature: 'c2ln' } } },
    { reasoningContent: { redactedContent: 'cmVk' } },
    { text: 'one' },
    { text: 'two' },
    { toolUse: { toolUseId: 's1', name: 'nova_grounding', input: { q: 'x' }, type: 'server_tool_use' } },
    {
      citationsContent: { content: [{ text: 'cited' }], citations: [{ title: 'T', location: { web: { url: 'u' } } }] },
    },
    { image: { format: 'png', source: { bytes: 'AAAA' } } },
    { toolUse: { toolUseId: 't1', name: 'get', input: { a: 1 } } },
    { futureBlock: {} },
  ],
  {
    stopReason: 'tool_use',
    usage: {
      inputTokens: 10,
      outputTokens: 20,
      totalTokens: 1030,
      cacheReadInputTokens: 400,
      cacheWriteInputTokens: 600,
      cacheDetails: [
        { ttl: '1h', inputTokens: 500 },
        { ttl: '5m', inputTokens: 100 },
      ],
    },
    metrics: { latencyMs: 1234 },
    trace: { guardrail: { actionReason: 'none' } },
    additionalModelResponseFields: { stop_sequence: 'END' },
    serviceTier: { type: 'flex' },
    performanceConfig: { latency: 'optimized' },
  },
);

test('reference loss "only first text block kept": all are, in order; the id comes from the header', () => {
  const response = decode(
    answer([{ text: 'response' }, { text: 'from' }, { text: 'assistant' }], { stopReason: null }),
  );
  assert.equal(response.id, 'request-1');
  assert.equal(response.model, '');
  assert.deepEqual(response.candidates, [
    {
      index: 0,
      content: [
        { type: 'text', text: 'response' },
        { type: 'text', text: 'from' },
        { type: 'text', text: 'assistant' },
      ],
      finishReason: 'stop',
    },
  ]);
  assert.equal(response.usage, undefined);
});

test('an answer from Bedrock to a Converse client is the same', () => {
  assert.deepEqual(encodeResponse(decode(FULL), answerContext()), FULL);
});

test('blocks as other clients get them', () => {
  const { candidates, usage, serviceTier } = decode(FULL);
  const content = candidates[0]?.content ?? [];
  assert.deepEqual(content[0], { type: 'reasoning', text: 'Hmm', signature: 'c2ln' });
  assert.deepEqual(content[1], { type: 'reasoning', text: '', encrypted: 'cmVk' });
  assert.equal(content[4]?.type, 'opaque');
  assert.equal(content[5]?.type === 'text' && content[5].text, 'cited');
  assert.deepEqual(content[7], { type: 'tool-call', id: 't1', name: 'get', arguments: '{"a":1}' });
  assert.equal(candidates[0]?.finishReason, 'tool-calls');
  assert.equal(candidates[0]?.stopSequence, 'END');
  assert.equal(serviceTier, 'flex');
  assert.deepEqual(usage, {
    ...emptyUsage(),
    input: 10,
    cacheRead: 400,
    cacheWrite: 100,
    cacheWrite1h: 500,
    output: 20,
  });
});

test('every stop reason has its meaning, and goes back as it came', () => {
  const cases: [word: string, meaning: string][] = [
    ['end_turn', 'stop'],
    ['tool_use', 'tool-calls'],
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop-sequence'],
    ['guardrail_intervened', 'content-filter'],
    ['content_filtered', 'content-filter'],
    ['model_context_window_exceeded', 'length'],
    ['malformed_model_output', 'other'],
    ['malformed_tool_use', 'other'],
  ];
  for (const [stopReason, meaning] of cases) {
    const response = decode(answer([{ text: 'x' }], { stopReason }));
    assert.equal(response.candidates[0]?.finishReason, meaning);
    assert.equal(encodeResponse(response, answerContext())['stopReason'], stopReason);
  }
  const call = { toolUse: { toolUseId: 't', name: 'f', input: {} } };
  assert.equal(decode(answer([call], { stopReason: null })).candidates[0]?.finishReason, 'tool-calls');
});

test('what is no answer is refused', () => {
  const bodies: JsonObject[] = [{}, { output: {} }, { output: { message: { content: 'x' } } }];
  bodies.push(answer([{ toolUse: { name: 'x' } }]));
  for (const body of bodies) {
    assert.throws(
      () => decode(body),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
});

test("usage: a total that is not the sum is kept; Bedrock's own numbers come back", () => {
  assert.equal(decodeUsage({ inputTokens: 1, outputTokens: 2, totalTokens: 3 }).reportedTotal, undefined);
  assert.equal(decodeUsage({ inputTokens: 1, outputTokens: 2, totalTokens: 9 }).reportedTotal, 9);
  const usage = FULL['usage'] as JsonObject;
  assert.deepEqual(encodeUsage(decodeUsage(usage)), usage);
  assert.deepEqual(encodeUsage(undefined), {
    inputTokens: 0,
    outputTokens: 0,
    totalTokens: 0,
    cacheReadInputTokens: 0,
    cacheWriteInputTokens: 0,
  });
});

test("another provider's answer as Converse", () => {
  const body = encodeResponse(
    {
      id: 'chatcmpl-1',
      model: 'gpt-4o',
      candidates: [
        {
          index: 0,
          finishReason: 'tool-calls',
          content: [
            {
              type: 'reasoning',
              text: 'Hm',
              encrypted: 'gAAAA_not-base64',
              origin: { dialect: 'openai-responses', value: {} },
            },
            { type: 'text', text: '' },
            { type: 'refusal', text: 'No.' },
            { type: 'tool-call', id: 'c1', name: 'f', arguments: '' },
            { type: 'tool-call', id: 'c2', name: 'g', arguments: '{"cut' },
          ],
        },
      ],
      usage: { ...emptyUsage(), input: 3, output: 4 },
      serviceTier: 'scale',
    },
    answerContext(),
  );
  const redacted = Buffer.from('aigw:gAAAA_not-base64').toString('base64');
  assert.deepEqual(body, {
    metrics: { latencyMs: 0 },
    output: {
      message: {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'Hm' } } },
          { reasoningContent: { redactedContent: redacted } },
          { text: 'No.' },
          { toolUse: { toolUseId: 'c1', name: 'f', input: {} } },
          { toolUse: { toolUseId: 'c2', name: 'g', input: '{"cut' } },
        ],
      },
    },
    stopReason: 'tool_use',
    usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7, cacheReadInputTokens: 0, cacheWriteInputTokens: 0 },
  });
  // The client's SDK sends the blob back; the token is then what it was.
  const back = decode(answer([{ reasoningContent: { redactedContent: redacted } }]));
  assert.deepEqual(back.candidates[0]?.content, [{ type: 'reasoning', text: '', encrypted: 'gAAAA_not-base64' }]);
});
