import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { createAwsEventStreamFramer, encodeAwsEventStreamMessage } from '../../streams/aws-event-stream.ts';
import { frameOfAwsEventStreamMessage } from '../../streams/aws-event-stream-frame.ts';
import type { StreamFrame } from '../dialect.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext } from '../openai/support.test.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { bedrockConverse } from './dialect.ts';
import { createStreamEncoder } from './encode-stream.ts';

const CONTEXT = {
  header: (name: string) => (name === 'x-amzn-requestid' ? 'request-1' : undefined),
  requestModel: 'something',
  newId: (prefix: string) => `${prefix}new`,
};

const frame = (event: string, payload: JsonObject): StreamFrame => ({ event, data: JSON.stringify(payload) });

function decode(frames: StreamFrame[]): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const decoder = createStreamDecoder(CONTEXT);
  for (const one of frames) decoder.push(one, (event) => events.push(event));
  decoder.finish((event) => events.push(event));
  return events;
}

function bytesOf(frames: StreamFrame[]): Uint8Array {
  return Buffer.concat(
    frames.map(({ event, data }) => {
      const kind = event.endsWith('Exception')
        ? { ':exception-type': event, ':message-type': 'exception' }
        : { ':event-type': event, ':message-type': 'event' };
      return encodeAwsEventStreamMessage(kind, new TextEncoder().encode(data));
    }),
  );
}

function framesOf(chunks: Uint8Array[]): StreamFrame[] {
  const frames: StreamFrame[] = [];
  const framer = createAwsEventStreamFramer((message) => frames.push(frameOfAwsEventStreamMessage(message)));
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return frames;
}

function encode(events: NeutralEvent[]): StreamFrame[] {
  const encoder = createStreamEncoder(answerContext());
  const chunks = events.map((event) => encoder.push(event)).filter((chunk) => chunk !== '');
  return framesOf(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
}

const payloads = (frames: StreamFrame[]): [string, unknown][] =>
  frames.map(({ event, data }) => [event, JSON.parse(data)]);

const at = (block: number) => ({ candidate: 0, block });
const START: NeutralEvent = { type: 'start', id: 'request-1', model: '' };
const END: NeutralEvent = { type: 'end' };

/** Text and a tool call as Bedrock streams them: no start for text, every index given. */
const TYPICAL: StreamFrame[] = [
  frame('messageStart', { role: 'assistant', p: 'abcd' }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Hm ✓' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'c2ln' } } }),
  frame('contentBlockStop', { contentBlockIndex: 0 }),
  frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Don' } }),
  frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: '’t worry' } }),
  frame('contentBlockStop', { contentBlockIndex: 1 }),
  frame('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'cosine' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"x": ' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '17}' } } }),
  frame('contentBlockStop', { contentBlockIndex: 2 }),
  frame('messageStop', { stopReason: 'tool_use' }),
  frame('metadata', { usage: { inputTokens: 41, outputTokens: 36, totalTokens: 77 }, metrics: { latencyMs: 5 } }),
];

const TYPICAL_EVENTS: NeutralEvent[] = [
  START,
  { type: 'reasoning-start', ...at(0) },
  { type: 'reasoning-delta', ...at(0), text: 'Hm ✓' },
  { type: 'reasoning-end', ...at(0), signature: 'c2ln' },
  { type: 'text-start', ...at(1) },
  { type: 'text-delta', ...at(1), text: 'Don' },
  { type: 'text-delta', ...at(1), text: '’t worry' },
  { type: 'text-end', ...at(1) },
  { type: 'tool-call-start', ...at(2), id: 't1', name: 'cosine' },
  { type: 'tool-call-delta', ...at(2), arguments: '{"x": ' },
  { type: 'tool-call-delta', ...at(2), arguments: '17}' },
  { type: 'tool-call-end', ...at(2) },
  { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
  { type: 'usage', usage: { ...emptyUsage(), input: 41, output: 36 } },
  { type: 'opaque', dialect: 'bedrock-converse', ...at(3), value: { metadata: { metrics: { latencyMs: 5 } } } },
  END,
];

test('a stream as Bedrock sends it; reference fault "text and thinking without a block start": each has one', () => {
  assert.deepEqual(decode(TYPICAL), TYPICAL_EVENTS);
});

test('the bytes cut at every place give the same events', () => {
  const bytes = bytesOf(TYPICAL);
  for (let place = 0; place <= bytes.length; place++) {
    const events = decode(framesOf([bytes.subarray(0, place), bytes.subarray(place)]));
    assert.deepEqual(events, TYPICAL_EVENTS, `cut at ${place}`);
  }
});

test('tool starts without an index, and a last frame that is no event and no JSON', () => {
  const events = decode([
    frame('messageStart', { role: 'assistant' }),
    frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Don' } }),
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('contentBlockStart', { start: { toolUse: { name: 'cosine', toolUseId: 't1' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"x": "17"}' } } }),
    frame('contentBlockStop', { contentBlockIndex: 1 }),
    frame('contentBlockStart', { start: { toolUse: { name: 'sine', toolUseId: 't2' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"x": "18"}' } } }),
    frame('contentBlockStop', { contentBlockIndex: 2 }),
    frame('messageStop', { stopReason: 'tool_use' }),
    { event: '', data: 'this is no event' },
  ]);
  assert.deepEqual(events, [
    START,
    { type: 'text-start', ...at(0) },
    { type: 'text-delta', ...at(0), text: 'Don' },
    { type: 'text-end', ...at(0) },
    { type: 'tool-call-start', ...at(1), id: 't1', name: 'cosine' },
    { type: 'tool-call-delta', ...at(1), arguments: '{"x": "17"}' },
    { type: 'tool-call-end', ...at(1) },
    { type: 'tool-call-start', ...at(2), id: 't2', name: 'sine' },
    { type: 'tool-call-delta', ...at(2), arguments: '{"x": "18"}' },
    { type: 'tool-call-end', ...at(2) },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    END,
  ]);
});

test('deltas without any index: another kind closes the block and opens the next', () => {
  const events = decode([
    frame('messageStart', { role: 'assistant' }),
    frame('contentBlockDelta', { delta: { reasoningContent: { text: 'First' } } }),
    frame('contentBlockDelta', { delta: { text: 'Hello!' } }),
    frame('messageStop', { stopReason: 'end_turn' }),
  ]);
  assert.deepEqual(events, [
    START,
    { type: 'reasoning-start', ...at(0) },
    { type: 'reasoning-delta', ...at(0), text: 'First' },
    { type: 'reasoning-end', ...at(0) },
    { type: 'text-start', ...at(1) },
    { type: 'text-delta', ...at(1), text: 'Hello!' },
    { type: 'text-end', ...at(1) },
    { type: 'finish', candidate: 0, finishReason: 'stop' },
    END,
  ]);
});

test('a call without arguments gets an empty object, so that what a client collects is JSON', () => {
  const events = decode([
    frame('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'now' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '' } } }),
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('messageStop', { stopReason: null as unknown as string }),
  ]);
  assert.deepEqual(events[0], START);
  assert.deepEqual(events[2], { type: 'tool-call-delta', ...at(0), arguments: '{}' });
  assert.deepEqual(events[4], { type: 'finish', candidate: 0, finishReason: 'tool-calls' });
});

test('redacted thought in pieces, citations, a tool Bedrock ran, guardrail trace', () => {
  const citation = { title: 'T', location: { web: { url: 'u' } } };
  const redacted = ['one', 'two'].map((part) => Buffer.from(part).toString('base64'));
  const source: StreamFrame[] = [
    frame('messageStart', { role: 'assistant' }),
    ...redacted.map((redactedContent) =>
      frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { redactedContent } } }),
    ),
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('contentBlockStart', {
      contentBlockIndex: 1,
      start: { toolUse: { toolUseId: 's', name: 'nova_grounding', type: 'server_tool_use' } },
    }),
    frame('contentBlockDelta', { contentBlockIndex: 1, delta: { toolUse: { input: '{"q":1}' } } }),
    frame('contentBlockStop', { contentBlockIndex: 1 }),
    frame('contentBlockStart', { contentBlockIndex: 2, start: { toolResult: { toolUseId: 's', status: 'success' } } }),
    frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolResult: [{ text: 'fou' }] } }),
    frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolResult: [{ text: 'nd' }] } }),
    frame('contentBlockStop', { contentBlockIndex: 2 }),
    frame('contentBlockDelta', { contentBlockIndex: 3, delta: { text: 'cited' } }),
    frame('contentBlockDelta', { contentBlockIndex: 3, delta: { citation } }),
    frame('contentBlockStop', { contentBlockIndex: 3 }),
    frame('messageStop', { stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: 'END' } }),
    frame('metadata', { metrics: { latencyMs: 1 }, trace: { guardrail: {} } }),
  ];
  const events = decode(source);
  const toolUse = { toolUseId: 's', name: 'nova_grounding', type: 'server_tool_use', input: { q: 1 } };
  const toolResult = { toolUseId: 's', status: 'success', content: [{ text: 'found' }] };
  const opaque = (block: number, value: JsonObject): NeutralEvent => ({
    type: 'opaque',
    dialect: 'bedrock-converse',
    ...at(block),
    value,
  });
  assert.deepEqual(events.slice(1, -1), [
    { type: 'reasoning-start', ...at(0) },
    { type: 'reasoning-end', ...at(0), encrypted: Buffer.from('onetwo').toString('base64') },
    opaque(1, { toolUse }),
    opaque(2, { toolResult }),
    { type: 'text-start', ...at(3) },
    { type: 'text-delta', ...at(3), text: 'cited' },
    {
      type: 'text-end',
      ...at(3),
      origin: { dialect: 'bedrock-converse', value: { citationsContent: { citations: [citation] } } },
      citations: [{ url: 'u', title: 'T' }],
    },
    opaque(4, { messageStop: { additionalModelResponseFields: { stop_sequence: 'END' } } }),
    { type: 'finish', candidate: 0, finishReason: 'stop-sequence', stopSequence: 'END' },
    opaque(5, { metadata: { metrics: { latencyMs: 1 }, trace: { guardrail: {} } } }),
  ]);
  // Written for a Converse client it is the same stream again, tokens in one piece.
  assert.deepEqual(
    decode(encode(events)).filter((event) => event.type !== 'usage'),
    events,
  );
});

test('an exception frame is an error, and nothing comes after it', () => {
  const events = decode([
    frame('messageStart', { role: 'assistant' }),
    frame('throttlingException', { message: 'Too many tokens' }),
    frame('messageStop', { stopReason: 'end_turn' }),
  ]);
  assert.deepEqual(events, [
    START,
    { type: 'error', error: { status: 429, type: 'ThrottlingException', message: 'Too many tokens' } },
  ]);
  const status = (event: string, payload: JsonObject): unknown => {
    const [error] = decode([frame(event, payload)]);
    return error?.type === 'error' && [error.error.status, error.error.message];
  };
  assert.deepEqual(status('modelStreamErrorException', { originalStatusCode: 529, originalMessage: 'busy' }), [
    529,
    'busy',
  ]);
  assert.deepEqual(status('modelStreamErrorException', { message: 'x' }), [424, 'x']);
  assert.deepEqual(status('serviceUnavailableException', { message: 'x' }), [503, 'x']);
  assert.deepEqual(status('newFangledException', { message: 'x' }), [500, 'x']);
});

test('a stream that ends early is an error, not an end', () => {
  for (let count = 0; count < 12; count++) {
    const last = decode(TYPICAL.slice(0, count)).at(-1);
    assert.equal(last?.type === 'error' && last.error.type, 'incomplete_stream', `after ${count} frames`);
  }
  assert.deepEqual(decode(TYPICAL.slice(0, 13)).at(-1), END);
});

test('frames that are not of this API are refused', () => {
  const bad = (error: unknown): boolean => GatewayError.is(error) && error.code === 'provider_bad_response';
  assert.throws(() => decode([{ event: 'contentBlockDelta', data: '{' }]), bad);
  assert.throws(
    () => decode([frame('contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '1' } } })]),
    bad,
  );
  assert.throws(() => decode([frame('contentBlockStart', { contentBlockIndex: 0, start: { toolUse: {} } })]), bad);
});

test('written as AWS writes it: text without a start, tools with one, all closed, usage last', () => {
  const frames = payloads(encode(TYPICAL_EVENTS));
  const usage = {
    inputTokens: 41,
    outputTokens: 36,
    totalTokens: 77,
    cacheReadInputTokens: 0,
    cacheWriteInputTokens: 0,
  };
  assert.deepEqual(frames, [
    ['messageStart', { role: 'assistant' }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Hm ✓' } } }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'c2ln' } } }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Don' } }],
    ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: '’t worry' } }],
    ['contentBlockStop', { contentBlockIndex: 1 }],
    ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'cosine' } } }],
    ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"x": ' } } }],
    ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '17}' } } }],
    ['contentBlockStop', { contentBlockIndex: 2 }],
    ['messageStop', { stopReason: 'tool_use' }],
    ['metadata', { metrics: { latencyMs: 5 }, usage }],
  ]);
});

test('a foreign stream: empty blocks leave no trace, open ones are closed, usage may come early', () => {
  const frames = payloads(
    encode([
      { type: 'usage', usage: { ...emptyUsage(), input: 1 } },
      { type: 'text-start', ...at(0) },
      { type: 'text-end', ...at(0) },
      { type: 'ping' },
      { type: 'refusal-delta', ...at(1), text: 'No' },
      { type: 'text-delta', candidate: 1, block: 2, text: 'another candidate' },
      { type: 'usage', usage: { ...emptyUsage(), input: 2, output: 1 } },
      { type: 'finish', candidate: 0, finishReason: 'content-filter' },
      END,
      { type: 'text-delta', ...at(3), text: 'late' },
    ]),
  );
  assert.deepEqual(
    frames.map(([event]) => event),
    ['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'],
  );
  assert.deepEqual(frames[3]?.[1], { stopReason: 'content_filtered' });
  assert.match(JSON.stringify(frames[4]), /"totalTokens":3/);
});

test('an error inside a stream is an exception message of a kind AWS SDKs know', () => {
  const error = { status: 502, type: 'overloaded_error', message: 'The provider failed.' };
  assert.deepEqual(encode([START, { type: 'error', error }, END]), [
    { event: 'messageStart', data: '{"role":"assistant"}' },
    { event: 'internalServerException', data: '{"message":"The provider failed."}' },
  ]);
});

test('the observer of a stream that passes through', () => {
  const observer = bedrockConverse.usage.createStreamObserver();
  for (const { event, data } of TYPICAL.slice(0, 12)) observer.frame(event, data);
  assert.equal(observer.complete, false);
  for (const { event, data } of TYPICAL.slice(12)) observer.frame(event, data);
  observer.frame('', 'this is no event');
  assert.equal(observer.complete, true);
  assert.deepEqual(observer.usage, { ...emptyUsage(), input: 41, output: 36 });
  assert.equal(observer.model, undefined);
  assert.equal(observer.error, undefined);
  const failed = bedrockConverse.usage.createStreamObserver();
  failed.frame('throttlingException', '{"message":"slow"}');
  assert.deepEqual(failed.error, { status: 429, type: 'ThrottlingException', message: 'slow' });
});

/** Blocks of an answer, in order. */
const BLOCK = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), pieces: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }) }),
  fc.record({
    kind: fc.constant('reasoning' as const),
    pieces: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
    signature: fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('redacted' as const), encrypted: fc.string({ minLength: 1 }) }),
  fc.record({
    kind: fc.constant('tool' as const),
    id: fc.uuid(),
    name: fc.stringMatching(/^[a-z_]{1,12}$/),
    pieces: fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
  }),
);

test('any answer written and read again, in any pieces, is the same answer', () => {
  fc.assert(
    fc.property(fc.array(BLOCK, { maxLength: 6 }), fc.integer({ min: 1, max: 100 }), (blocks, size) => {
      const events: NeutralEvent[] = [START];
      blocks.forEach((one, index) => {
        const place = at(index);
        switch (one.kind) {
          case 'text':
            events.push({ type: 'text-start', ...place });
            for (const text of one.pieces) events.push({ type: 'text-delta', ...place, text });
            events.push({ type: 'text-end', ...place });
            break;
          case 'reasoning':
            events.push({ type: 'reasoning-start', ...place });
            for (const text of one.pieces) events.push({ type: 'reasoning-delta', ...place, text });
            events.push({
              type: 'reasoning-end',
              ...place,
              ...(one.signature === undefined ? {} : { signature: one.signature }),
            });
            break;
          case 'redacted':
            events.push({ type: 'reasoning-start', ...place });
            events.push({ type: 'reasoning-end', ...place, encrypted: one.encrypted });
            break;
          case 'tool':
            events.push({ type: 'tool-call-start', ...place, id: one.id, name: one.name });
            for (const piece of one.pieces) events.push({ type: 'tool-call-delta', ...place, arguments: piece });
            events.push({ type: 'tool-call-end', ...place });
        }
      });
      events.push({ type: 'finish', candidate: 0, finishReason: 'stop' });
      const bytes = bytesOf(encode([...events, { type: 'usage', usage: emptyUsage() }, END]));
      const chunks: Uint8Array[] = [];
      for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size));
      const read = decode(framesOf(chunks));
      assert.deepEqual(read.slice(0, events.length), events);
      assert.deepEqual(read.at(-1), END);
    }),
  );
});

test('text comes as it is, however the frames are padded, and goes on in the block it belongs to', () => {
  const delta = (contentBlockIndex: number, text: string, padding?: string): StreamFrame =>
    frame('contentBlockDelta', {
      contentBlockIndex,
      delta: { text },
      ...(padding === undefined ? {} : { p: padding }),
    });
  const events = decode([
    frame('messageStart', { role: 'assistant' }),
    delta(0, 'a', 'abcdef'),
    delta(0, 'b', 'abc'),
    delta(0, 'c'),
    delta(0, ',"p":"x"}', 'ab'),
    delta(0, '', 'abcd'),
    delta(0, 'd', ''),
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    delta(0, 'e', 'abcd'),
    delta(1, 'f', 'abcd'),
    delta(1, 'g', 'a'),
    frame('messageStop', { stopReason: 'end_turn' }),
  ]);
  const texts = events.flatMap((event) => (event.type === 'text-delta' ? [[event.block, event.text]] : []));
  assert.deepEqual(texts, [
    ...['a', 'b', 'c', ',"p":"x"}', 'd'].map((text) => [0, text]),
    [1, 'e'],
    [2, 'f'],
    [2, 'g'],
  ]);
});
