import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { callTokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import {
  bodiesOf,
  decodeFrames,
  encodeEvents,
  namedFrames,
  parseSse,
  providerContext,
} from '../openai/support.test.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { anthropic } from './dialect.ts';

const start = (usage: JsonObject = { input_tokens: 5, output_tokens: 1 }): JsonObject => ({
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [], usage },
});
const begin = (index: number, block: JsonObject): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block: block,
});
const delta = (index: number, value: JsonObject): JsonObject => ({ type: 'content_block_delta', index, delta: value });
const stop = (index: number): JsonObject => ({ type: 'content_block_stop', index });
const ending = (reason = 'end_turn', usage: JsonObject = { output_tokens: 9 }): JsonObject[] => [
  { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
  { type: 'message_stop' },
];
const decode = (...bodies: JsonObject[]): NeutralEvent[] => decodeFrames(anthropic, namedFrames(bodies));
/** The events between `start` and `finish`. */
const inside = (...bodies: JsonObject[]): NeutralEvent[] => {
  const events = decode(start(), ...bodies, ...ending());
  return events.slice(
    events.findIndex((event) => event.type === 'start') + 1,
    events.findIndex((event) => event.type === 'usage' && event.usage.output === 9),
  );
};
const at = { candidate: 0 } as const;

test('text, thinking with its signature, redacted thinking', () => {
  const events = inside(
    begin(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, { type: 'thinking_delta', thinking: 'hm' }),
    delta(0, { type: 'signature_delta', signature: 'c2ln+/=' }),
    stop(0),
    begin(1, { type: 'redacted_thinking', data: 'ZW5j' }),
    stop(1),
    begin(2, { type: 'text', text: '' }),
    delta(2, { type: 'text_delta', text: 'Hi' }),
    stop(2),
  );
  assert.deepEqual(events, [
    { type: 'reasoning-start', ...at, block: 0 },
    { type: 'reasoning-delta', ...at, block: 0, text: 'hm' },
    { type: 'reasoning-end', ...at, block: 0, signature: 'c2ln+/=' },
    { type: 'reasoning-start', ...at, block: 1 },
    { type: 'reasoning-end', ...at, block: 1, encrypted: 'ZW5j' },
    { type: 'text-start', ...at, block: 2 },
    { type: 'text-delta', ...at, block: 2, text: 'Hi' },
    { type: 'text-end', ...at, block: 2 },
  ]);
});

test('tool calls: arguments in pieces, none at all, and given whole at the start', () => {
  const call = (index: number, input: JsonObject) =>
    begin(index, { type: 'tool_use', id: `t${index}`, name: 'f', input });
  const events = inside(
    call(0, {}),
    delta(0, { type: 'input_json_delta', partial_json: '' }),
    delta(0, { type: 'input_json_delta', partial_json: '{"a":' }),
    delta(0, { type: 'input_json_delta', partial_json: '1}' }),
    stop(0),
    call(1, {}),
    stop(1),
    call(2, { b: 2 }),
    stop(2),
  );
  const text = (block: number): string =>
    events
      .flatMap((event) => (event.type === 'tool-call-delta' && event.block === block ? [event.arguments] : []))
      .join('');
  assert.deepEqual([0, 1, 2].map(text), ['{"a":1}', '{}', '{"b":2}']);
});

test('citations end up with their text, server blocks are passed on whole', () => {
  const citation = { type: 'web_search_result_location', url: 'https://w.test', title: 'W' };
  const events = inside(
    begin(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
    delta(0, { type: 'input_json_delta', partial_json: '{"query":"q"}' }),
    stop(0),
    begin(1, { type: 'text', text: '' }),
    delta(1, { type: 'citations_delta', citation }),
    stop(1),
  );
  assert.deepEqual(events, [
    {
      type: 'opaque',
      dialect: 'anthropic',
      ...at,
      block: 0,
      value: { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
    },
    { type: 'text-start', ...at, block: 1 },
    {
      type: 'text-end',
      ...at,
      block: 1,
      origin: { dialect: 'anthropic', value: { citations: [citation] } },
      citations: [{ url: 'https://w.test', title: 'W' }],
    },
  ]);
});

test('usage: the start gives the input, later events replace what they name', () => {
  const events = decode(
    start({ input_tokens: 5, cache_read_input_tokens: 10, cache_creation_input_tokens: 3, output_tokens: 1 }),
    ...ending('max_tokens', { output_tokens: 9, cache_read_input_tokens: 11 }),
  );
  const usages = events.flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
  const first = { ...emptyUsage(), input: 5, cacheRead: 10, cacheWrite: 3, output: 1 };
  assert.deepEqual(usages, [first, { ...first, cacheRead: 11, output: 9 }]);
  assert.equal(events[0]?.type, 'usage', 'the usage comes before the start, for writers whose first event tells it');
});

test('ping passes, unknown events are passed over, frames without a name are read by their type', () => {
  const bodies = [start(), { type: 'ping' }, { type: 'novelty' }, ...ending()];
  const named = decodeFrames(anthropic, namedFrames(bodies));
  const unnamed = decodeFrames(
    anthropic,
    bodies.map((body) => ({ event: '', data: JSON.stringify(body) })),
  );
  assert.deepEqual(
    named.map((event) => event.type),
    ['usage', 'start', 'ping', 'usage', 'finish', 'end'],
  );
  assert.deepEqual(unnamed, named);
});

test('an error event ends the stream with the status it would have had', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  assert.deepEqual(decode(start(), error, ...ending()).at(-1), {
    type: 'error',
    error: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  });
  assert.equal(decode(error).length, 1, 'also as the first event');
});

test('without message_stop the answer was cut', () => {
  const last = decode(start(), begin(0, { type: 'text', text: 'x' })).at(-1);
  assert.equal(last?.type === 'error' && last.error.code, 'provider_stream_error');
});

test('a stream that begins with something else is refused', () => {
  const decoder = createStreamDecoder(providerContext());
  assert.throws(
    () => decoder.push({ event: '', data: '{"choices":[]}' }, () => {}),
    (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
  );
});

/** Checks the rule of the wire: one block at a time, indexes counting up, everything inside the message. */
function assertSequential(text: string): void {
  let open: number | undefined;
  let next = 0;
  const names = parseSse(text).map((frame) => frame.event);
  for (const { event, data } of parseSse(text)) {
    const body = JSON.parse(data) as JsonObject;
    assert.equal(body['type'], event);
    if (event === 'content_block_start') {
      assert.equal(open, undefined, 'a block began inside another');
      assert.equal(body['index'], next);
      open = next++;
    } else if (event === 'content_block_delta') {
      assert.equal(body['index'], open, 'a delta outside its block');
    } else if (event === 'content_block_stop') {
      assert.equal(body['index'], open);
      open = undefined;
    }
  }
  assert.equal(open, undefined, 'a block was left open');
  assert.equal(names.filter((name) => name === 'message_start').length, 1);
  assert.deepEqual(names.slice(-2), ['message_delta', 'message_stop']);
}

test('parallel calls that interleave are written one after the other', () => {
  const text = encodeEvents(anthropic, [
    { type: 'start', id: 'c1', model: 'gpt' },
    { type: 'text-start', ...at, block: 0 },
    { type: 'text-delta', ...at, block: 0, text: 'Two calls.' },
    { type: 'text-end', ...at, block: 0 },
    { type: 'tool-call-start', ...at, block: 1, id: 'a', name: 'f' },
    { type: 'tool-call-start', ...at, block: 2, id: 'b', name: 'g' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{"y"' },
    { type: 'tool-call-delta', ...at, block: 1, arguments: '{"x":1}' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: ':2}' },
    { type: 'tool-call-end', ...at, block: 1 },
    { type: 'tool-call-end', ...at, block: 2 },
    { type: 'finish', ...at, finishReason: 'tool-calls' },
    { type: 'usage', usage: { ...emptyUsage(), input: 3, cacheRead: 4, output: 5 } },
    { type: 'end' },
  ]);
  assertSequential(text);
  assert.deepEqual(bodiesOf(text).slice(4), [
    begin(1, { type: 'tool_use', id: 'a', name: 'f', input: {} }),
    delta(1, { type: 'input_json_delta', partial_json: '{"x":1}' }),
    stop(1),
    begin(2, { type: 'tool_use', id: 'b', name: 'g', input: {} }),
    delta(2, { type: 'input_json_delta', partial_json: '{"y"' }),
    delta(2, { type: 'input_json_delta', partial_json: ':2}' }),
    stop(2),
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 4 },
    },
    { type: 'message_stop' },
  ]);
});

test('thoughts: a thinking block with its signature, a redacted one without text, none for nothing', () => {
  const text = encodeEvents(anthropic, [
    { type: 'start', id: 'c1', model: 'm' },
    { type: 'reasoning-start', ...at, block: 0 },
    { type: 'reasoning-delta', ...at, block: 0, text: 'hm' },
    { type: 'reasoning-end', ...at, block: 0, signature: 'c2ln' },
    { type: 'reasoning-start', ...at, block: 1 },
    { type: 'reasoning-end', ...at, block: 1, encrypted: 'ZW5j' },
    { type: 'reasoning-start', ...at, block: 2 },
    { type: 'reasoning-end', ...at, block: 2 },
    { type: 'finish', ...at, finishReason: 'stop' },
    { type: 'end' },
  ]);
  assertSequential(text);
  assert.deepEqual(bodiesOf(text).slice(1, -2), [
    begin(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, { type: 'thinking_delta', thinking: 'hm' }),
    delta(0, { type: 'signature_delta', signature: 'c2ln' }),
    stop(0),
    begin(1, { type: 'redacted_thinking', data: 'ZW5j' }),
    stop(1),
  ]);
});

test('a signature of a call stands on a thought before it, where the client has thinking on', () => {
  const call = (block: number, signature: string): NeutralEvent[] => [
    { type: 'tool-call-start', ...at, block, id: `c${block}`, name: 'f', signature },
    { type: 'tool-call-delta', ...at, block, arguments: '{}' },
    { type: 'tool-call-end', ...at, block },
  ];
  const events: NeutralEvent[] = [
    { type: 'start', id: 'c1', model: 'm' },
    { type: 'reasoning-start', ...at, block: 0 },
    { type: 'reasoning-delta', ...at, block: 0, text: 'hm' },
    { type: 'reasoning-end', ...at, block: 0 },
    ...call(1, 'sig-a'),
    ...call(2, 'sig-b'),
    { type: 'finish', ...at, finishReason: 'tool-calls' },
    { type: 'end' },
  ];
  const thought = [
    begin(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, { type: 'thinking_delta', thinking: 'hm' }),
    stop(0),
  ];
  const use = (index: number, id: string) => [
    begin(index, { type: 'tool_use', id, name: 'f', input: {} }),
    delta(index, { type: 'input_json_delta', partial_json: '{}' }),
    stop(index),
  ];
  const proof = (index: number, signature: string) => [
    begin(index, { type: 'thinking', thinking: '', signature: '' }),
    delta(index, { type: 'signature_delta', signature: callTokenForClient(signature) }),
    stop(index),
  ];
  const request = { model: 'm', stream: true, messages: [], tools: [], reasoning: { enabled: true } };
  const text = encodeEvents(anthropic, events, { request });
  assertSequential(text);
  assert.deepEqual(bodiesOf(text).slice(1, -2), [
    ...thought,
    ...proof(1, 'sig-a'),
    ...use(2, 'c1'),
    ...proof(3, 'sig-b'),
    ...use(4, 'c2'),
  ]);
  assert.deepEqual(bodiesOf(encodeEvents(anthropic, events)).slice(1, -2), [
    ...thought,
    ...use(1, 'c1'),
    ...use(2, 'c2'),
  ]);
});

test('blocks without an end event are closed: a refusal, and what a provider leaves open', () => {
  const text = encodeEvents(anthropic, [
    { type: 'start', id: 'c1', model: 'm' },
    { type: 'refusal-delta', ...at, block: 0, text: 'I cannot.' },
    { type: 'text-start', ...at, block: 1 },
    { type: 'text-delta', ...at, block: 1, text: 'Sorry.' },
    { type: 'finish', ...at, finishReason: 'stop' },
    { type: 'end' },
  ]);
  assertSequential(text);
  const last = bodiesOf(text).at(-2) as JsonObject;
  assert.equal((last['delta'] as JsonObject)['stop_reason'], 'refusal');
});

test('an error is the last event', () => {
  const text = encodeEvents(anthropic, [
    { type: 'start', id: 'c1', model: 'm' },
    { type: 'error', error: { status: 429, type: 'tokens', message: 'slow' } },
    { type: 'end' },
  ]);
  assert.deepEqual(parseSse(text).at(-1), {
    event: 'error',
    data: '{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
  });
});

test('an empty answer, and one without a start, are still whole messages', () => {
  assertSequential(encodeEvents(anthropic, [{ type: 'end' }]));
  const text = encodeEvents(anthropic, [
    { type: 'text-delta', ...at, block: 0, text: 'x' },
    { type: 'ping' },
    { type: 'text-delta', candidate: 1, block: 0, text: 'other answer' },
    { type: 'end' },
  ]);
  assertSequential(text);
  assert.equal(text.includes('other answer'), false);
});

test('a stream decoded and encoded again is the same stream', () => {
  const bodies = [
    start(),
    begin(0, { type: 'thinking', thinking: '', signature: '' }),
    delta(0, { type: 'thinking_delta', thinking: 'hm' }),
    delta(0, { type: 'signature_delta', signature: 'c2ln' }),
    stop(0),
    begin(1, { type: 'text', text: '' }),
    delta(1, { type: 'text_delta', text: 'Hi' }),
    delta(1, { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } }),
    stop(1),
    begin(2, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }),
    stop(2),
    begin(3, { type: 'tool_use', id: 't', name: 'f', input: {} }),
    delta(3, { type: 'input_json_delta', partial_json: '{"a":1}' }),
    stop(3),
    { type: 'ping' },
    ...ending('tool_use', { input_tokens: 5, output_tokens: 9 }),
  ];
  const written = bodiesOf(encodeEvents(anthropic, decode(...bodies))) as JsonObject[];
  const message = bodies[0]?.['message'] as JsonObject;
  message['stop_reason'] = null;
  message['stop_sequence'] = null;
  assert.deepEqual(written, bodies);
});

test("Anthropic's SDK puts the written stream together", async () => {
  const text = encodeEvents(anthropic, [
    { type: 'start', id: 'c1', model: 'gpt' },
    { type: 'reasoning-start', ...at, block: 0 },
    { type: 'reasoning-delta', ...at, block: 0, text: 'hm' },
    { type: 'reasoning-end', ...at, block: 0, signature: 'c2ln' },
    { type: 'text-start', ...at, block: 1 },
    { type: 'text-delta', ...at, block: 1, text: 'Hi' },
    { type: 'text-end', ...at, block: 1 },
    { type: 'tool-call-start', ...at, block: 2, id: 'a', name: 'f' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{"x":1}' },
    { type: 'tool-call-end', ...at, block: 2 },
    { type: 'ping' },
    { type: 'finish', ...at, finishReason: 'tool-calls' },
    { type: 'usage', usage: { ...emptyUsage(), input: 3, output: 5 } },
    { type: 'end' },
  ]);
  const client = new Anthropic({
    apiKey: 'none',
    fetch: async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const stream = client.messages.stream({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] });
  const message = await stream.finalMessage();
  assert.deepEqual(
    message.content.map((block) => ({ ...block })),
    [
      { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
    ],
  );
  assert.deepEqual([message.stop_reason, message.usage.input_tokens, message.usage.output_tokens], ['tool_use', 3, 5]);
});
