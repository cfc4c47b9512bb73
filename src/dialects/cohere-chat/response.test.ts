import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralReasoning } from '../neutral/request.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext, encodeContext, onWire, providerContext, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { cohereChat } from './dialect.ts';

const { client, provider } = sidesOf(cohereChat);
const decode = (body: JsonObject) => provider.decodeResponse(body, providerContext());

const CITATION = {
  start: 0,
  end: 5,
  text: 'Under',
  sources: [{ type: 'document', id: 'doc:0', document: { id: 'doc:0', text: 'x' } }],
  type: 'TEXT_CONTENT',
};
const ANSWER = {
  id: 'c-1',
  finish_reason: 'COMPLETE',
  message: {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Search.' },
      { type: 'text', text: 'Under the mat.' },
    ],
    citations: [CITATION, { ...CITATION, content_index: 0, type: 'THINKING_CONTENT' }],
  },
  usage: { billed_units: { input_tokens: 3, output_tokens: 4 }, tokens: { input_tokens: 3, output_tokens: 4 } },
};

test('an answer with thoughts and citations goes through the neutral model unharmed', () => {
  const neutral = decode(ANSWER);
  assert.deepEqual(neutral.candidates[0]?.content[1]?.origin, {
    dialect: 'cohere-chat',
    value: { citations: [CITATION] },
  });
  const written = onWire(client.encodeResponse(neutral, answerContext()));
  const { citations, ...message } = written['message'] as JsonObject;
  const { citations: _, ...expected } = ANSWER.message;
  assert.deepEqual({ ...written, message }, { ...ANSWER, message: expected });
  // In the order of the parts they are of.
  assert.deepEqual(citations, [ANSWER.message.citations[1], CITATION]);
});

test('a turn that calls tools keeps its plan and its calls', () => {
  const message = {
    role: 'assistant',
    tool_plan: 'I will look.',
    tool_calls: [{ id: 'look_1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }],
  };
  const neutral = decode({ id: 'c-2', finish_reason: 'TOOL_CALL', message });
  assert.equal(neutral.candidates[0]?.finishReason, 'tool-calls');
  assert.deepEqual(onWire(client.encodeResponse(neutral, answerContext()))['message'], message);
  const choices = sidesOf(openaiChat).client.encodeResponse(neutral, answerContext())['choices'] as JsonObject[];
  const choice = choices[0] ?? {};
  assert.equal((choice['message'] as JsonObject)['reasoning_content'], 'I will look.');
  assert.equal(choice['finish_reason'], 'tool_calls');
});

test('what is billed is metered; the tokens the model read only where nothing is billed', () => {
  const usageOf = (usage: JsonObject) => decode({ ...ANSWER, usage }).usage;
  const tokens = { input_tokens: 900, output_tokens: 80 };
  assert.deepEqual(usageOf({ billed_units: { input_tokens: 37, output_tokens: 28 }, tokens, cached_tokens: 800 }), {
    ...emptyUsage(),
    input: 37,
    output: 28,
  });
  assert.deepEqual(usageOf({ tokens, cached_tokens: 800 }), {
    ...emptyUsage(),
    input: 100,
    cacheRead: 800,
    output: 80,
  });
  assert.equal(decode({ ...ANSWER, usage: null }).usage, undefined);
});

test('finish reasons are translated both ways', () => {
  const pairs: [string, string][] = [
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop-sequence'],
    ['MAX_TOKENS', 'length'],
    ['TOOL_CALL', 'tool-calls'],
    ['TIMEOUT', 'other'],
  ];
  for (const [word, reason] of pairs) {
    const neutral = decode({ ...ANSWER, finish_reason: word });
    assert.equal(neutral.candidates[0]?.finishReason, reason);
    assert.equal(client.encodeResponse(neutral, answerContext())['finish_reason'], word);
  }
});

test('log probabilities are translated both ways', () => {
  const logprobs = [
    { text: 'Under', token_ids: [], logprobs: [-0.5] },
    { text: ' the', token_ids: [], logprobs: [-0.25] },
  ];
  const neutral = decode({ ...ANSWER, logprobs });
  assert.deepEqual(neutral.candidates[0]?.logprobs, {
    content: [
      { token: 'Under', logprob: -0.5, bytes: null, top_logprobs: [] },
      { token: ' the', logprob: -0.25, bytes: null, top_logprobs: [] },
    ],
  });
  assert.deepEqual(client.encodeResponse(neutral, answerContext())['logprobs'], logprobs);
});

test('an answer that ended with an error, or is none, is a bad response', () => {
  for (const body of [{}, { message: 'no such model' }, { ...ANSWER, finish_reason: 'ERROR' }]) {
    assert.throws(
      () => decode(body),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
});

test('wrong request fields are named', () => {
  const cases: [JsonObject, string][] = [
    [{ messages: [] }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ model: 'm', messages: [{ role: 'bot', content: '' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ model: 'm', messages: [{ role: 'tool', content: '' }] }, 'messages[0].tool_call_id'],
    [{ model: 'm', messages: [], tool_choice: 'AUTO' }, 'tool_choice'],
    [{ model: 'm', messages: [], tools: [{ type: 'function' }] }, 'tools[0].function'],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => client.decodeRequest(body, {}),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
});

test('an effort switches thinking on where the model can think, and is named as lost elsewhere', () => {
  const sent = (model: string, reasoning: NeutralReasoning) => {
    const context = encodeContext();
    const request = { model, stream: false, messages: [], tools: [], reasoning };
    return { thinking: provider.encodeRequest(request, context)['thinking'], warnings: context.warnings };
  };
  const thinker = 'command-a-reasoning-08-2025';
  assert.deepEqual(sent(thinker, { effort: 'high' }), { thinking: { type: 'enabled' }, warnings: [] });
  assert.deepEqual(sent(thinker, { enabled: true, effort: 'low' }), {
    thinking: { type: 'enabled' },
    warnings: ["Reasoning effort 'low' was sent as thinking switched on: Cohere knows no degrees."],
  });
  assert.deepEqual(sent(thinker, { effort: 'none' }).thinking, { type: 'disabled' });
  assert.deepEqual(sent('command-r-plus', { effort: 'high' }), {
    thinking: undefined,
    warnings: ['The reasoning settings were left out: this model of Cohere does not think.'],
  });
});
