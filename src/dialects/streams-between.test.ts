import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anthropic } from './anthropic/dialect.ts';
import { cohereChat } from './cohere-chat/dialect.ts';
import type { Dialect } from './dialect.ts';
import type { NeutralEvent } from './neutral/response.ts';
import { emptyUsage, inputTotal, type Usage } from './neutral/usage.ts';
import { ollamaChat } from './ollama-chat/dialect.ts';
import { encodeEvents, onWire } from './openai/support.test.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { answerOf, eventsOf } from './stream-support.test.ts';
import { tgi } from './tgi/dialect.ts';

const at = { candidate: 0 };

/** Events of one whole answer; the calls' deltas are interleaved where `interleave` says so. */
interface Script {
  thought: string[];
  text: string[];
  calls: Record<string, number>[];
  interleave: boolean;
  usage: Usage;
}

function eventsFor(script: Script): NeutralEvent[] {
  const events: NeutralEvent[] = [{ type: 'start', id: 'answer-1', model: 'model-1' }];
  let block = 0;
  const say = (kind: 'text' | 'reasoning', pieces: string[]): void => {
    if (pieces.length === 0) return;
    events.push({ type: `${kind}-start`, ...at, block });
    for (const text of pieces) events.push({ type: `${kind}-delta`, ...at, block, text });
    events.push({ type: `${kind}-end`, ...at, block });
    block++;
  };
  say('reasoning', script.thought);
  say('text', script.text);
  const calls = script.calls.map((input, index) => {
    const text = JSON.stringify(input);
    return { block: block + index, id: `call_${index}`, name: `f${index}`, pieces: [text.slice(0, 3), text.slice(3)] };
  });
  const step = (call: (typeof calls)[number], piece: number): NeutralEvent => {
    return { type: 'tool-call-delta', ...at, block: call.block, arguments: call.pieces[piece] ?? '' };
  };
  const begin = (call: (typeof calls)[number]): NeutralEvent => {
    return { type: 'tool-call-start', ...at, block: call.block, id: call.id, name: call.name };
  };
  const end = (call: (typeof calls)[number]): NeutralEvent => ({ type: 'tool-call-end', ...at, block: call.block });
  if (script.interleave) {
    events.push(...calls.map(begin), ...calls.map((call) => step(call, 0)), ...calls.map((call) => step(call, 1)));
    events.push(...calls.map(end));
  } else {
    for (const call of calls) events.push(begin(call), step(call, 0), step(call, 1), end(call));
  }
  events.push({ type: 'finish', ...at, finishReason: calls.length > 0 ? 'tool-calls' : 'stop' });
  events.push({ type: 'usage', usage: script.usage }, { type: 'end' });
  return events;
}

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
const scripts = fc.record({
  thought: fc.array(word, { maxLength: 3 }),
  text: fc.array(word, { maxLength: 4 }),
  calls: fc.array(fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.nat(99), { maxKeys: 2 }), {
    maxLength: 3,
  }),
  interleave: fc.boolean(),
  usage: fc
    .record({ input: fc.nat(9999), cacheRead: fc.nat(9999), output: fc.nat(9999) })
    .map((counts): Usage => ({ ...emptyUsage(), ...counts })),
});

/** The bytes in pieces of this size. */
function pieces(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  const out: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += size) out.push(bytes.subarray(from, from + size));
  return out;
}

for (const dialect of [cohereChat, ollamaChat] as Dialect[]) {
  test(`property: a stream written as ${dialect.name} is read as the same answer, however it is cut`, () => {
    fc.assert(
      fc.property(scripts, fc.integer({ min: 1, max: 40 }), (script, size) => {
        const events = eventsFor(script);
        const wanted = answerOf(events);
        const read = answerOf(eventsOf(dialect, pieces(encodeEvents(dialect, events), size)));
        assert.deepEqual({ ...read, usage: undefined }, { ...wanted, usage: undefined });
        assert.equal(inputTotal(read.usage ?? emptyUsage()), inputTotal(script.usage));
        assert.equal(read.usage?.output, script.usage.output);
      }),
      { numRuns: 60 },
    );
  });
}

test('property: a stream written as tgi is read as the same text and usage', () => {
  fc.assert(
    fc.property(scripts, fc.integer({ min: 1, max: 40 }), (script, size) => {
      const events = eventsFor({ ...script, thought: [], calls: [] });
      const read = answerOf(eventsOf(tgi, pieces(encodeEvents(tgi, events), size)));
      assert.equal(read.text, script.text.join(''));
      assert.deepEqual([read.finishReason, read.last], ['stop', 'end']);
      assert.equal(read.usage?.input, inputTotal(script.usage));
      assert.equal(read.usage?.output, script.usage.output);
    }),
    { numRuns: 60 },
  );
});

for (const client of [openaiChat, anthropic] as Dialect[]) {
  for (const provider of [cohereChat, ollamaChat, tgi] as Dialect[]) {
    test(`property: an answer streamed from ${provider.name} reaches a client of ${client.name} whole`, () => {
      fc.assert(
        fc.property(scripts, (script) => {
          const spoken = provider === tgi ? { ...script, thought: [], calls: [] } : script;
          const upstream = eventsOf(provider, [Buffer.from(encodeEvents(provider, eventsFor(spoken)))]);
          const read = answerOf(eventsOf(client, [Buffer.from(encodeEvents(client, upstream))]));
          assert.equal(read.text, spoken.text.join(''));
          assert.equal(read.thought, spoken.thought.join(''));
          assert.deepEqual(
            read.calls.map((call) => JSON.parse(call.arguments)),
            onWire(spoken.calls),
          );
          assert.equal(inputTotal(read.usage ?? emptyUsage()), inputTotal(script.usage));
          assert.equal(read.usage?.output, script.usage.output);
          assert.equal(read.last, 'end');
        }),
        { numRuns: 40 },
      );
    });
  }
}

test('an error in a stream is one in every other, and nothing follows it', () => {
  const error: NeutralEvent = { type: 'error', error: { status: 429, type: 'rate_limit_error', message: 'slow down' } };
  const events: NeutralEvent[] = [
    ...eventsFor({ thought: [], text: ['Hi'], calls: [], interleave: false, usage: emptyUsage() }),
  ];
  const cut = [...events.slice(0, 3), error, ...events.slice(3)];
  for (const dialect of [cohereChat, ollamaChat, tgi] as Dialect[]) {
    const read = eventsOf(dialect, [Buffer.from(encodeEvents(dialect, cut))]);
    const last = read.at(-1);
    assert.equal(last?.type === 'error' && last.error.message, 'slow down', dialect.name);
  }
});

test('a stream whose bytes end too early ends with an error, not with an end', () => {
  const script: Script = { thought: [], text: ['Hi'], calls: [], interleave: false, usage: emptyUsage() };
  for (const dialect of [cohereChat, ollamaChat, tgi] as Dialect[]) {
    const text = encodeEvents(dialect, eventsFor(script).slice(0, 4));
    const types = eventsOf(dialect, [Buffer.from(text)]).map((event) => event.type);
    assert.equal(types.at(-1), 'error', dialect.name);
    assert.equal(types.includes('end'), false, dialect.name);
  }
});
