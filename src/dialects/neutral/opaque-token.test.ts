import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import { anthropic } from '../anthropic/dialect.ts';
import { bedrockConverse } from '../bedrock-converse/dialect.ts';
import type { Dialect } from '../dialect.ts';
import { gemini } from '../gemini/dialect.ts';
import { answerContext, encodeContext, onWire, providerContext, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { openaiResponses } from '../openai-responses/dialect.ts';
import { withoutForeignItems } from '../openai-responses/foreign-items.ts';
import { callTokenForClient, markToken, readMarkedToken, TOKEN_MARK, tokenForClient } from './opaque-token.ts';

test('property: a marked token is canonical base64 and is read back byte for byte, in either alphabet', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('thought' as const, 'call' as const, 'encrypted' as const),
      fc.constantFrom('anthropic' as const, 'gemini' as const, 'openai-responses' as const),
      (token, kind, maker) => {
        const marked = markToken({ maker, kind, token });
        assert.equal(btoa(atob(marked)), marked);
        assert.ok(marked.startsWith(TOKEN_MARK));
        assert.deepEqual(readMarkedToken(marked), { maker, kind, token });
        const urlSafe = marked.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
        assert.deepEqual(readMarkedToken(urlSafe), { maker, kind, token });
      },
    ),
  );
});

test('other texts are no marked tokens', () => {
  const wrong = (inside: string) => Buffer.from(`aigw-token:${inside}`).toString('base64');
  const texts = [
    '',
    'EqQBCkYI',
    TOKEN_MARK,
    `${TOKEN_MARK}!`,
    wrong('thought'),
    wrong('thought:gemini'),
    wrong('x:gemini:t'),
  ];
  for (const text of [...texts, wrong('thought:nobody:t')]) assert.equal(readMarkedToken(text), undefined, text);
});

test("Claude's tokens are one vendor's, wherever Claude runs; a marked one is not marked again", () => {
  const plain = (client: Dialect, provider: Dialect) =>
    tokenForClient('T', 'thought', { client: client.name, provider: provider.name }) === 'T';
  assert.ok(plain(anthropic, bedrockConverse) && plain(bedrockConverse, anthropic) && plain(gemini, gemini));
  assert.ok(!plain(anthropic, gemini) && !plain(gemini, bedrockConverse) && !plain(anthropic, openaiChat));
  const once = callTokenForClient('S');
  assert.equal(callTokenForClient(once), once);
  assert.equal(tokenForClient(once, 'thought', { client: 'anthropic', provider: 'gemini' }), once);
});

/** A vendor: an answer of its own that holds a token, and the field that holds it in the next request. */
interface Vendor {
  dialect: Dialect;
  model: string;
  token: string;
  answer: JsonObject;
}

const CLAUDE_ANSWER: JsonObject = {
  stop_reason: 'tool_use',
  content: [
    { type: 'thinking', thinking: 'hm', signature: 'Q0xBVURF+/==' },
    { type: 'tool_use', id: 'call_1', name: 'look', input: {} },
  ],
};

const VENDORS: readonly Vendor[] = [
  { dialect: anthropic, model: 'claude-sonnet-4-5', token: 'Q0xBVURF+/==', answer: CLAUDE_ANSWER },
  {
    dialect: bedrockConverse,
    model: 'anthropic.claude-sonnet-4-5',
    token: 'Q0xBVURF+/==',
    answer: {
      stopReason: 'tool_use',
      output: {
        message: {
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'Q0xBVURF+/==' } } },
            { toolUse: { toolUseId: 'call_1', name: 'look', input: {} } },
          ],
        },
      },
    },
  },
  {
    dialect: gemini,
    model: 'gemini-3-pro',
    token: 'R0VNSU5J',
    answer: {
      candidates: [
        {
          finishReason: 'STOP',
          content: {
            parts: [
              { text: 'hm', thought: true },
              { functionCall: { id: 'call_1', name: 'look', args: {} }, thoughtSignature: 'R0VNSU5J' },
            ],
          },
        },
      ],
    },
  },
  {
    dialect: openaiResponses,
    model: 'gpt-5',
    token: 'gAAAAABoT1BFTkFJ',
    answer: {
      output: [
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABoT1BFTkFJ' },
        { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{}' },
      ],
    },
  },
];

/** How a client of each API asks, and asks again with the answer and the result of its call. */
const CLIENTS: readonly [client: Dialect, again: (answer: JsonObject) => JsonObject][] = [
  [
    anthropic,
    ({ content }) => ({
      model: 'm',
      max_tokens: 4096,
      thinking: { type: 'enabled', budget_tokens: 1024 },
      messages: [
        { role: 'user', content: 'Look.' },
        { role: 'assistant', content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'blue' }] },
      ],
    }),
  ],
  [
    openaiChat,
    ({ choices }) => ({
      model: 'm',
      messages: [
        { role: 'user', content: 'Look.' },
        (choices as JsonObject[])[0]?.['message'] ?? null,
        { role: 'tool', tool_call_id: 'call_1', content: 'blue' },
      ],
    }),
  ],
  [
    openaiResponses,
    ({ output }) => ({
      model: 'm',
      input: [
        { role: 'user', content: 'Look.' },
        ...(output as JsonObject[]),
        { type: 'function_call_output', call_id: 'call_1', output: 'blue' },
      ],
    }),
  ],
  [
    bedrockConverse,
    ({ output }) => ({
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
      messages: [
        { role: 'user', content: [{ text: 'Look.' }] },
        (output as JsonObject)['message'] ?? null,
        { role: 'user', content: [{ toolResult: { toolUseId: 'call_1', content: [{ text: 'blue' }] } }] },
      ],
    }),
  ],
  [
    gemini,
    ({ candidates }) => ({
      contents: [
        { role: 'user', parts: [{ text: 'Look.' }] },
        (candidates as JsonObject[])[0]?.['content'] ?? null,
        {
          role: 'user',
          parts: [{ functionResponse: { id: 'call_1', name: 'look', response: { output: 'blue' } } }],
        },
      ],
    }),
  ],
];

const vendorName = ({ dialect }: Vendor) => (dialect === bedrockConverse ? 'anthropic' : dialect.name);

for (const [client, again] of CLIENTS) {
  test(`${client.name} client: a vendor's token returns to it byte for byte, and to no other after a failover`, () => {
    for (const first of VENDORS) {
      const read = sidesOf(first.dialect).provider.decodeResponse(onWire(first.answer), providerContext());
      const context = answerContext({
        providerDialect: first.dialect.name,
        request: { model: 'm', stream: false, messages: [], tools: [], reasoning: { enabled: true } },
      });
      const request = again(onWire(sidesOf(client).client.encodeResponse(read, context)));
      for (const next of VENDORS) {
        const to = encodeContext();
        const asked = sidesOf(client).client.decodeRequest(onWire(request), { model: 'm' });
        const sent = JSON.stringify(sidesOf(next.dialect).provider.encodeRequest({ ...asked, model: next.model }, to));
        const place = `${first.dialect.name}, then ${next.dialect.name}`;
        assert.equal(sent.includes(TOKEN_MARK) || sent.includes('aigw1:'), false, place);
        assert.equal(sent.includes(first.token), vendorName(first) === vendorName(next), place);
        if (!sent.includes(first.token)) assert.match(to.warnings.join('\n'), /hought|easoning/, place);
      }
    }
  });
}

test('thoughts that their maker gave no token come to an Anthropic client marked, and go back without one', () => {
  const context = answerContext({ providerDialect: 'cohere-chat' });
  const content = [{ type: 'reasoning' as const, text: 'hm' }];
  const candidates = [{ index: 0, content, finishReason: 'stop' as const }];
  const answer = sidesOf(anthropic).client.encodeResponse({ id: 'a', model: 'm', candidates }, context);
  const [block] = answer['content'] as JsonObject[];
  assert.deepEqual(readMarkedToken(String(block?.['signature'])), { maker: 'cohere-chat', kind: 'thought', token: '' });
  const messages = [{ role: 'assistant', content: [block ?? null] }];
  const { messages: read } = sidesOf(anthropic).client.decodeRequest({ model: 'm', messages }, {});
  assert.deepEqual(read[0]?.content, [{ type: 'reasoning', text: 'hm' }]);
});

test("reasoning items that were made of another provider's thoughts do not reach OpenAI", () => {
  const context = answerContext({ providerDialect: 'cohere-chat' });
  const content = [
    { type: 'reasoning' as const, text: 'hm' },
    { type: 'text' as const, text: 'Hi' },
  ];
  const candidates = [{ index: 0, content, finishReason: 'stop' as const }];
  const answer = sidesOf(openaiResponses).client.encodeResponse({ id: 'a', model: 'm', candidates }, context);
  const own = { type: 'reasoning', id: 'rs_9', summary: [], encrypted_content: 'gAAAAABo' };
  const body = { model: 'm', previous_response_id: 'resp_1', input: [...(answer['output'] as JsonObject[]), own] };
  const warnings: string[] = [];
  const clean = withoutForeignItems(body, (warning) => warnings.push(warning));
  const types = (clean['input'] as JsonObject[]).map((item) => item['type']);
  assert.deepEqual(types, ['message', 'reasoning']);
  assert.equal(clean['previous_response_id'], 'resp_1');
  assert.equal(warnings.length, 1);
  assert.equal(withoutForeignItems({ input: 'Hi' }, assert.fail)['input'], 'Hi');
});
