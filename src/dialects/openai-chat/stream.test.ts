import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { bodiesOf, chunkFrames, decodeFrames, encodeEvents, providerContext } from '../openai/support.test.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { openaiChat } from './dialect.ts';

const chunk = (delta: JsonObject, rest: JsonObject = {}): JsonObject => ({
  id: 'c1',
  model: 'gpt',
  created: 5,
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
});
const toolDelta = (call: JsonObject): JsonObject => chunk({ tool_calls: [call] });
const stop = (reason: string): JsonObject => chunk({}, { finish_reason: reason });
const decode = (bodies: JsonObject[]): NeutralEvent[] => decodeFrames(openaiChat, chunkFrames(bodies));
const deltasOf = (text: string): JsonObject[] =>
  bodiesOf(text).flatMap((body) => {
    const choices =
      typeof body === 'object' ? ((body as JsonObject)['choices'] as JsonObject[] | undefined) : undefined;
    return choices?.[0] === undefined ? [] : [choices[0]['delta'] as JsonObject];
  });

/** Calls as a client would put them together. */
function callsOf(events: NeutralEvent[]): { id: string; name: string; arguments: string }[] {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for (const event of events) {
    if (event.type === 'tool-call-start') calls.set(event.block, { id: event.id, name: event.name, arguments: '' });
    const call = event.type === 'tool-call-delta' ? calls.get(event.block) : undefined;
    if (event.type === 'tool-call-delta' && call !== undefined) call.arguments += event.arguments;
  }
  return [...calls.values()];
}

const START: NeutralEvent = { type: 'start', id: 'm1', model: 'claude' };
const TEXT: NeutralEvent[] = [
  { type: 'text-start', candidate: 0, block: 0 },
  { type: 'text-delta', candidate: 0, block: 0, text: 'Hi' },
  { type: 'text-delta', candidate: 0, block: 0, text: ' there' },
  { type: 'text-end', candidate: 0, block: 0 },
];
const FINISH: NeutralEvent = { type: 'finish', candidate: 0, finishReason: 'stop' };
const END: NeutralEvent = { type: 'end' };

test('an ordinary stream is read as blocks', () => {
  const events = decode([
    chunk({ role: 'assistant', content: '' }),
    chunk({ reasoning_content: 'hm' }),
    chunk({ content: 'Hi' }),
    chunk({ content: '!' }),
    stop('stop'),
    { id: 'c1', model: 'gpt', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
  ]);
  assert.deepEqual(events, [
    { type: 'start', id: 'c1', model: 'gpt', created: 5 },
    { type: 'reasoning-start', candidate: 0, block: 0 },
    { type: 'reasoning-delta', candidate: 0, block: 0, text: 'hm' },
    { type: 'reasoning-end', candidate: 0, block: 0 },
    { type: 'text-start', candidate: 0, block: 1 },
    { type: 'text-delta', candidate: 0, block: 1, text: 'Hi' },
    { type: 'text-delta', candidate: 0, block: 1, text: '!' },
    { type: 'text-end', candidate: 0, block: 1 },
    { type: 'finish', candidate: 0, finishReason: 'stop' },
    { type: 'usage', usage: { ...emptyUsage(), input: 3, output: 2 } },
    { type: 'end' },
  ]);
});

test('parallel calls that interleave keep their own arguments', () => {
  const events = decode([
    toolDelta({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
    toolDelta({ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }),
    toolDelta({ index: 0, function: { arguments: '{"x":1}' } }),
    toolDelta({ index: 1, function: { arguments: ':2}' } }),
    stop('tool_calls'),
  ]);
  assert.deepEqual(callsOf(events), [
    { id: 'a', name: 'f', arguments: '{"x":1}' },
    { id: 'b', name: 'g', arguments: '{"y":2}' },
  ]);
});

test('quirk: calls without index, continued by id or by position', () => {
  const events = decode([
    toolDelta({ id: 'a', function: { name: 'f', arguments: '{"x":' } }),
    toolDelta({ function: { arguments: '1}' } }),
    toolDelta({ id: 'b', function: { name: 'g', arguments: '{}' } }),
    toolDelta({ id: 'a', function: { arguments: ' ' } }),
    stop('tool_calls'),
  ]);
  assert.deepEqual(callsOf(events), [
    { id: 'a', name: 'f', arguments: '{"x":1} ' },
    { id: 'b', name: 'g', arguments: '{}' },
  ]);
});

test('quirk: every parallel call at index 0, each with its own id', () => {
  const events = decode([
    toolDelta({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
    toolDelta({ index: 0, id: 'b', function: { name: 'f', arguments: '{"x":2}' } }),
    toolDelta({ index: 0, function: { arguments: ' ' } }),
    stop('stop'),
  ]);
  assert.deepEqual(callsOf(events), [
    { id: 'a', name: 'f', arguments: '{}' },
    { id: 'b', name: 'f', arguments: '{"x":2} ' },
  ]);
  assert.deepEqual(events.at(-2), { type: 'finish', candidate: 0, finishReason: 'tool-calls' });
});

test('quirk: calls without id, id and name in every delta, name after the first arguments', () => {
  const [first] = callsOf(
    decode([toolDelta({ index: 0, function: { name: 'f', arguments: '{}' } }), stop('tool_calls')]),
  );
  assert.deepEqual(first, { id: 'call_made1', name: 'f', arguments: '{}' });
  const repeated = decode([
    toolDelta({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
    toolDelta({ index: 0, id: 'a', function: { name: 'f', arguments: '}' } }),
    stop('tool_calls'),
  ]);
  assert.deepEqual(callsOf(repeated), [{ id: 'a', name: 'f', arguments: '{}' }]);
  const late = decode([
    toolDelta({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
    toolDelta({ index: 0, function: { name: 'f', arguments: ':1}' } }),
    stop('tool_calls'),
  ]);
  assert.deepEqual(callsOf(late), [{ id: 'a', name: 'f', arguments: '{"x":1}' }]);
});

test("quirk: Azure's first chunk of prompt filter results has no id and no choice", () => {
  const filter = { id: '', model: '', choices: [], prompt_filter_results: [] };
  const events = decode([filter, chunk({ content: 'x' }), stop('stop')]);
  assert.deepEqual(events[0], { type: 'start', id: 'c1', model: 'gpt', created: 5 });
});

test('quirk: usage in the last content chunk, null before, and in x_groq', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  for (const place of [{ usage }, { x_groq: { usage } }]) {
    const events = decode([
      { ...chunk({ content: 'x' }), usage: null },
      { ...stop('stop'), ...place },
    ]);
    assert.equal(events.filter((event) => event.type === 'usage').length, 1);
  }
});

test('quirk: the role in every chunk, reasoning under two names, legacy function_call', () => {
  const both = decode([chunk({ role: 'assistant', reasoning: 'hm', reasoning_content: 'hm' }), stop('stop')]);
  const thoughts = both.flatMap((event) => (event.type === 'reasoning-delta' ? [event.text] : []));
  assert.deepEqual(thoughts, ['hm']);
  const legacy = decode([
    chunk({ function_call: { name: 'f', arguments: '' } }),
    chunk({ function_call: { arguments: '{}' } }),
    stop('function_call'),
  ]);
  assert.deepEqual(callsOf(legacy), [{ id: 'call_made1', name: 'f', arguments: '{}' }]);
});

test('an answer is whole with [DONE] or with its finish reasons, else the stream was cut', () => {
  const frames = (bodies: JsonObject[]) => bodies.map((body) => ({ event: '', data: JSON.stringify(body) }));
  const last = (bodies: JsonObject[], done: boolean) =>
    decodeFrames(openaiChat, [...frames(bodies), ...(done ? [{ event: '', data: '[DONE]' }] : [])]).at(-1);
  assert.deepEqual(last([chunk({ content: 'x' }), stop('stop')], false), { type: 'end' });
  assert.deepEqual(last([chunk({ content: 'x' })], true), { type: 'end' });
  for (const bodies of [[chunk({ content: 'x' })], []]) {
    const event = last(bodies, false);
    assert.equal(event?.type === 'error' && event.error.code, 'provider_stream_error');
  }
});

test('errors inside a stream end it, with the status they would have had', () => {
  const error = (body: JsonObject): NeutralEvent | undefined => decode([chunk({ content: 'x' }), body]).at(-1);
  const vllm = error({ object: 'error', message: 'boom', type: 'InternalServerError', code: 500 });
  assert.deepEqual(vllm, {
    type: 'error',
    error: { status: 500, type: 'InternalServerError', message: 'boom', code: '500' },
  });
  const openai = error({ error: { message: 'slow', type: 'rate_limit_error' } });
  assert.equal(openai?.type === 'error' && openai.error.status, 429);
  const unknown = error({ error: 'boom' });
  assert.equal(unknown?.type === 'error' && unknown.error.status, 502);
});

test('a frame that is no JSON object is refused', () => {
  const decoder = createStreamDecoder(providerContext());
  for (const data of ['{"choices":', '5']) {
    assert.throws(
      () => decoder.push({ event: '', data }, () => {}),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
});

test('the role comes with the first delta, usage and [DONE] last', () => {
  const usage: NeutralEvent = { type: 'usage', usage: { ...emptyUsage(), input: 15, cacheRead: 10, output: 12 } };
  const common = { id: 'm1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'claude' };
  assert.deepEqual(bodiesOf(encodeEvents(openaiChat, [usage, START, ...TEXT, FINISH, END])), [
    { ...common, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] },
    { ...common, choices: [{ index: 0, delta: { content: ' there' } }] },
    { ...common, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    {
      ...common,
      choices: [],
      usage: {
        prompt_tokens: 25,
        completion_tokens: 12,
        total_tokens: 37,
        prompt_tokens_details: { cached_tokens: 10 },
        completion_tokens_details: {},
      },
    },
    '[DONE]',
  ]);
});

test('usage is shown only to clients that asked', () => {
  const events: NeutralEvent[] = [START, ...TEXT, FINISH, { type: 'usage', usage: emptyUsage() }, END];
  assert.equal(encodeEvents(openaiChat, events, { includeUsage: false }).includes('usage'), false);
});

test('tool calls are numbered in order; streamed thoughts and their proofs are kept', () => {
  const text = encodeEvents(openaiChat, [
    START,
    { type: 'reasoning-start', candidate: 0, block: 0 },
    { type: 'reasoning-delta', candidate: 0, block: 0, text: 'h' },
    { type: 'reasoning-delta', candidate: 0, block: 0, text: 'm' },
    { type: 'reasoning-end', candidate: 0, block: 0, signature: 'c2ln' },
    { type: 'reasoning-start', candidate: 0, block: 1 },
    { type: 'reasoning-end', candidate: 0, block: 1, encrypted: 'ZW5j' },
    { type: 'tool-call-start', candidate: 0, block: 2, id: 'a', name: 'f' },
    { type: 'tool-call-start', candidate: 0, block: 3, id: 'b', name: 'g' },
    { type: 'tool-call-delta', candidate: 0, block: 3, arguments: '{}' },
    { type: 'tool-call-delta', candidate: 0, block: 2, arguments: '{"x":1}' },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    END,
  ]);
  assert.deepEqual(deltasOf(text), [
    { role: 'assistant', reasoning_content: 'h' },
    { reasoning_content: 'm' },
    { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'c2ln' }] },
    { thinking_blocks: [{ type: 'redacted_thinking', data: 'ZW5j' }] },
    { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
    { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } }] },
    { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] },
    {},
  ]);
});

test("Bedrock's stream has the form known from the reference system", () => {
  const events: NeutralEvent[] = [
    START,
    { type: 'text-start', candidate: 0, block: 0 },
    { type: 'text-delta', candidate: 0, block: 0, text: 'Hi' },
    { type: 'tool-call-start', candidate: 0, block: 1, id: 'a', name: 'f' },
    { type: 'tool-call-delta', candidate: 0, block: 1, arguments: '{}' },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    END,
  ];
  assert.deepEqual(deltasOf(encodeEvents(openaiChat, events, { providerDialect: 'bedrock-converse' })), [
    { role: 'assistant', content: '' },
    { role: 'assistant', content: 'Hi' },
    {
      role: 'assistant',
      tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
    },
    {
      role: 'assistant',
      tool_calls: [{ index: 0, id: null, type: 'function', function: { name: '', arguments: '{}' } }],
    },
    { role: 'assistant', content: '' },
  ]);
});

test('pictures are written as they come, and read as pictures', () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,SU1B' } };
  const part = { type: 'image' as const, source: { kind: 'base64' as const, mediaType: 'image/png', data: 'SU1B' } };
  const made: NeutralEvent = { type: 'opaque', dialect: 'gemini', candidate: 0, block: 0, value: {}, part };
  const written = encodeEvents(openaiChat, [START, made, { type: 'end' }]);
  assert.deepEqual(deltasOf(written), [{ role: 'assistant', images: [picture] }]);
  const read = decode([chunk({ content: 'Look.', images: [picture] }), stop('stop')]);
  assert.deepEqual(
    read.flatMap((event) => (event.type === 'opaque' ? [event.part] : [])),
    [part],
  );
  assert.deepEqual(deltasOf(encodeEvents(openaiChat, read))[1], { images: [picture] });
});

test('an error is the last event, and [DONE] does not follow', () => {
  const text = encodeEvents(openaiChat, [
    START,
    { type: 'error', error: { status: 529, type: 'overloaded_error', message: 'busy' } },
    END,
  ]);
  assert.deepEqual(bodiesOf(text), [
    { type: 'error', error: { type: 'overloaded_error', code: '529', message: 'busy' } },
  ]);
});

test('a ping keeps the connection open with an empty delta', () => {
  assert.deepEqual(deltasOf(encodeEvents(openaiChat, [{ type: 'ping' }, START, { type: 'ping' }])), [{}]);
});

test('several candidates and log probabilities pass through', () => {
  const logprobs = { content: [] };
  const bodies = [
    chunk({ content: 'a' }, { logprobs }),
    { ...chunk({ content: 'b' }), choices: [{ index: 1, delta: { content: 'b' } }] },
    { ...stop('stop'), choices: [{ index: 1, delta: {}, finish_reason: 'length' }] },
    stop('stop'),
  ];
  const written = bodiesOf(encodeEvents(openaiChat, decode(bodies), { includeUsage: false }));
  const choices = written.flatMap((body) =>
    typeof body === 'string' ? [] : ((body as JsonObject)['choices'] as JsonObject[]),
  );
  assert.deepEqual(choices, [
    { index: 0, delta: { role: 'assistant', content: 'a' }, logprobs },
    { index: 1, delta: { role: 'assistant', content: 'b' } },
    { index: 1, delta: {}, finish_reason: 'length' },
    { index: 0, delta: {}, finish_reason: 'stop' },
  ]);
});

test("OpenAI's SDK puts the written stream together", async () => {
  const text = encodeEvents(openaiChat, [
    START,
    ...TEXT,
    { type: 'tool-call-start', candidate: 0, block: 1, id: 'a', name: 'f' },
    { type: 'tool-call-delta', candidate: 0, block: 1, arguments: '{"x":' },
    { type: 'tool-call-delta', candidate: 0, block: 1, arguments: '1}' },
    { type: 'tool-call-end', candidate: 0, block: 1 },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    { type: 'usage', usage: { ...emptyUsage(), input: 1, output: 2 } },
    END,
  ]);
  const client = new OpenAI({
    apiKey: 'none',
    fetch: async () => new Response(text, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const stream = client.chat.completions.stream({ model: 'm', messages: [] });
  const completion = await stream.finalChatCompletion();
  const choice = completion.choices[0];
  assert.equal(choice?.message.content, 'Hi there');
  assert.equal(choice?.finish_reason, 'tool_calls');
  const call = choice?.message.tool_calls?.[0];
  assert.deepEqual(call?.type === 'function' ? [call.id, call.function.name, call.function.arguments] : [], [
    'a',
    'f',
    '{"x":1}',
  ]);
  assert.equal(completion.usage?.total_tokens, 3);
});
