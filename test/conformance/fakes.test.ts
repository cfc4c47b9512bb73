import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/json/types.ts';
import { createMockServer } from '../../src/mock/server.ts';

const mock = createMockServer({ strict: true, seed: 1 });
const { url } = await mock.listen();
after(() => mock.close());

/** Credentials of every provider at once: each fake looks for its own. */
const HEADERS = {
  'content-type': 'application/json',
  // Bedrock knows its keys by their beginning.
  authorization: 'Bearer bedrock-api-key-a',
  'x-api-key': 'a-key',
  'anthropic-version': '2023-06-01',
  'x-goog-api-key': 'a-key',
};

const OBJECT: JsonObject = { type: 'object', properties: {} };
const openAiCall = (id: string): JsonObject => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
});
const OPENAI_USER = { role: 'user', content: 'Hi' };
const CLAUDE_USER = { role: 'user', content: 'Hi' };
const CLAUDE_TOOLS = [{ name: 'f', input_schema: OBJECT }];
const claudeCall = { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] };
const forged = { type: 'thinking', thinking: 'hm', signature: 'Zm9yZ2Vk' };
const CONVERSE_USER = { role: 'user', content: [{ text: 'Hi' }] };
const CONVERSE_TOOLS = { tools: [{ toolSpec: { name: 'f', inputSchema: { json: OBJECT } } }] };
const converseCall = { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }] };
const GEMINI_USER = { role: 'user', parts: [{ text: 'Hi' }] };
const geminiTool = (parameters: JsonObject): JsonObject => ({ functionDeclarations: [{ name: 'f', parameters }] });
const geminiCall = (signature: JsonObject = {}): JsonObject => ({
  role: 'model',
  parts: [{ functionCall: { name: 'f', args: {} }, ...signature }],
});
const geminiResult = { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] };

interface Case {
  what: string;
  path: string;
  body: JsonObject;
  /** What the refusal says. */
  says: RegExp;
}

const GEMINI = '/v1beta/models/gemini-3-flash-preview:generateContent';
const CONVERSE = '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse';

/** What each real provider refuses and its fake must: a translation that sends it would fail in the matrix. */
const REFUSED: readonly Case[] = [
  {
    what: 'OpenAI: a call without its result',
    path: '/v1/chat/completions',
    body: { model: 'gpt-5-mini', messages: [OPENAI_USER, openAiCall('a'), OPENAI_USER] },
    says: /must be followed by tool messages/,
  },
  {
    what: 'OpenAI: a result without its call',
    path: '/v1/chat/completions',
    body: { model: 'gpt-5-mini', messages: [OPENAI_USER, { role: 'tool', tool_call_id: 'a', content: '' }] },
    says: /must be a response to a preceeding message/,
  },
  {
    what: 'OpenAI responses: a call without its output',
    path: '/v1/responses',
    body: {
      model: 'gpt-5-mini',
      input: [{ type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' }],
    },
    says: /No tool output found/,
  },
  {
    what: 'Anthropic: no max_tokens',
    path: '/v1/messages',
    body: { model: 'claude-sonnet-4-5', messages: [CLAUDE_USER] },
    says: /max_tokens: Field required/,
  },
  {
    what: 'Anthropic: a call without its result',
    path: '/v1/messages',
    body: {
      model: 'claude-sonnet-4-5',
      max_tokens: 9,
      tools: CLAUDE_TOOLS,
      messages: [CLAUDE_USER, claudeCall, CLAUDE_USER],
    },
    says: /without `tool_result` blocks/,
  },
  {
    what: 'Anthropic: a forged signature',
    path: '/v1/messages',
    body: {
      model: 'claude-sonnet-4-5',
      max_tokens: 9,
      messages: [CLAUDE_USER, { role: 'assistant', content: [forged, { type: 'text', text: 'a' }] }, CLAUDE_USER],
    },
    says: /Invalid `signature`/,
  },
  {
    what: 'Bedrock: roles that do not alternate',
    path: CONVERSE,
    body: { messages: [CONVERSE_USER, CONVERSE_USER] },
    says: /alternate between user and assistant/,
  },
  {
    what: 'Bedrock: a call without its result',
    path: CONVERSE,
    body: { toolConfig: CONVERSE_TOOLS, messages: [CONVERSE_USER, converseCall, CONVERSE_USER] },
    says: /Expected toolResult blocks/,
  },
  {
    what: 'Bedrock: a forged signature',
    path: CONVERSE,
    body: {
      messages: [
        CONVERSE_USER,
        {
          role: 'assistant',
          content: [{ reasoningContent: { reasoningText: { text: 'hm', signature: 'Zm9yZ2Vk' } } }, { text: 'a' }],
        },
        CONVERSE_USER,
      ],
    },
    says: /Invalid `signature`/,
  },
  {
    what: 'Gemini: a schema keyword it does not know',
    path: GEMINI,
    body: { contents: [GEMINI_USER], tools: [geminiTool({ ...OBJECT, additionalProperties: false, $ref: '#/x' })] },
    says: /Unknown name/,
  },
  {
    what: 'Gemini: a call without its result',
    path: GEMINI.replace('gemini-3-flash-preview', 'gemini-2.5-flash'),
    body: { contents: [GEMINI_USER, geminiCall(), GEMINI_USER], tools: [geminiTool(OBJECT)] },
    says: /number of function response parts/,
  },
  {
    what: 'Gemini: a call that follows no turn of the user',
    path: GEMINI,
    body: { contents: [geminiCall(), geminiResult], tools: [geminiTool(OBJECT)] },
    says: /immediately after a user turn/,
  },
  {
    what: 'Gemini: a call without its signature',
    path: GEMINI,
    body: { contents: [GEMINI_USER, geminiCall(), geminiResult], tools: [geminiTool(OBJECT)] },
    says: /missing a thought_signature/,
  },
  {
    what: 'Gemini: a forged signature',
    path: GEMINI,
    body: {
      contents: [GEMINI_USER, geminiCall({ thoughtSignature: 'Zm9yZ2Vk' }), geminiResult],
      tools: [geminiTool(OBJECT)],
    },
    says: /signature is not valid/,
  },
  {
    what: 'Cohere: a call without its result',
    path: '/v2/chat',
    body: { model: 'command-a-03-2025', messages: [OPENAI_USER, openAiCall('a'), OPENAI_USER] },
    says: /missing tool results/,
  },
  {
    what: 'Ollama: arguments that are text',
    path: '/api/chat',
    body: { model: 'qwen3:8b', messages: [OPENAI_USER, openAiCall('a')] },
    says: /ToolCallFunction\.arguments/,
  },
  {
    what: 'Ollama: content in parts',
    path: '/api/chat',
    body: { model: 'qwen3:8b', messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
    says: /of type string/,
  },
  {
    what: 'Ollama: a role it does not know',
    path: '/api/chat',
    body: { model: 'qwen3:8b', messages: [{ role: 'developer', content: 'Hi' }] },
    says: /invalid role/,
  },
  {
    what: 'Ollama: an image by its address',
    path: '/api/generate',
    body: { model: 'qwen3:8b', prompt: 'Hi', images: ['https://images.test/a.png'] },
    says: /illegal base64/,
  },
  {
    what: 'TGI: a temperature of 0',
    path: '/generate',
    body: { inputs: 'Hi', parameters: { temperature: 0 } },
    says: /strictly positive/,
  },
];

for (const { what, path, body, says } of REFUSED) {
  test(`the fake refuses what the provider does: ${what}`, async () => {
    const response = await fetch(url + path, { method: 'POST', headers: HEADERS, body: JSON.stringify(body) });
    const text = await response.text();
    assert.ok(response.status === 400 || response.status === 422, `${response.status} ${text}`);
    assert.match(text.replaceAll('\\"', '"'), says);
  });
}
