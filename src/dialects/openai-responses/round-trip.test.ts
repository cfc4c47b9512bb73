import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { anthropic } from '../anthropic/dialect.ts';
import { bedrockConverse } from '../bedrock-converse/dialect.ts';
import type { Dialect, StreamFrame } from '../dialect.ts';
import { gemini } from '../gemini/dialect.ts';
import type { NeutralEvent, NeutralResponse } from '../neutral/response.ts';
import { answerContext, encodeContext, onWire, parseSse, providerContext, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { openaiResponses } from './dialect.ts';

/** Conversations of several turns through the gateway: what a provider gave comes back to it as it was. */

const TOKEN = 'gAAAAABo-_x8Zq';

/** What a Responses provider answers: a thought, a call, later a text. */
const THINKS: JsonObject = {
  id: 'resp_1',
  status: 'completed',
  model: 'gpt-5',
  output: [
    { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Look.' }], encrypted_content: TOKEN },
    { id: 'rs_2', type: 'reasoning', summary: [], encrypted_content: `${TOKEN}2` },
    { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"sky"}' },
    { id: 'fc_2', type: 'function_call', call_id: 'call_2', name: 'look', arguments: '{"at":"sea"}' },
  ],
};

/** How each client keeps an answer and adds the results: its next request. */
const CLIENTS: Record<string, { first: JsonObject; next(first: JsonObject, answer: JsonObject): JsonObject }> = {
  'openai-chat': {
    first: {
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'Where?' }],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    },
    next(first, answer) {
      const [choice] = answer['choices'] as JsonObject[];
      return {
        ...first,
        messages: [
          ...(first['messages'] as JsonValue[]),
          choice?.['message'] as JsonObject,
          { role: 'tool', tool_call_id: 'call_1', content: 'blue' },
          { role: 'tool', tool_call_id: 'call_2', content: 'wet' },
        ],
      };
    },
  },
  anthropic: {
    first: {
      model: 'gpt-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Where?' }],
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
    },
    next(first, answer) {
      return {
        ...first,
        messages: [
          ...(first['messages'] as JsonValue[]),
          { role: 'assistant', content: answer['content'] ?? null },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'call_1', content: 'blue' },
              { type: 'tool_result', tool_use_id: 'call_2', content: 'wet' },
            ],
          },
        ],
      };
    },
  },
  'bedrock-converse': {
    first: {
      messages: [{ role: 'user', content: [{ text: 'Where?' }] }],
      toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }] },
    },
    next(first, answer) {
      const result = (toolUseId: string, text: string): JsonObject => ({
        toolResult: { toolUseId, content: [{ text }] },
      });
      return {
        ...first,
        messages: [
          ...(first['messages'] as JsonValue[]),
          (answer['output'] as JsonObject)['message'] as JsonObject,
          { role: 'user', content: [result('call_1', 'blue'), result('call_2', 'wet')] },
        ],
      };
    },
  },
  gemini: {
    first: {
      contents: [{ role: 'user', parts: [{ text: 'Where?' }] }],
      tools: [{ functionDeclarations: [{ name: 'look', parameters: { type: 'OBJECT' } }] }],
    },
    next(first, answer) {
      const [candidate] = answer['candidates'] as JsonObject[];
      const result = (id: string, output: string): JsonObject => ({
        functionResponse: { id, name: 'look', response: { output } },
      });
      return {
        ...first,
        contents: [
          ...(first['contents'] as JsonValue[]),
          candidate?.['content'] as JsonObject,
          { role: 'user', parts: [result('call_1', 'blue'), result('call_2', 'wet')] },
        ],
      };
    },
  },
};

for (const client of [openaiChat, anthropic, bedrockConverse, gemini]) {
  test(`${client.name} client, Responses provider: thoughts, calls and results over two turns`, () => {
    const plan = CLIENTS[client.name];
    if (plan === undefined) throw new Error('no plan');
    const side = sidesOf(client).client;
    const { provider } = sidesOf(openaiResponses);
    const send = (request: JsonObject): { body: JsonObject; warnings: string[] } => {
      const context = encodeContext();
      const neutral = side.decodeRequest(onWire(request), { model: 'gpt-5' });
      return {
        body: onWire(provider.encodeRequest({ ...neutral, model: 'gpt-5' }, context)),
        warnings: context.warnings,
      };
    };
    send(plan.first);
    const answer = provider.decodeResponse(onWire(THINKS), providerContext());
    const written = onWire(side.encodeResponse(answer, answerContext({ providerDialect: 'openai-responses' })));
    const { body, warnings } = send(plan.next(plan.first, written));
    const chat = client === openaiChat;
    assert.deepEqual(body['input'], [
      { type: 'message', role: 'user', content: 'Where?' },
      {
        type: 'reasoning',
        id: 'rs_1',
        // Chat's thinking blocks hold a token or a text, never both.
        summary: chat ? [] : [{ type: 'summary_text', text: 'Look.' }],
        encrypted_content: TOKEN,
      },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: `${TOKEN}2` },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"sky"}' },
      { type: 'function_call', call_id: 'call_2', name: 'look', arguments: '{"at":"sea"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'blue' },
      { type: 'function_call_output', call_id: 'call_2', output: 'wet' },
    ]);
    assert.deepEqual(warnings, []);
  });
}

const FIRST: JsonObject = {
  model: 'm',
  input: [{ role: 'user', content: 'Where?' }],
  tools: [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: false }],
  store: false,
};

const SIGNATURE = 'EqQBCkYI+/=Zz"\\u0041';

/** What each provider answers, and where in its next request that must stand as it was. */
const PROVIDERS: [
  Dialect,
  model: string,
  answer: JsonObject,
  kept: (body: JsonObject) => unknown,
  expected: unknown,
][] = [
  [
    openaiChat,
    'deepseek-reasoner',
    {
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            reasoning_content: 'Look up.',
            content: 'I look.',
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } }],
          },
        },
      ],
    },
    (body) => (body['messages'] as JsonObject[])[1],
    {
      role: 'assistant',
      content: 'I look.',
      reasoning_content: 'Look up.',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } }],
    },
  ],
  [
    anthropic,
    'claude-sonnet-4-5',
    {
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Look "up".\n', signature: SIGNATURE },
        { type: 'redacted_thinking', data: 'cmVk/+==' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'sky' } },
      ],
    },
    (body) => ((body['messages'] as JsonObject[])[1] as JsonObject)['content'],
    [
      { type: 'thinking', thinking: 'Look "up".\n', signature: SIGNATURE },
      { type: 'redacted_thinking', data: 'cmVk/+==' },
      { type: 'text', text: 'I look.' },
      { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'sky' } },
    ],
  ],
  [
    bedrockConverse,
    'anthropic.claude-sonnet-4-5',
    {
      stopReason: 'tool_use',
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'Look up.', signature: SIGNATURE } } },
            { reasoningContent: { redactedContent: 'cmVk' } },
            { toolUse: { toolUseId: 'call_1', name: 'look', input: { at: 'sky' } } },
          ],
        },
      },
    },
    (body) => ((body['messages'] as JsonObject[])[1] as JsonObject)['content'],
    [
      { reasoningContent: { reasoningText: { text: 'Look up.', signature: SIGNATURE } } },
      { reasoningContent: { redactedContent: 'cmVk' } },
      { toolUse: { toolUseId: 'call_1', name: 'look', input: { at: 'sky' } } },
    ],
  ],
  [
    gemini,
    'gemini-3-pro',
    {
      candidates: [
        {
          finishReason: 'STOP',
          content: {
            role: 'model',
            parts: [
              { text: 'Look up.', thought: true, thoughtSignature: 'VGhvdWdodA==' },
              { functionCall: { name: 'look', args: { at: 'sky' } }, thoughtSignature: 'Q2FsbA==' },
              { functionCall: { name: 'look', args: { at: 'sea' } } },
            ],
          },
        },
      ],
    },
    (body) => ((body['contents'] as JsonObject[])[1] as JsonObject)['parts'],
    [
      { text: 'Look up.', thought: true, thoughtSignature: 'VGhvdWdodA==' },
      { functionCall: { name: 'look', args: { at: 'sky' } }, thoughtSignature: 'Q2FsbA==' },
      { functionCall: { name: 'look', args: { at: 'sea' } } },
    ],
  ],
];

/** The events that stream this answer, blocks one after the other. */
function eventsOf(answer: NeutralResponse): NeutralEvent[] {
  const candidate = answer.candidates[0];
  const events: NeutralEvent[] = [{ type: 'start', id: answer.id, model: answer.model }];
  for (const [block, part] of (candidate?.content ?? []).entries()) {
    const at = { candidate: 0, block };
    if (part.type === 'text') {
      events.push(
        { type: 'text-start', ...at },
        { type: 'text-delta', ...at, text: part.text },
        { type: 'text-end', ...at },
      );
    } else if (part.type === 'reasoning') {
      const { text, type: _type, ...tokens } = part;
      events.push({ type: 'reasoning-start', ...at });
      for (const piece of text.split(/(?<= )/))
        if (piece !== '') events.push({ type: 'reasoning-delta', ...at, text: piece });
      events.push({ type: 'reasoning-end', ...at, ...tokens });
    } else if (part.type === 'tool-call') {
      const { id, name, signature } = part;
      events.push({ type: 'tool-call-start', ...at, id, name, ...(signature === undefined ? {} : { signature }) });
      events.push({ type: 'tool-call-delta', ...at, arguments: part.arguments }, { type: 'tool-call-end', ...at });
    }
  }
  return [
    ...events,
    { type: 'finish', candidate: 0, finishReason: candidate?.finishReason ?? 'stop' },
    { type: 'end' },
  ];
}

/** The `output` a client keeps: of a whole answer, or of the last event of a stream. */
function outputOf(answer: NeutralResponse, provider: Dialect, streamed: boolean): JsonObject[] {
  const context = answerContext({ providerDialect: provider.name });
  const { client } = sidesOf(openaiResponses);
  if (!streamed) return onWire(client.encodeResponse(answer, context))['output'] as JsonObject[];
  const encoder = client.createStreamEncoder(context);
  const frames: StreamFrame[] = parseSse(
    eventsOf(answer)
      .map((event) => encoder.push(event))
      .join(''),
  );
  const last = JSON.parse(frames.at(-1)?.data ?? '{}') as JsonObject;
  return (last['response'] as JsonObject)['output'] as JsonObject[];
}

for (const [provider, model, answer, kept, expected] of PROVIDERS) {
  for (const streamed of [false, true]) {
    test(`Responses client, ${provider.name} provider${streamed ? ', streamed' : ''}: the answer goes back as it was`, () => {
      const { client } = sidesOf(openaiResponses);
      const side = sidesOf(provider).provider;
      const read = side.decodeResponse(onWire(answer), providerContext());
      const output = outputOf(read, provider, streamed);
      const results = output
        .filter((item) => item['type'] === 'function_call')
        .map((item): JsonObject => ({ type: 'function_call_output', call_id: item['call_id'], output: 'blue' }));
      const request = { ...FIRST, input: [...(FIRST['input'] as JsonValue[]), ...output, ...results] };
      const context = encodeContext();
      const body = onWire(side.encodeRequest({ ...client.decodeRequest(onWire(request), {}), model }, context));
      assert.deepEqual(kept(body), expected);
      assert.deepEqual(context.warnings, []);
    });
  }
}

test("another maker's tokens are not sent to a provider that cannot read them", () => {
  const claude = sidesOf(anthropic).provider.decodeResponse(
    {
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
        { type: 'text', text: 'Hi' },
      ],
    },
    providerContext(),
  );
  const google = sidesOf(gemini).provider.decodeResponse(
    {
      candidates: [
        { content: { parts: [{ text: 'hm', thought: true, thoughtSignature: 'R29vZw==' }, { text: 'Hi' }] } },
      ],
    },
    providerContext(),
  );
  const resend = (answer: NeutralResponse, from: Dialect, to: Dialect): { sent: string; warnings: string[] } => {
    const context = encodeContext();
    const input = [...outputOf(answer, from, false), { role: 'user', content: 'Go on.' }];
    const neutral = sidesOf(openaiResponses).client.decodeRequest({ model: 'm', input }, {});
    const body = sidesOf(to).provider.encodeRequest({ ...neutral, model: 'claude-sonnet-4-5' }, context);
    return { sent: JSON.stringify(body), warnings: context.warnings };
  };
  for (const [answer, from, to] of [
    [claude, anthropic, openaiResponses],
    [claude, anthropic, openaiChat],
    [google, gemini, anthropic],
    [google, gemini, bedrockConverse],
  ] as const) {
    const { sent, warnings } = resend(answer, from, to);
    assert.equal(sent.includes('c2ln') || sent.includes('R29vZw==') || sent.includes('aigw1:'), false);
    assert.equal(warnings.length, 1, `${from.name} to ${to.name}`);
  }
});
