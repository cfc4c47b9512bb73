import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralRequest } from '../neutral/request.ts';
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

const refused = (param: string) => (error: unknown) =>
  GatewayError.is(error) && error.code === 'unsupported_parameter' && error.param === param;

test('sampling parameters', () => {
  assert.deepEqual(exact({ maxOutputTokens: 5, temperature: 0.5, topP: 0.9, topK: 40, stop: ['END', ''] }), {
    messages: [],
    inferenceConfig: { maxTokens: 5, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
    additionalModelRequestFields: { top_k: 40 },
  });
  assert.deepEqual(exact({ model: 'amazon.nova-lite-v1:0', topK: 5 })['additionalModelRequestFields'], {
    inferenceConfig: { topK: 5 },
  });
  assert.deepEqual(exact({ model: 'cohere.command-r-v1:0', topK: 5 })['additionalModelRequestFields'], { k: 5 });
  const hot = encode({ temperature: 1.7, model: 'meta.llama3-3-70b-instruct-v1:0', topK: 3 });
  assert.deepEqual(hot.body['inferenceConfig'], { temperature: 1 });
  assert.equal(hot.warnings.length, 2);
});

test('reference quirk "n, seed, penalties dropped": n is refused, the others are warned of', () => {
  assert.throws(() => encode({ candidateCount: 2 }), refused('n'));
  assert.deepEqual(exact({ candidateCount: 1 }), { messages: [], inferenceConfig: {} });
  const { warnings } = encode({
    seed: 1,
    frequencyPenalty: 0.5,
    presencePenalty: 0.5,
    logprobs: { top: 2 },
    user: 'u',
  });
  assert.deepEqual(
    warnings.map((warning) => warning.split(' ')[0]),
    ['seed', 'frequency_penalty', 'presence_penalty', 'logprobs', 'user'],
  );
});

test('reference loss "no json_schema": outputConfig.textFormat', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };
  assert.deepEqual(
    exact({ responseFormat: { type: 'json-schema', name: 'answer', schema, description: 'An answer.', strict: true } })[
      'outputConfig'
    ],
    {
      textFormat: {
        type: 'json_schema',
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'answer', description: 'An answer.' } },
      },
    },
  );
  assert.match(encode({ responseFormat: { type: 'json' } }).warnings.join(), /json_object/);
  assert.equal(exact({ responseFormat: { type: 'text' } })['outputConfig'], undefined);
});

test('thinking of Claude: enabled, disabled, adaptive ("adaptive thinking dropped" of the reference), effort', () => {
  const thinking = (request: Partial<NeutralRequest>): unknown => exact(request)['additionalModelRequestFields'];
  assert.deepEqual(thinking({ reasoning: { enabled: true, budgetTokens: 4096 } }), {
    thinking: { type: 'enabled', budget_tokens: 4096 },
  });
  assert.deepEqual(thinking({ reasoning: { enabled: false } }), { thinking: { type: 'disabled' } });
  assert.deepEqual(thinking({ reasoning: { adaptive: true, effort: 'high' } }), {
    output_config: { effort: 'high' },
    thinking: { type: 'adaptive' },
  });
  assert.deepEqual(thinking({ model: CLAUDE_46, reasoning: { effort: 'medium' } }), {
    output_config: { effort: 'medium' },
    thinking: { type: 'adaptive' },
  });
  assert.deepEqual(thinking({ model: CLAUDE_45, reasoning: { effort: 'high' } }), {
    thinking: { type: 'enabled', budget_tokens: 16384 },
  });
  assert.deepEqual(thinking({ model: CLAUDE_45, reasoning: { effort: 'high' }, maxOutputTokens: 8000 }), {
    thinking: { type: 'enabled', budget_tokens: 4000 },
  });
  assert.equal(thinking({ model: CLAUDE_45, reasoning: { effort: 'none' } }), undefined);
  assert.match(
    encode({ model: CLAUDE_45, reasoning: { effort: 'low' }, maxOutputTokens: 1000 }).warnings.join(),
    /1024/,
  );
});

test('an effort reaches other makers in their own spelling', () => {
  const fields = (model: string, reasoning: NonNullable<NeutralRequest['reasoning']>): unknown =>
    encode({ model, reasoning }).body['additionalModelRequestFields'];
  assert.deepEqual(fields('us.amazon.nova-2-lite-v1:0', { effort: 'max' }), {
    reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' },
  });
  assert.deepEqual(fields('us.amazon.nova-2-lite-v1:0', { enabled: false }), { reasoningConfig: { type: 'disabled' } });
  assert.deepEqual(fields('openai.gpt-oss-120b-1:0', { effort: 'minimal' }), { reasoning_effort: 'low' });
  assert.deepEqual(fields('openai.gpt-5.6-luna', { effort: 'xhigh' }), { reasoning: { effort: 'xhigh' } });
  assert.deepEqual(fields('openai.gpt-5.6-luna', { enabled: true, budgetTokens: 1500 }), {
    reasoning: { effort: 'low' },
  });
  assert.deepEqual(fields('something', { effort: 'high' }), { reasoning_config: 'high' });
  assert.equal(fields('meta.llama3-3-70b-instruct-v1:0', { effort: 'high' }), undefined);
});

test('sampling a thinking Claude refuses is left out with a warning', () => {
  const { body, warnings } = encode({
    model: CLAUDE_46,
    temperature: 0.2,
    topK: 5,
    reasoning: { adaptive: true },
  });
  assert.deepEqual(body['inferenceConfig'], {});
  assert.deepEqual(body['additionalModelRequestFields'], { thinking: { type: 'adaptive' } });
  assert.equal(warnings.length, 2);
});

test('service tier and metadata; what does not fit is warned of', () => {
  const body = exact({ serviceTier: 'flex', metadata: { team: 'search', 'cost:centre': 'a/b=1' } });
  assert.deepEqual(body['serviceTier'], { type: 'flex' });
  assert.deepEqual(body['requestMetadata'], { team: 'search', 'cost:centre': 'a/b=1' });
  assert.equal(exact({ serviceTier: 'auto' })['serviceTier'], undefined);
  assert.deepEqual(exact({ serviceTier: 'standard_only' })['serviceTier'], { type: 'default' });
  const { body: odd, warnings } = encode({ serviceTier: 'scale', metadata: { ok: 'yes', bad: 'naïve' } });
  assert.deepEqual(odd['requestMetadata'], { ok: 'yes' });
  assert.equal(odd['serviceTier'], undefined);
  assert.equal(warnings.length, 2);
});
