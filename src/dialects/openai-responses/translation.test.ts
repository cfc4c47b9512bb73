import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import { createSseFramer } from '../../streams/sse-framer.ts';
import type { StreamFrame } from '../dialect.ts';
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
import { openaiResponses } from './dialect.ts';
import { packForeignToken, packOwnToken, unpackForeignToken, unpackOwnToken } from './reasoning-token.ts';

/** Properties: what the neutral model holds survives the wire. */

const { client, provider } = sidesOf(openaiResponses);
const word = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `${text}.`);
const token = fc.base64String({ minLength: 4, maxLength: 16 });
const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(fc.integer(), fc.string(), fc.boolean()), {
  maxKeys: 3,
});

const textPart = word.map((text): NeutralPart => ({ type: 'text', text }));
const imagePart = token.map(
  (data): NeutralPart => ({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data }, detail: 'low' }),
);
const filePart = fc.tuple(token, word).map(
  ([data, name]): NeutralPart => ({
    type: 'document',
    source: { kind: 'base64', mediaType: 'application/pdf', data },
    name,
  }),
);
const thought = fc.oneof(
  fc.tuple(word, fc.string(), token).map(
    ([text, id, encryptedContent]): NeutralPart => ({
      type: 'reasoning',
      text,
      encrypted: packOwnToken({ id: id.replaceAll(':', ''), encryptedContent }),
    }),
  ),
  word.map((text): NeutralPart => ({ type: 'reasoning', text })),
);

/** Turns of user and assistant with thoughts, text and calls, and the results. */
const conversation = fc
  .array(
    fc.record({
      question: fc.array(fc.oneof(textPart, imagePart, filePart), { minLength: 1, maxLength: 3 }),
      thoughts: fc.array(thought, { maxLength: 2 }),
      said: fc.array(textPart, { maxLength: 2 }),
      inputs: fc.array(json, { minLength: 1, maxLength: 3 }),
      result: fc.array(fc.oneof(textPart, imagePart), { minLength: 1, maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((turns) =>
    turns.flatMap(({ question, thoughts, said, inputs, result }, turn): NeutralMessage[] => {
      const calls = inputs.map((given, index): NeutralPart => {
        return { type: 'tool-call', id: `call_${turn}_${index}`, name: 'f', arguments: JSON.stringify(given) };
      });
      const results = calls.map((_, index): NeutralPart => {
        return { type: 'tool-result', callId: `call_${turn}_${index}`, name: 'f', content: result };
      });
      return [
        { role: 'user', content: question },
        { role: 'assistant', content: [...thoughts, ...said, ...calls] },
        ...results.map((part): NeutralMessage => ({ role: 'tool', content: [part] })),
      ];
    }),
  );

/** Parts without origins, which say how they were written. */
function bare(messages: NeutralMessage[]): unknown {
  return JSON.parse(JSON.stringify(messages, (key, value) => (key === 'origin' ? undefined : value)));
}

test('property: a conversation is the same after the wire', () => {
  fc.assert(
    fc.property(conversation, (messages) => {
      const request: NeutralRequest = {
        model: 'gpt-5',
        stream: false,
        messages,
        tools: [],
        extensions: { 'openai-responses': {} },
      };
      const body = onWire(provider.encodeRequest(request, encodeContext()));
      assert.deepEqual(bare(client.decodeRequest(body, {}).messages), bare(messages));
    }),
  );
});

test('property: tokens are the same after packing, whatever they hold', () => {
  const any = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(any, any, fc.string({ unit: 'grapheme' }), (signature, encrypted, content) => {
      const foreign = { dialect: 'anthropic', signature, encrypted, callSignature: signature } as const;
      assert.deepEqual(unpackForeignToken(packForeignToken(foreign)), foreign);
      const own = { id: 'rs_1', encryptedContent: content };
      assert.deepEqual(unpackOwnToken(packOwnToken(own)), own);
    }),
  );
});

const usages: fc.Arbitrary<Usage> = fc
  .record({ input: fc.nat(9999), cacheRead: fc.nat(9999), cacheWrite: fc.nat(9999), output: fc.nat(9999) })
  .map((counts) => ({ ...emptyUsage(), ...counts }));

/** Events of a whole answer: thoughts, texts, refusals and calls, whose deltas and ends interleave by `order`. */
const answers = fc
  .record({
    kinds: fc.array(fc.constantFrom('text', 'reasoning', 'call', 'refusal'), { minLength: 1, maxLength: 5 }),
    pieces: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
    order: fc.array(fc.nat(4), { maxLength: 30 }),
    usage: usages,
    finishReason: fc.constantFrom('stop', 'length', 'content-filter'),
  })
  .map(({ kinds, pieces, order, usage, finishReason }) => {
    const queues = kinds.map((kind, block): NeutralEvent[] => {
      const at = { candidate: 0, block };
      switch (kind) {
        case 'text':
          return [
            { type: 'text-start', ...at },
            ...pieces.map((text): NeutralEvent => ({ type: 'text-delta', ...at, text })),
            { type: 'text-end', ...at },
          ];
        case 'reasoning':
          return [
            { type: 'reasoning-start', ...at },
            ...pieces.map((text): NeutralEvent => ({ type: 'reasoning-delta', ...at, text })),
            { type: 'reasoning-end', ...at, signature: 'c2ln' },
          ];
        case 'call':
          return [
            { type: 'tool-call-start', ...at, id: `call_${block}`, name: 'f' },
            ...pieces.map((text): NeutralEvent => ({ type: 'tool-call-delta', ...at, arguments: text })),
            { type: 'tool-call-end', ...at },
          ];
        default:
          return pieces.map((text): NeutralEvent => ({ type: 'refusal-delta', ...at, text }));
      }
    });
    const events: NeutralEvent[] = [{ type: 'start', id: 'resp_1', model: 'm' }];
    const take = (block: number): boolean => {
      const event = queues[block]?.shift();
      // Blocks are numbered in the order of their appearance.
      const early = queues.slice(0, block).some((queue, index) => queue.length === lengths[index]);
      if (event === undefined) return false;
      if (early) {
        queues[block]?.unshift(event);
        return false;
      }
      events.push(event);
      return true;
    };
    const lengths = queues.map((queue) => queue.length);
    for (const block of order) take(block);
    for (let block = 0; block < queues.length; block++) while (take(block));
    events.push({ type: 'usage', usage }, { type: 'finish', candidate: 0, finishReason }, { type: 'end' });
    return { events, usage, kinds, whole: pieces.join('') };
  });

test('property: in whatever order blocks stream, the final response holds them whole, and reads back the same', () => {
  fc.assert(
    fc.property(answers, ({ events, usage, kinds, whole }) => {
      const text = encodeEvents(openaiResponses, events);
      const frames = parseSse(text);
      const bodies = frames.map((frame) => JSON.parse(frame.data) as JsonObject);
      assert.deepEqual(
        bodies.map((body) => body['sequence_number']),
        bodies.map((_, position) => position),
      );
      const response = bodies.at(-1)?.['response'] as JsonObject;
      const done = bodies.filter((body) => body['type'] === 'response.output_item.done');
      assert.deepEqual(
        response['output'],
        done.sort((a, b) => Number(a['output_index']) - Number(b['output_index'])).map((body) => body['item']),
      );
      const read = provider.decodeResponse(response, providerContext());
      const count = (type: string): number => kinds.filter((kind) => kind === type).length;
      const partsOf = (type: NeutralPart['type']): NeutralPart[] =>
        (read.candidates[0]?.content ?? []).filter((part) => part.type === type);
      for (const [kind, type] of [
        ['text', 'text'],
        ['reasoning', 'reasoning'],
        ['call', 'tool-call'],
      ] as const) {
        const texts = partsOf(type).map((part) =>
          part.type === 'tool-call'
            ? part.arguments
            : part.type === 'text' || part.type === 'reasoning'
              ? part.text
              : '',
        );
        assert.deepEqual(
          texts,
          Array.from({ length: count(kind) }, () => whole),
        );
      }
      const refusals = partsOf('refusal').map((part) => (part.type === 'refusal' ? part.text : ''));
      assert.deepEqual(
        refusals,
        Array.from({ length: count('refusal') }, () => whole),
      );
      assert.deepEqual(read.usage, usage);
      const last = decodeFrames(openaiResponses, frames);
      assert.deepEqual(
        last.find((event) => event.type === 'usage'),
        { type: 'usage', usage },
      );
      assert.deepEqual(last.at(-1), { type: 'end' });
    }),
  );
});

test('property: a stream reads the same wherever it is split', () => {
  fc.assert(
    fc.property(answers, fc.nat(), ({ events }, cut) => {
      const text = encodeEvents(openaiResponses, events);
      const at = cut % text.length;
      const frames: StreamFrame[] = [];
      const framer = createSseFramer((event, data) => frames.push({ event, data }));
      framer.push(text.slice(0, at));
      framer.push(text.slice(at));
      framer.end();
      assert.deepEqual(decodeFrames(openaiResponses, frames), decodeFrames(openaiResponses, parseSse(text)));
    }),
  );
});

test('property: a whole answer is the same after the wire', () => {
  const content = fc.array(
    fc.oneof(
      textPart,
      word.map((text): NeutralPart => ({ type: 'refusal', text })),
      json.map((input): NeutralPart => ({ type: 'tool-call', id: 'c', name: 'f', arguments: JSON.stringify(input) })),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(content, usages, (parts, usage) => {
      const hasCalls = parts.some((part) => part.type === 'tool-call');
      const candidate = { index: 0, content: parts, finishReason: hasCalls ? 'tool-calls' : 'stop' } as const;
      const body = client.encodeResponse({ id: 'resp_1', model: 'm', usage, candidates: [candidate] }, answerContext());
      const read = provider.decodeResponse(onWire(body), providerContext());
      assert.deepEqual(read.candidates, [candidate]);
      assert.deepEqual(read.usage, usage);
    }),
  );
});
