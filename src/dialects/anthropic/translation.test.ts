import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import { createSseFramer } from '../../streams/sse-framer.ts';
import type { Dialect, StreamFrame } from '../dialect.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import {
  answerContext,
  decodeFrames,
  encodeContext,
  encodeEvents,
  onWire,
  parseSse,
  providerContext,
  sidesOf,
} from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { anthropic } from './dialect.ts';

/** Properties that hold for both dialects: what the neutral model holds survives the wire. */

const word = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `${text}.`);
const token = fc.base64String({ minLength: 4, maxLength: 16 });
const json = fc.dictionary(
  fc.string({ maxLength: 5 }),
  fc.oneof(fc.integer(), fc.string({ maxLength: 5 }), fc.boolean()),
  { maxKeys: 3 },
);

const textPart = word.map((text): NeutralPart => ({ type: 'text', text }));
const imagePart = token.map(
  (data): NeutralPart => ({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data } }),
);
const thought = fc.oneof(
  fc.tuple(word, token).map(([text, signature]): NeutralPart => ({ type: 'reasoning', text, signature })),
  token.map((encrypted): NeutralPart => ({ type: 'reasoning', text: '', encrypted })),
);
const callOf = (id: string, input: JsonObject): NeutralPart => ({
  type: 'tool-call',
  id,
  name: 'f',
  arguments: JSON.stringify(input),
});

/** A turn of the user, one of the assistant with thoughts, text and calls, and the results. */
const conversation = fc
  .record({
    question: fc.array(fc.oneof(textPart, imagePart), { minLength: 1, maxLength: 3 }),
    thoughts: fc.array(thought, { maxLength: 2 }),
    said: textPart,
    inputs: fc.array(json, { minLength: 1, maxLength: 3 }),
    result: word,
  })
  .map(({ question, thoughts, said, inputs, result }): NeutralMessage[] => {
    const calls = inputs.map((input, index) => callOf(`call_${index}`, input as JsonObject));
    const results = calls.map((_, index): NeutralPart => {
      return { type: 'tool-result', callId: `call_${index}`, name: 'f', content: [{ type: 'text', text: result }] };
    });
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: [...thoughts, said, ...calls] },
      ...results.map((part): NeutralMessage => ({ role: 'tool', content: [part] })),
    ];
  });

/** Parts of all messages in order, which is what both wires agree on: they group turns in their own ways. */
function partsOf(request: NeutralRequest): NeutralPart[] {
  return request.messages
    .flatMap((message) => message.content)
    .map((part) => {
      const { origin: _origin, ...plain } = part;
      if (plain.type === 'tool-result') delete plain.isError;
      if (plain.type === 'tool-call') plain.arguments = JSON.stringify(JSON.parse(plain.arguments || '{}'));
      return plain as NeutralPart;
    });
}

function throughWire(dialect: Dialect, request: NeutralRequest): NeutralRequest {
  const { client, provider } = sidesOf(dialect);
  return client.decodeRequest(onWire(provider.encodeRequest(request, encodeContext())), {});
}

for (const dialect of [openaiChat, anthropic]) {
  test(`property: ${dialect.name} keeps a conversation with thoughts, images and calls`, () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const extensions = { [dialect.name]: {} };
        const request: NeutralRequest = { model: 'claude-sonnet-4-5', stream: false, messages, tools: [], extensions };
        assert.deepEqual(partsOf(throughWire(dialect, request)), partsOf(request));
      }),
    );
  });
}

const usages: fc.Arbitrary<Usage> = fc
  .record({ input: fc.nat(9999), cacheRead: fc.nat(9999), cacheWrite: fc.nat(9999), output: fc.nat(9999) })
  .map((counts) => ({ ...emptyUsage(), ...counts }));

/** Events of a whole answer: thoughts, texts and calls, the calls interleaved by `order`. */
const answers = fc
  .record({
    thought: word,
    signature: token,
    texts: fc.array(word, { minLength: 1, maxLength: 4 }),
    calls: fc.array(fc.array(fc.string({ maxLength: 6 }), { maxLength: 3 }), { maxLength: 3 }),
    order: fc.array(fc.nat(2), { maxLength: 12 }),
    usage: usages,
  })
  .map(({ thought: thinking, signature, texts, calls, order, usage }): { events: NeutralEvent[]; usage: Usage } => {
    const at = { candidate: 0 };
    const events: NeutralEvent[] = [
      { type: 'start', id: 'answer-1', model: 'model-1' },
      { type: 'reasoning-start', ...at, block: 0 },
      { type: 'reasoning-delta', ...at, block: 0, text: thinking },
      { type: 'reasoning-end', ...at, block: 0, signature },
      { type: 'text-start', ...at, block: 1 },
      ...texts.map((text): NeutralEvent => ({ type: 'text-delta', ...at, block: 1, text })),
      { type: 'text-end', ...at, block: 1 },
    ];
    const queues = calls.map((pieces, index) => {
      const whole = JSON.stringify({ text: pieces.join('') });
      const middle = Math.floor(whole.length / 2);
      events.push({ type: 'tool-call-start', ...at, block: index + 2, id: `call_${index}`, name: `f${index}` });
      return [whole.slice(0, middle), whole.slice(middle)];
    });
    for (const pick of [...order, ...calls.flatMap((_, index) => [index, index])]) {
      const piece = queues[pick]?.shift();
      if (piece !== undefined) events.push({ type: 'tool-call-delta', ...at, block: pick + 2, arguments: piece });
    }
    calls.forEach((_, index) => {
      events.push({ type: 'tool-call-end', ...at, block: index + 2 });
    });
    events.push({ type: 'finish', ...at, finishReason: calls.length > 0 ? 'tool-calls' : 'stop' });
    events.push({ type: 'usage', usage }, { type: 'end' });
    return { events, usage };
  });

/** What a stream says, whatever its pieces. */
function summary(events: NeutralEvent[]): JsonObject {
  const calls = new Map<number, string>();
  let text = '';
  let thinking = '';
  let usage: Usage | undefined;
  const rest: string[] = [];
  for (const event of events) {
    if (event.type === 'text-delta') text += event.text;
    else if (event.type === 'reasoning-delta') thinking += event.text;
    else if (event.type === 'tool-call-start') calls.set(event.block, `${event.id} ${event.name} `);
    else if (event.type === 'tool-call-delta') calls.set(event.block, `${calls.get(event.block)}${event.arguments}`);
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'reasoning-end') rest.push(`signature ${event.signature}`);
    else if (event.type === 'start') rest.push(`start ${event.id} ${event.model}`);
    else if (event.type === 'finish') rest.push(`finish ${event.finishReason}`);
    else if (event.type === 'end' || event.type === 'error') rest.push(event.type);
  }
  return { text, thinking, calls: [...calls.values()], usage: onWire(usage ?? null) as JsonObject | null, rest };
}

for (const dialect of [openaiChat, anthropic]) {
  test(`property: a stream through ${dialect.name} says the same, usage included`, () => {
    fc.assert(
      fc.property(answers, ({ events }) => {
        const frames: StreamFrame[] = parseSse(encodeEvents(dialect, events));
        assert.deepEqual(summary(decodeFrames(dialect, frames)), summary(events));
      }),
    );
  });

  test(`property: a stream of ${dialect.name} cut anywhere never ends as whole, and never ends twice`, () => {
    fc.assert(
      fc.property(answers, fc.nat(), ({ events }, cut) => {
        const frames = parseSse(encodeEvents(dialect, events));
        // OpenAI's answer is whole once its finish reason came: cut before it.
        const whole = frames.findIndex((frame) => /"finish_reason":"|^\{"type":"message_stop/.test(frame.data));
        const got = decodeFrames(dialect, frames.slice(0, cut % Math.max(1, whole)));
        assert.deepEqual(got.filter((event) => event.type === 'end' || event.type === 'error').length, 1);
        assert.equal(got.at(-1)?.type, 'error');
      }),
    );
  });

  test(`a stream of ${dialect.name} split at every character says the same`, () => {
    const at = { candidate: 0 };
    const events: NeutralEvent[] = [
      { type: 'start', id: 'answer-1', model: 'model-1' },
      { type: 'text-start', ...at, block: 0 },
      { type: 'text-delta', ...at, block: 0, text: 'line\n\ndata: [DONE]\r\n ü' },
      { type: 'text-end', ...at, block: 0 },
      { type: 'tool-call-start', ...at, block: 1, id: 'call_1', name: 'f' },
      { type: 'tool-call-delta', ...at, block: 1, arguments: '{"a":"\\n"}' },
      { type: 'tool-call-end', ...at, block: 1 },
      { type: 'finish', ...at, finishReason: 'tool-calls' },
      { type: 'usage', usage: { ...emptyUsage(), input: 1, output: 2 } },
      { type: 'end' },
    ];
    const text = encodeEvents(dialect, events);
    for (let cut = 0; cut <= text.length; cut++) {
      const frames: StreamFrame[] = [];
      const framer = createSseFramer((event, data) => void frames.push({ event, data }));
      framer.push(text.slice(0, cut));
      framer.push(text.slice(cut));
      framer.end();
      assert.deepEqual(summary(decodeFrames(dialect, frames)), summary(events));
    }
  });

  test(`property: a whole answer through ${dialect.name} keeps its parts and usage`, () => {
    const { client, provider } = sidesOf(dialect);
    const parts = fc.tuple(fc.array(thought, { maxLength: 2 }), word, fc.array(json, { maxLength: 2 }));
    fc.assert(
      fc.property(parts, usages, ([thoughts, text, inputs], usage) => {
        const calls = inputs.map((input, index) => callOf(`call_${index}`, input as JsonObject));
        const content: NeutralPart[] = [...thoughts, { type: 'text', text }, ...calls];
        const finishReason = calls.length > 0 ? ('tool-calls' as const) : ('stop' as const);
        const response = { id: 'r', model: 'm', candidates: [{ index: 0, content, finishReason }], usage };
        const wire = onWire(client.encodeResponse(response, answerContext()));
        const again = provider.decodeResponse(wire, providerContext());
        assert.deepEqual(
          [again.id, again.model, again.candidates, again.usage],
          ['r', 'm', response.candidates, usage],
        );
      }),
    );
  });
}

test('a stream of Claude, seen by an OpenAI client: thoughts are thoughts, calls stand in order', () => {
  const data: JsonObject[] = [
    { type: 'message_start', message: { id: 'm', model: 'c', usage: { input_tokens: 1, output_tokens: 0 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'a', name: 'f', input: {} } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'b', name: 'g', input: {} } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  ];
  const frames = data.map((body) => ({ event: String(body['type']), data: JSON.stringify(body) }));
  const text = encodeEvents(openaiChat, decodeFrames(anthropic, frames), { includeUsage: false });
  const deltas = parseSse(text)
    .slice(0, -1)
    .map((frame) => ((JSON.parse(frame.data) as JsonObject)['choices'] as JsonObject[])[0]?.['delta'] as JsonObject);
  assert.equal(deltas[0]?.['reasoning_content'], 'hm');
  assert.equal(
    deltas.some((delta) => typeof delta['content'] === 'string' && delta['content'] !== ''),
    false,
  );
  const calls = deltas.flatMap((delta) => (delta['tool_calls'] as JsonObject[] | undefined) ?? []);
  assert.deepEqual(
    calls.map((call) => [call['index'], call['id'] ?? '', (call['function'] as JsonObject)['arguments']]),
    [
      [0, 'a', ''],
      [0, '', '{}'],
      [1, 'b', ''],
      [1, '', '{}'],
    ],
  );
});
