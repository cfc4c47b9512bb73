import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePointer, valueAtPointer } from './pointer.ts';
import type { JsonValue } from './types.ts';

/** The document and the pointers of RFC 6901, section 5. */
const DOCUMENT: JsonValue = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

test('pointers lead where RFC 6901 says', () => {
  const cases: [pointer: string, value: JsonValue][] = [
    ['', DOCUMENT],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ];
  for (const [pointer, value] of cases)
    assert.deepEqual(valueAtPointer(DOCUMENT, parsePointer(pointer)), value, pointer);
});

test('negative indexes count from the end', () => {
  assert.equal(valueAtPointer(DOCUMENT, ['foo', '-1']), 'baz');
  assert.equal(valueAtPointer(DOCUMENT, ['foo', '-2']), 'bar');
  assert.equal(valueAtPointer(DOCUMENT, ['foo', '-3']), undefined);
});

test('what is not there is undefined, inherited properties included', () => {
  for (const pointer of [
    '/foo/2',
    '/foo/-',
    '/foo/01',
    '/foo/-0',
    '/foo/1.0',
    '/foo/length',
    '/toString',
    '/__proto__/x',
  ]) {
    assert.equal(valueAtPointer(DOCUMENT, parsePointer(pointer)), undefined, pointer);
  }
  assert.equal(valueAtPointer(undefined, ['a']), undefined);
  assert.equal(valueAtPointer(null, ['a']), undefined);
});

test('what is no pointer is refused', () => {
  for (const text of ['foo', 'foo/0', '/a~', '/a~2b']) assert.throws(() => parsePointer(text), /JSON pointer/, text);
});
