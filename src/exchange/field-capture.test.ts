import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FieldCapture } from './field-capture.ts';

const WANTED = ['usage', 'model', 'id'];

function capture(bytes: Uint8Array, cuts: readonly number[]): Record<string, unknown> {
  const reader = new FieldCapture(WANTED);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.push(Buffer.from(bytes.subarray(from, cut)));
    from = cut;
  }
  return reader.values();
}

/** What of a whole parse is kept: objects, texts and numbers. */
function expected(text: string): Record<string, unknown> {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const kept = Object.entries(parsed).filter(
    ([name, value]) =>
      WANTED.includes(name) &&
      (typeof value === 'string' ||
        typeof value === 'number' ||
        (typeof value === 'object' && value !== null && !Array.isArray(value))),
  );
  return Object.fromEntries(kept);
}

const ANSWER = JSON.stringify({
  id: 'x-"1"\\',
  object: 'chat.completion',
  choices: [{ message: { content: 'a "quoted", {braced} [text] with "usage":{"no":1} \\ and é 😀' }, model: 'inner' }],
  model: 'gpt-4o\tmini é',
  usage: { prompt_tokens: 7, details: { list: [1, { model: 'no' }], text: '}]"' }, total: 1.5e3 },
  system_fingerprint: null,
});

test('an answer cut at any byte gives the fields of the whole', () => {
  for (const text of [ANSWER, JSON.stringify(JSON.parse(ANSWER), null, 2)]) {
    const bytes = Buffer.from(text);
    const whole = expected(text);
    assert.deepEqual(capture(bytes, []), whole);
    for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(capture(bytes, [cut]), whole, `cut at ${cut}`);
    assert.deepEqual(
      capture(
        bytes,
        Array.from({ length: bytes.length }, (_, index) => index),
      ),
      whole,
    );
  }
});

test('any object in any pieces gives what JSON.parse gives', () => {
  const key = fc.oneof(fc.constantFrom(...WANTED, 'other', 'choices'), fc.string({ maxLength: 90 }));
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 }),
      fc.array(fc.nat()),
      fc.constantFrom(0, 2),
      (object, seeds, indent) => {
        const text = JSON.stringify(object, null, indent);
        const bytes = Buffer.from(text);
        const cuts = seeds.map((seed) => seed % (bytes.length + 1)).sort((a, b) => a - b);
        assert.deepEqual(capture(bytes, cuts), expected(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('long strings are passed over and the fields behind them found', () => {
  const text = JSON.stringify({ data: `${'A'.repeat(100_000)}\\"${'B'.repeat(100_000)}`, usage: { total: 3 } });
  const bytes = Buffer.from(text);
  assert.deepEqual(capture(bytes, [50, 70_000, 100_009, 100_010, 100_011, 100_012]), { usage: { total: 3 } });
});

test('a value too long to keep is left out, and what follows is not', () => {
  const text = JSON.stringify({ model: 'm'.repeat(50_000), usage: { total: 3 } });
  assert.deepEqual(capture(Buffer.from(text), [10_000, 20_000, 30_000, 40_000]), { usage: { total: 3 } });
});

test('nonsense gives no fields and no error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.doesNotThrow(() => capture(bytes, []));
    }),
  );
  for (const text of ['', '[]', '"usage"', '}}}}{"usage":1', '{"usage":}', '{"usage" {"a":1}}', '{"usage":{"a":1']) {
    assert.doesNotThrow(() => capture(Buffer.from(text), []));
  }
  assert.deepEqual(capture(Buffer.from('{"usage":{"a":1}'), []), {}, 'a field of an object that is cut');
});
