import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralReasoning } from '../neutral/request.ts';
import { configOf, contentsOf, encode, refusal, text, user } from './request-support.test.ts';

const hello = [user(text('Hello'))];

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
