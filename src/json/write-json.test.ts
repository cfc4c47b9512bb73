import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from './types.ts';
import { quoteJson, writeJson } from './write-json.ts';

const long = 'The quick brown fox jumps over the lazy dog. '.repeat(5);

test('a text is quoted as JSON.stringify does, whatever its length', () => {
  for (let code = 0; code < 0x3000; code++) {
    const character = String.fromCharCode(code);
    for (const text of [character, `a${character}`, `${long}${character}`]) {
      assert.equal(quoteJson(text), JSON.stringify(text));
    }
  }
  for (const text of ['', '\ud800', '\udfff x', `${long}\ud83d\ude00`, `${long}\ud83d`, '\uffff', `${long}\n\n"\n`]) {
    assert.equal(quoteJson(text), JSON.stringify(text));
  }
});

test('an object is written as JSON.stringify does', () => {
  const objects: JsonObject[] = [
    {},
    { a: undefined, b: 1, c: null, d: true, e: -0, f: Number.NaN, 'g"\n': long },
    { messages: [{ content: [{ text: `${long}\n` }] }, long, [], {}, [[[[[[long]]]]]]] },
    { many: [{ text: long }, 1, 'two', null, {}, { text: 'short' }, [long]] },
    { deep: { deep: { deep: { deep: { deep: { deep: { deep: long } } } } } }, text: long },
    { list: [undefined as never, long, undefined as never], more: [1, 2, 3, 4, undefined as never, long] },
    JSON.parse(`{"__proto__":{"text":"${long}"},"1":2,"0":"${long}"}`),
  ];
  for (const object of objects) assert.equal(writeJson(object), JSON.stringify(object));
});

test('any JSON value is written as JSON.stringify does', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', minLength: 100, maxLength: 300 }), fc.constant(long));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.double(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 8 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(value, (inner) => {
      const object = { text: long, inner } as JsonObject;
      assert.equal(writeJson(object), JSON.stringify(object));
    }),
  );
});
