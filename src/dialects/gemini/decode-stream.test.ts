import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext } from '../openai/support.test.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { createStreamEncoder } from './encode-stream.ts';

function decode(chunks: readonly (JsonObject | JsonObject[] | string)[]): NeutralEvent[] {
  let count = 0;
  const decoder = createStreamDecoder({
    header: () => undefined,
    requestModel: 'm',
    newId: (prefix) => {
      count += 1;
      return `${prefix}${count}`;
    },
  });
  const events: NeutralEvent[] = [];
  for (const chunk of chunks) {
    const data = typeof chunk === 'string' ? chunk : JSON.stringify(chunk);
    decoder.push({ event: '', data }, (event) => events.push(event));
  }
  decoder.finish((event) => events.push(event));
  return events;
}

function parts(...list: JsonObject[]): JsonObject {
  return { candidates: [{ content: { role: 'model', parts: list }, index: 0 }] };
}

function last(finishReason: string, ...list: JsonObject[]): JsonObject {
  return { candidates: [{ content: { role: 'model', parts: list }, finishReason, index: 0 }] };
}

function joined(events: readonly NeutralEvent[], type: 'text-delta' | 'reasoning-delta'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}

test('thoughts, text, several calls, usage and finish', () => {
  const usage = (candidates: number): JsonObject => ({ promptTokenCount: 4, candidatesTokenCount: candidates });
  const events = decode([
    { ...parts({ text: 'a', thought: true }), responseId: 'r', modelVersion: 'v', createTime: '1970-01-01T00:00:09Z' },
    parts({ text: 'b', thought: true, thoughtSignature: 'VA==' }),
    { ...parts({ text: 'Hel' }), usageMetadata: usage(1) },
    parts({ text: 'lo' }, { functionCall: { name: 'f', args: { x: 1 } }, thoughtSignature: 'Q0M=' }),
    parts({ functionCall: { id: 'given', name: 'g' } }, { functionCall: { name: 'h', args: {} } }),
    { ...last('STOP', { text: '' }), usageMetadata: usage(9) },
  ]);
  const at = (block: number): { candidate: number; block: number } => ({ candidate: 0, block });
  assert.deepEqual(events, [
    { type: 'start', id: 'r', model: 'v', created: 9 },
    { type: 'reasoning-start', ...at(0) },
    { type: 'reasoning-delta', ...at(0), text: 'a' },
    { type: 'reasoning-delta', ...at(0), text: 'b' },
    { type: 'reasoning-end', ...at(0), signature: 'VA==' },
    { type: 'text-start', ...at(1) },
    { type: 'text-delta', ...at(1), text: 'Hel' },
    { type: 'usage', usage: { ...emptyUsage(), input: 4, output: 1 } },
    { type: 'text-delta', ...at(1), text: 'lo' },
    { type: 'text-end', ...at(1) },
    { type: 'tool-call-start', ...at(2), id: 'call_1', name: 'f', signature: 'Q0M=' },
    { type: 'tool-call-delta', ...at(2), arguments: '{"x":1}' },
    { type: 'tool-call-end', ...at(2) },
    { type: 'tool-call-start', ...at(3), id: 'given', name: 'g' },
    { type: 'tool-call-delta', ...at(3), arguments: '{}' },
    { type: 'tool-call-end', ...at(3) },
    { type: 'tool-call-start', ...at(4), id: 'call_2', name: 'h' },
    { type: 'tool-call-delta', ...at(4), arguments: '{}' },
    { type: 'tool-call-end', ...at(4) },
    { type: 'usage', usage: { ...emptyUsage(), input: 4, output: 9 } },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    { type: 'end' },
  ]);
});

test('a signature in an empty part at the end stays with the text before it', () => {
  const events = decode([parts({ text: 'Hi' }), last('STOP', { text: '', thoughtSignature: 'VFQ=' })]);
  assert.deepEqual(events.slice(1, -2), [
    { type: 'text-start', candidate: 0, block: 0 },
    { type: 'text-delta', candidate: 0, block: 0, text: 'Hi' },
    {
      type: 'text-end',
      candidate: 0,
      block: 0,
      origin: { dialect: 'gemini', value: { thoughtSignature: 'VFQ=' } },
    },
  ]);
});

test('white space is kept wherever the provider cuts the text', () => {
  const deltas = ['  one', ' ', '\n\n', '', 'two  ', '\t', ' three\r\n'];
  const events = decode([...deltas.map((text) => parts({ text })), last('STOP')]);
  assert.equal(joined(events, 'text-delta'), deltas.join(''));
});

test('ratings of every chunk do not cut the text into blocks', () => {
  const rated = (text: string): JsonObject => ({
    candidates: [{ content: { parts: [{ text }] }, safetyRatings: [{ category: 'C' }] }],
  });
  const events = decode([rated('a'), rated('b'), last('STOP')]);
  assert.equal(events.filter((event) => event.type === 'text-start').length, 1);
  assert.deepEqual(
    events.filter((event) => event.type === 'opaque').map((event) => [event.block, event.value]),
    [
      [1, { safetyRatings: [{ category: 'C' }] }],
      [2, { safetyRatings: [{ category: 'C' }] }],
    ],
  );
});

test('parts without neutral events are opaque', () => {
  const image = { inlineData: { mimeType: 'image/png', data: 'AA' } };
  const part = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } };
  const events = decode([parts({ text: 'a' }, image), last('STOP', { executableCode: { code: 'x' } })]);
  assert.deepEqual(
    events.filter((event) => event.type === 'opaque'),
    [
      { type: 'opaque', dialect: 'gemini', candidate: 0, block: 1, value: image, part },
      { type: 'opaque', dialect: 'gemini', candidate: 0, block: 2, value: { executableCode: { code: 'x' } } },
    ],
  );
});

test('candidates interleave and end each for itself; the last finish reason counts', () => {
  const chunk = (index: number, text: string, finishReason?: string): JsonObject => ({
    candidates: [{ content: { parts: [{ text }] }, index, ...(finishReason === undefined ? {} : { finishReason }) }],
  });
  const events = decode([
    chunk(0, 'a'),
    chunk(1, 'x'),
    chunk(0, 'b', 'OTHER'),
    chunk(0, '', 'STOP'),
    chunk(1, 'y', 'MAX_TOKENS'),
  ]);
  assert.deepEqual(events.slice(-3), [
    { type: 'finish', candidate: 0, finishReason: 'stop' },
    { type: 'finish', candidate: 1, finishReason: 'length' },
    { type: 'end' },
  ]);
});

test('a blocked prompt ends by content filter', () => {
  const events = decode([{ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 2 } }]);
  assert.deepEqual(
    events.map((event) => event.type),
    ['start', 'usage', 'finish', 'end'],
  );
  assert.deepEqual(events[2], {
    type: 'finish',
    candidate: 0,
    finishReason: 'content-filter',
    rawFinishReason: 'SAFETY',
  });
});

test('an error object ends the stream once, also in an array', () => {
  const error = { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } };
  for (const chunk of [error, [error]]) {
    const events = decode([parts({ text: 'a' }), chunk, last('STOP')]);
    assert.deepEqual(events.at(-1), {
      type: 'error',
      error: { status: 503, type: 'UNAVAILABLE', message: 'overloaded' },
    });
    assert.equal(events.filter((event) => event.type === 'error' || event.type === 'end').length, 1);
  }
});

test('a stream that is cut is an error, also an empty one', () => {
  for (const chunks of [[], [parts({ text: 'a' })]]) {
    const final = decode(chunks).at(-1);
    assert.ok(final?.type === 'error');
    assert.equal(final.error.status, 502);
    assert.equal(final.error.code, 'provider_stream_error');
  }
});

test('frames that are no answer are bad responses, [DONE] is none of them', () => {
  assert.throws(() => decode(['{"candidates":']), { code: 'provider_bad_response' });
  assert.throws(() => decode(['"x"']), { code: 'provider_bad_response' });
  assert.equal(decode([last('STOP', { text: 'a' }), '[DONE]']).at(-1)?.type, 'end');
  const pieces = parts({ functionCall: { name: 'f', partialArgs: [], willContinue: true } });
  assert.throws(() => decode([pieces]), { code: 'provider_bad_response' });
});

test('log probabilities come with the text of their chunk', () => {
  const chunk = {
    candidates: [
      {
        content: { parts: [{ text: 'a' }] },
        logprobsResult: { chosenCandidates: [{ token: 'a', logProbability: -1 }] },
      },
    ],
  };
  const delta = decode([chunk, last('STOP')]).find((event) => event.type === 'text-delta');
  assert.deepEqual(delta?.logprobs, {
    content: [{ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }],
    refusal: null,
  });
});

function encode(events: readonly NeutralEvent[]): string {
  const context = answerContext({ requestModel: 'm', newId: (prefix) => `${prefix}x` });
  const encoder = createStreamEncoder(context);
  return events.map((event) => encoder.push(event)).join('');
}

function chunksOf(stream: string): JsonObject[] {
  return stream
    .split('\r\n\r\n')
    .filter((block) => block !== '')
    .map((block) => {
      assert.ok(block.startsWith('data: '), block);
      return JSON.parse(block.slice('data: '.length)) as JsonObject;
    });
}

test('property: however text and thoughts are cut, decoding and encoding keep every character', () => {
  const piece = fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 5 }), thought: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.array(piece, { maxLength: 3 }), { maxLength: 8 }), (chunks) => {
      const wire = chunks.map((list) =>
        parts(...list.map(({ text, thought }) => (thought ? { text, thought } : { text }))),
      );
      const flat = chunks.flat();
      const texts = flat.map(({ text, thought }) => (thought ? '' : text)).join('');
      const thoughts = flat.map(({ text, thought }) => (thought ? text : '')).join('');
      const events = decode([...wire, last('STOP')]);
      assert.equal(joined(events, 'text-delta'), texts);
      assert.equal(joined(events, 'reasoning-delta'), thoughts);
      assertOrdered(events);
      const again = decode(chunksOf(encode(events)));
      assert.equal(joined(again, 'text-delta'), texts);
      assert.equal(joined(again, 'reasoning-delta'), thoughts);
    }),
    { numRuns: 200 },
  );
});

/** Blocks open before they are written to, close once, and their numbers count up from 0. */
function assertOrdered(events: readonly NeutralEvent[]): void {
  const open = new Set<number>();
  let next = 0;
  for (const event of events) {
    if (event.type === 'text-start' || event.type === 'reasoning-start') {
      assert.equal(event.block, next);
      next += 1;
      open.add(event.block);
    } else if (event.type === 'text-delta' || event.type === 'reasoning-delta') assert.ok(open.has(event.block));
    else if (event.type === 'text-end' || event.type === 'reasoning-end') assert.ok(open.delete(event.block));
    else if (event.type === 'finish') assert.equal(open.size, 0);
  }
}

test('a stream for a Gemini client: calls whole, finish and usage in the last chunk', () => {
  const at = { candidate: 0, block: 0 };
  const stream = encode([
    { type: 'start', id: 'r', model: 'v' },
    { type: 'reasoning-start', ...at },
    { type: 'reasoning-delta', ...at, text: 'hm' },
    { type: 'reasoning-delta', ...at, text: ' so' },
    { type: 'reasoning-end', ...at, signature: 'U0lH' },
    { type: 'text-start', ...at, block: 1 },
    { type: 'text-delta', ...at, block: 1, text: 'Hi\n"' },
    { type: 'text-end', ...at, block: 1 },
    { type: 'tool-call-start', ...at, block: 2, id: 'c', name: 'f' },
    { type: 'ping' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: '{"a"' },
    { type: 'tool-call-delta', ...at, block: 2, arguments: ':1}' },
    { type: 'tool-call-end', ...at, block: 2 },
    { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
    { type: 'usage', usage: { ...emptyUsage(), input: 2, output: 3 } },
    { type: 'end' },
  ]);
  const identity = { modelVersion: 'v', responseId: 'r' };
  const chunk = (part: JsonObject, more: JsonObject = {}): JsonObject => ({
    candidates: [{ content: { parts: [part], role: 'model' }, index: 0, ...more }],
    ...identity,
  });
  assert.deepEqual(chunksOf(stream), [
    chunk({ text: 'hm', thought: true }),
    chunk({ text: ' so', thought: true, thoughtSignature: 'U0lH' }),
    chunk({ text: 'Hi\n"' }),
    chunk({ functionCall: { id: 'c', name: 'f', args: { a: 1 } } }),
    {
      ...chunk({ text: '' }, { finishReason: 'STOP' }),
      usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 3, totalTokenCount: 5 },
    },
  ]);
});

test('the last piece of a thought is not lost, whatever comes behind it', () => {
  const at = { candidate: 0, block: 0 };
  const after: NeutralEvent[] = [
    { type: 'reasoning-end', ...at },
    { type: 'text-delta', ...at, block: 1, text: 'Hi' },
    { type: 'reasoning-end', ...at, block: 1, signature: 'U0lH' },
    { type: 'end' },
  ];
  for (const event of after) {
    const [first] = chunksOf(encode([{ type: 'reasoning-delta', ...at, text: 'hm' }, event]));
    const content = { parts: [{ text: 'hm', thought: true }], role: 'model' };
    assert.deepEqual(first?.['candidates'], [{ content, index: 0 }], event.type);
  }
});

test('a call that was cut short is named in the last chunk', () => {
  const at = { candidate: 0, block: 0 };
  const [only] = chunksOf(
    encode([
      { type: 'start', id: 'r', model: 'v' },
      { type: 'tool-call-start', ...at, id: 'c', name: 'f' },
      { type: 'tool-call-delta', ...at, arguments: '{"a' },
      { type: 'tool-call-end', ...at },
      { type: 'finish', candidate: 0, finishReason: 'tool-calls' },
      { type: 'end' },
    ]),
  );
  assert.deepEqual(only?.['candidates'], [
    {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: 'MALFORMED_FUNCTION_CALL',
      index: 0,
      finishMessage: 'Malformed function call: f({"a)',
    },
  ]);
});

test('Gemini’s own stream passes through the neutral events unharmed', () => {
  const grounding = { groundingMetadata: { webSearchQueries: ['q'] } };
  const stream = [
    parts({ text: 'a' }, { functionCall: { id: 'c', name: 'f', args: {} }, thoughtSignature: 'Q0M=' }),
    parts({ executableCode: { code: 'x' } }, { text: 'b', thoughtSignature: 'VFQ=' }),
    { candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'SAFETY', index: 0, ...grounding }] },
  ];
  const events = decode(stream);
  const again = decode(chunksOf(encode(events)));
  const identified = events.map((event) => (event.type === 'start' ? { ...event, id: 'resp_x', model: 'm' } : event));
  assert.deepEqual(again, identified);
});

test('an error event for a Gemini client', () => {
  const error = { status: 429, type: 'rate_limit_error', message: 'slow down' };
  assert.deepEqual(chunksOf(encode([{ type: 'error', error }])), [
    { error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' } },
  ]);
});

test('pieces of a text come as they are, whatever stands beside them', () => {
  const said = (text: string, more: JsonObject = {}, usage?: JsonObject) => {
    const candidate = { content: { role: 'model', parts: [{ text }] }, index: 0, ...more };
    return { candidates: [candidate], ...(usage === undefined ? {} : { usageMetadata: usage }), modelVersion: 'm' };
  };
  const counted = (count: number) => ({
    promptTokenCount: 3,
    candidatesTokenCount: count,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 3 }],
  });
  const events = decode([
    said('a', {}, counted(1)),
    said('b', {}, counted(2)),
    said('c', {}, counted(2)),
    said('"d"', {}, counted(3)),
    said('e', {}, counted(4)),
    said('f'),
    said('g'),
    said('h', { safetyRatings: [] }, counted(5)),
    said('i', { safetyRatings: [] }, counted(6)),
    said('j', { index: 1 }, counted(7)),
    said('k', { index: 1 }, counted(8)),
    { ...said('l', {}, counted(9)), promptFeedback: {} },
    said('m', { finishReason: 'STOP' }, counted(10)),
  ]);
  const texts = events.flatMap((event) => (event.type === 'text-delta' ? [[event.candidate, event.text]] : []));
  assert.deepEqual(texts, [
    ...['a', 'b', 'c', '"d"', 'e', 'f', 'g', 'h', 'i'].map((text) => [0, text]),
    [1, 'j'],
    [1, 'k'],
    [0, 'l'],
    [0, 'm'],
  ]);
  const outputs = events.flatMap((event) => (event.type === 'usage' ? [event.usage.output] : []));
  assert.deepEqual(outputs, [1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(events.filter((event) => event.type === 'opaque').length, 2);
  assert.equal(events.at(-1)?.type, 'end');
});
