import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../json/types.ts';
import { anthropic } from './anthropic/dialect.ts';
import { bedrockConverse } from './bedrock-converse/dialect.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { NeutralEvent } from './neutral/response.ts';
import { emptyUsage } from './neutral/usage.ts';
import { bodiesOf, chunkFrames, decodeFrames, encodeContext, encodeEvents, sidesOf } from './openai/support.test.ts';
import { openaiChat } from './openai-chat/dialect.ts';

const at = { candidate: 0 } as const;

/** What a coding agent reads: its SDK refuses deltas of blocks that are not open or are of another kind. */
function readBlocks(text: string): { starts: number; blocks: string[] } {
  const blocks: string[] = [];
  let starts = 0;
  let open: { index: number; kind: string; text: string } | undefined;
  for (const body of bodiesOf(text) as JsonObject[]) {
    const delta = body['delta'] as JsonObject | undefined;
    switch (body['type']) {
      case 'message_start':
        starts++;
        break;
      case 'content_block_start': {
        assert.equal(open, undefined, 'blocks do not overlap');
        open = { index: Number(body['index']), kind: String((body['content_block'] as JsonObject)['type']), text: '' };
        assert.equal(open.index, blocks.length, 'blocks are numbered without gaps');
        break;
      }
      case 'content_block_delta': {
        const kinds = {
          text_delta: 'text',
          thinking_delta: 'thinking',
          input_json_delta: 'tool_use',
          signature_delta: 'thinking',
        };
        assert.equal(body['index'], open?.index, 'the delta is of the open block');
        assert.equal(kinds[delta?.['type'] as keyof typeof kinds], open?.kind, 'the delta is of its kind');
        if (open !== undefined)
          open.text += String(delta?.['text'] ?? delta?.['thinking'] ?? delta?.['partial_json'] ?? '');
        break;
      }
      case 'content_block_stop':
        blocks.push(`${open?.kind}: ${open?.text}`);
        open = undefined;
        break;
      default:
    }
  }
  assert.equal(open, undefined, 'every block ends');
  return { starts, blocks };
}

const chunk = (delta: JsonObject, finish?: string): JsonObject => ({
  id: 'c',
  model: 'm',
  choices: [{ index: 0, delta, ...(finish === undefined ? {} : { finish_reason: finish }) }],
});
const call = (index: number, fields: JsonObject): JsonObject => chunk({ tool_calls: [{ index, ...fields }] });

test('chat to Messages: text, call and text again keep their order, and arguments are whole after the change', () => {
  const events = decodeFrames(
    openaiChat,
    chunkFrames([
      chunk({ role: 'assistant', content: 'I look.' }),
      call(0, { id: 'a', type: 'function', function: { name: 'look', arguments: '{"at"' } }),
      call(0, { function: { arguments: ':"sky"}' } }),
      chunk({ content: 'Done.' }),
      chunk({}, 'tool_calls'),
    ]),
  );
  const { starts, blocks } = readBlocks(encodeEvents(anthropic, events));
  assert.equal(starts, 1);
  assert.deepEqual(blocks, ['text: I look.', 'tool_use: {"at":"sky"}', 'text: Done.']);
});

test('chat to Messages: every parallel call arrives, one block after the other, and the turn stops for tools', () => {
  const events = decodeFrames(
    openaiChat,
    chunkFrames([
      call(0, { id: 'a', type: 'function', function: { name: 'look', arguments: '' } }),
      call(1, { id: 'b', type: 'function', function: { name: 'look', arguments: '{"b"' } }),
      call(0, { function: { arguments: '{"a":1}' } }),
      call(1, { function: { arguments: ':2}' } }),
      chunk({}, 'stop'),
    ]),
  );
  const text = encodeEvents(anthropic, events);
  assert.deepEqual(readBlocks(text).blocks, ['tool_use: {"a":1}', 'tool_use: {"b":2}']);
  const last = (bodiesOf(text) as JsonObject[]).find((body) => body['type'] === 'message_delta');
  assert.deepEqual(last?.['delta'], { stop_reason: 'tool_use', stop_sequence: null });
});

test('chat to Messages: a thought amid the text has a block of its own, and the message starts once', () => {
  const events = decodeFrames(
    openaiChat,
    chunkFrames([
      chunk({ role: 'assistant', content: 'A' }),
      chunk({ role: 'assistant', reasoning_content: 'hm' }),
      chunk({ role: 'assistant', content: 'B' }),
      chunk({}, 'stop'),
    ]),
  );
  const again: NeutralEvent[] = [...events.slice(0, 1), ...events];
  const { starts, blocks } = readBlocks(encodeEvents(anthropic, again));
  assert.equal(starts, 1);
  assert.deepEqual(blocks, ['text: A', 'thinking: hm', 'text: B']);
});

test('the first event of a message has the usage that is known by then, as numbers, and the last the whole of it', () => {
  const usage = { ...emptyUsage(), input: 7, cacheRead: 5, cacheWrite: 3 };
  const events: NeutralEvent[] = [
    { type: 'usage', usage },
    { type: 'start', id: 'x', model: 'm' },
    { type: 'usage', usage: { ...usage, output: 9 } },
    { type: 'finish', ...at, finishReason: 'stop' },
    { type: 'end' },
  ];
  const usageOf = (bodies: JsonObject[]) => [
    ((bodies[0]?.['message'] ?? {}) as JsonObject)['usage'],
    bodies.find((body) => body['type'] === 'message_delta')?.['usage'],
  ];
  assert.deepEqual(usageOf(bodiesOf(encodeEvents(anthropic, events)) as JsonObject[]), [
    { input_tokens: 7, output_tokens: 0, cache_read_input_tokens: 5, cache_creation_input_tokens: 3 },
    { input_tokens: 7, output_tokens: 9, cache_read_input_tokens: 5, cache_creation_input_tokens: 3 },
  ]);
  const late = events.filter((event) => event.type !== 'usage');
  assert.deepEqual(usageOf(bodiesOf(encodeEvents(anthropic, late)) as JsonObject[]), [
    { input_tokens: 0, output_tokens: 0 },
    { input_tokens: 0, output_tokens: 0 },
  ]);
});

test('an error inside a stream of status 200 is an error to every client, not an empty success', () => {
  const frames = [{ event: '', data: '{"error":{"message":"out of memory","type":"server_error","code":500}}' }];
  const events = decodeFrames(openaiChat, frames);
  assert.deepEqual(
    events.map((event) => event.type),
    ['error'],
  );
  for (const client of [anthropic, openaiChat]) {
    const text = encodeEvents(client, events);
    assert.match(text, /out of memory/);
    assert.doesNotMatch(text, /message_stop|\[DONE\]/);
  }
});

test('a Messages client’s PDF, image in a tool result and top_k: carried, moved or named as lost in chat', () => {
  const pdf = { type: 'base64', media_type: 'application/pdf', data: 'UERG' };
  const png = { type: 'base64', media_type: 'image/png', data: 'UE5H' };
  const body: JsonObject = {
    model: 'm',
    max_tokens: 10,
    top_k: 5,
    messages: [
      { role: 'user', content: [{ type: 'document', source: pdf, cache_control: { type: 'ephemeral' } }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'image', source: png }] }] },
    ],
  };
  const context = encodeContext({ maxTokensField: 'max_tokens' });
  const neutral = sidesOf(anthropic).client.decodeRequest(body, {});
  const sent = JSON.stringify(sidesOf(openaiChat).provider.encodeRequest(neutral, context));
  assert.match(sent, /data:application\/pdf;base64,UERG/);
  assert.match(sent, /data:image\/png;base64,UE5H/);
  assert.match(sent, /"max_tokens":10/);
  assert.match(context.warnings.join('\n'), /Prompt cache marks.*\n.*moved to a user message.*\n.*top_k was left out/s);
});

test('Claude’s thinking blocks go back to Bedrock whole and before the calls they led to', () => {
  const origin = { dialect: 'anthropic', value: {} } as const;
  const request: NeutralRequest = {
    model: 'anthropic.claude-sonnet-4-5',
    stream: false,
    tools: [],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Go.' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'a', signature: 'U0lHMQ==', origin },
          { type: 'reasoning', text: '', encrypted: 'UkVE', origin },
          { type: 'tool-call', id: 't', name: 'f', arguments: '{}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 't', content: [{ type: 'text', text: 'x' }] }] },
    ],
  };
  const encode = (model: string) => {
    const context = encodeContext();
    const body = sidesOf(bedrockConverse).provider.encodeRequest({ ...request, model }, context);
    return { turn: ((body['messages'] as JsonObject[])[1] as JsonObject)['content'], warnings: context.warnings };
  };
  assert.deepEqual(encode('anthropic.claude-sonnet-4-5').turn, [
    { reasoningContent: { reasoningText: { text: 'a', signature: 'U0lHMQ==' } } },
    { reasoningContent: { redactedContent: 'UkVE' } },
    { toolUse: { toolUseId: 't', name: 'f', input: {} } },
  ]);
  // Another maker's model behind the same API gets the thought, not the token.
  const nova = encode('amazon.nova-pro-v1:0');
  assert.deepEqual(nova.turn, [
    { reasoningContent: { reasoningText: { text: 'a' } } },
    { toolUse: { toolUseId: 't', name: 'f', input: {} } },
  ]);
  assert.match(nova.warnings.join('\n'), /token of a thought was not sent/);
});
