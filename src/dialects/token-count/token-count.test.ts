import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { anthropicCountTokens, vertexClaudeCountTokens } from '../anthropic-count-tokens/dialect.ts';
import { bedrockCountTokens } from '../bedrock-count-tokens/dialect.ts';
import { countTokensModel } from '../bedrock-count-tokens/encode-request.ts';
import { answer, exchange } from '../embeddings/support.test.ts';
import type { FamilyDialect } from '../family-dialects.ts';
import { geminiCountTokens, vertexCountTokens } from '../gemini-count-tokens/dialect.ts';
import { openaiInputTokens } from '../openai-input-tokens/dialect.ts';
import { vllmTokenize } from '../vllm-tokenize/dialect.ts';

const TOOL = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };
const CHAT = {
  model: 'm',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ],
  tools: [TOOL],
};
const CLAUDE = {
  model: 'm',
  system: 'Be brief.',
  messages: [{ role: 'user', content: 'Hi' }],
  tools: [{ name: 'f', input_schema: { type: 'object', properties: {} } }],
};
const text = (value: string): JsonObject[] => [{ type: 'text', text: value }];
const CLAUDE_SENT = {
  system: text('Be brief.'),
  messages: [{ role: 'user', content: text('Hi') }],
  tools: CLAUDE.tools,
};

/** The JSON inside a Bedrock invokeModel count. */
function invokeBody(sent: JsonObject = {}): JsonObject {
  const invoke = (sent['input'] as JsonObject)['invokeModel'] as JsonObject;
  return JSON.parse(Buffer.from(String(invoke['body']), 'base64').toString('utf8')) as JsonObject;
}

test('bodies of the tokenizer go back to it whole', () => {
  const prompt = { model: 'm', prompt: 'Hi', add_special_tokens: false, return_token_strs: true };
  const chat = { ...CHAT, add_generation_prompt: false, chat_template_kwargs: { a: 1 } };
  for (const body of [prompt, chat]) {
    const traffic = exchange(vllmTokenize, vllmTokenize, { body });
    assert.deepEqual(traffic.sent, [body]);
    const reply = { count: 2, max_model_len: 4096, tokens: [5, 6], token_strs: ['H', 'i'] };
    assert.deepEqual(traffic.finish([answer(reply)]).body, reply);
  }
});

test('a prompt or a conversation of the tokenizer is counted by every provider', () => {
  const cases: [FamilyDialect, string, JsonObject, JsonObject][] = [
    [anthropicCountTokens, 'claude-sonnet-4-5', { model: 'claude-sonnet-4-5', ...CLAUDE_SENT }, { input_tokens: 9 }],
    [vertexClaudeCountTokens, 'claude-opus-4@latest', { model: 'claude-opus-4', ...CLAUDE_SENT }, { input_tokens: 9 }],
    [
      vertexCountTokens,
      'gemini-2.5-flash',
      {
        contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
      },
      { totalTokens: 9 },
    ],
    [
      bedrockCountTokens,
      'amazon.nova-lite-v1:0',
      {
        input: {
          converse: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }], system: [{ text: 'Be brief.' }] },
        },
      },
      { inputTokens: 9 },
    ],
  ];
  for (const [provider, model, expected, reply] of cases) {
    const traffic = exchange(vllmTokenize, provider, { body: CHAT, model });
    const sent = traffic.sent[0] ?? {};
    const { tools: _tools, ...rest } = sent;
    const { tools: _expectedTools, ...wanted } = expected;
    if (provider === bedrockCountTokens) {
      const converse = (sent['input'] as JsonObject)['converse'] as JsonObject;
      const { toolConfig, ...conversation } = converse;
      assert.ok(toolConfig !== undefined);
      assert.deepEqual({ input: { converse: conversation } }, expected);
    } else {
      assert.deepEqual(rest, wanted, model);
      assert.ok(Array.isArray(sent['tools']), model);
    }
    const result = traffic.finish([answer(reply)]);
    assert.deepEqual(result.body, { count: 9, max_model_len: null, tokens: [], token_strs: null });
    assert.equal(result.usage, undefined);
    assert.ok(traffic.warnings.some((warning) => warning.includes('token ids')));
  }
  const prompt = exchange(vllmTokenize, anthropicCountTokens, { body: { model: 'm', prompt: 'Hi' } });
  assert.deepEqual(prompt.sent, [{ model: 'm', messages: [{ role: 'user', content: text('Hi') }] }]);
});

test('AI Studio counts the whole request', () => {
  const { sent } = exchange(vllmTokenize, geminiCountTokens, { body: CHAT, model: 'gemini-2.5-flash' });
  const whole = sent[0]?.['generateContentRequest'] as JsonObject;
  assert.equal(whole['model'], 'models/gemini-2.5-flash');
  assert.deepEqual(whole['systemInstruction'], { parts: [{ text: 'Be brief.' }] });
  assert.ok(Array.isArray(whole['tools']));
});

test("Claude on Bedrock is counted in Claude's own form", () => {
  const model = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
  const body = invokeBody(exchange(anthropicCountTokens, bedrockCountTokens, { body: CLAUDE, model }).sent[0]);
  const { max_tokens: limit, ...rest } = body;
  assert.equal(typeof limit, 'number');
  assert.deepEqual(rest, { anthropic_version: 'bedrock-2023-05-31', ...CLAUDE_SENT });
  assert.equal(countTokensModel(model), 'anthropic.claude-sonnet-4-5-20250929-v1:0');
  assert.equal(countTokensModel('anthropic.claude-3'), 'anthropic.claude-3');
});

test('every client gets the count in its own words', () => {
  const reply = answer({ count: 7, max_model_len: 10, tokens: [] });
  const ask = (client: FamilyDialect, body: JsonObject) =>
    exchange(client, vllmTokenize, { body, path: 'm' }).finish([reply]).body;
  assert.deepEqual(ask(anthropicCountTokens, CLAUDE), { input_tokens: 7 });
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];
  assert.deepEqual(ask(geminiCountTokens, { contents }), { totalTokens: 7 });
  assert.deepEqual(ask(geminiCountTokens, { generateContentRequest: { contents } }), { totalTokens: 7 });
  const converse = { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] };
  assert.deepEqual(ask(bedrockCountTokens, { input: { converse } }), { inputTokens: 7 });
});

test("Bedrock's clients may send Claude's form in base64", () => {
  const inner = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: CLAUDE.messages };
  const body = { input: { invokeModel: { body: Buffer.from(JSON.stringify(inner)).toString('base64') } } };
  const { sent } = exchange(bedrockCountTokens, vllmTokenize, { body, path: 'm' });
  assert.deepEqual(sent[0]?.['messages'], [{ role: 'user', content: 'Hi' }]);
  for (const wrong of ['*', Buffer.from('[]').toString('base64'), 5]) {
    assert.throws(
      () =>
        exchange(bedrockCountTokens, vllmTokenize, { body: { input: { invokeModel: { body: wrong } } }, path: 'm' }),
      (error) => GatewayError.is(error) && error.param === 'input.invokeModel.body',
    );
  }
});

test('neither or both of prompt and messages, and answers without a count, are errors', () => {
  for (const body of [{ model: 'm' }, { ...CHAT, prompt: 'Hi' }]) {
    assert.throws(
      () => exchange(vllmTokenize, vllmTokenize, { body }),
      (error) => GatewayError.is(error) && error.param === 'prompt',
    );
  }
  const traffic = exchange(anthropicCountTokens, anthropicCountTokens, { body: CLAUDE });
  assert.throws(
    () => traffic.finish([answer({})]),
    (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
  );
});

const RESPONSE = {
  model: 'm',
  instructions: 'Be brief.',
  input: 'Hi',
  tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }],
};

test("OpenAI's count of a response is made by every provider that counts", () => {
  const claude = exchange(openaiInputTokens, anthropicCountTokens, { body: RESPONSE, model: 'claude-sonnet-4-5' });
  const { tools: _tools, ...sent } = claude.sent[0] ?? {};
  assert.deepEqual(sent, { model: 'claude-sonnet-4-5', system: CLAUDE_SENT.system, messages: CLAUDE_SENT.messages });
  const wanted = { object: 'response.input_tokens', input_tokens: 9 };
  const result = claude.finish([answer({ input_tokens: 9 })]);
  assert.deepEqual([result.body, result.usage], [wanted, undefined]);
  for (const [provider, reply] of [
    [vllmTokenize, { count: 9 }],
    [geminiCountTokens, { totalTokens: 9 }],
    [bedrockCountTokens, { inputTokens: 9 }],
  ] as const) {
    const traffic = exchange(openaiInputTokens, provider, { body: RESPONSE, model: 'amazon.nova-lite-v1:0' });
    assert.deepEqual(traffic.finish([answer(reply)]).body, wanted);
    assert.deepEqual(traffic.warnings, []);
  }
});

test('a count that rests on what OpenAI keeps is refused elsewhere', () => {
  assert.throws(
    () => exchange(openaiInputTokens, vllmTokenize, { body: { ...RESPONSE, previous_response_id: 'resp_1' } }),
    (error) => GatewayError.is(error) && error.param === 'previous_response_id',
  );
});

test('every client is counted by OpenAI, which gets what counts and nothing else', () => {
  const ask = (client: FamilyDialect, body: JsonObject) => {
    const traffic = exchange(client, openaiInputTokens, { body, path: 'm', model: 'gpt-5-mini' });
    return { ...traffic, result: traffic.finish([answer({ object: 'response.input_tokens', input_tokens: 7 })]) };
  };
  const claude = ask(anthropicCountTokens, CLAUDE);
  assert.deepEqual(Object.keys(claude.sent[0] ?? {}).sort(), ['input', 'model', 'tools']);
  assert.equal(claude.sent[0]?.['model'], 'gpt-5-mini');
  assert.deepEqual(claude.result.body, { input_tokens: 7 });
  const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];
  assert.deepEqual(ask(geminiCountTokens, { contents }).result.body, { totalTokens: 7 });
  const converse = { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] };
  assert.deepEqual(ask(bedrockCountTokens, { input: { converse } }).result.body, { inputTokens: 7 });
  const tokenized = ask(vllmTokenize, { model: 'm', prompt: 'Hi' });
  assert.equal(tokenized.result.body['count'], 7);
  assert.ok(tokenized.warnings.some((warning) => warning.includes('token ids')));
});
