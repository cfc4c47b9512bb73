import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonString, jsonText, MAX_LOG_STRING } from './json-text.ts';

test('any text stays itself, on one line, in visible characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const json = jsonString(text);
      assert.equal(JSON.parse(json), text);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not occur
      assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
  );
});

test('a forged line stays inside its string', () => {
  assert.equal(jsonString('x"}\n{"user":"root'), '"x\\"}\\n{\\"user\\":\\"root"');
  assert.equal(jsonString('\u001b[2J\u009b2J\u0085\u2028'), '"\\u001b[2J\\u009b2J\\u0085\\u2028"');
  assert.equal(jsonString('\ud800'), '"\\ud800"');
});

test('long text is cut', () => {
  assert.equal(JSON.parse(jsonString('a'.repeat(MAX_LOG_STRING + 1))), `${'a'.repeat(MAX_LOG_STRING)}…`);
  assert.equal(JSON.parse(jsonString('a'.repeat(MAX_LOG_STRING))).length, MAX_LOG_STRING);
});

test('other values', () => {
  assert.equal(jsonText(undefined), 'null');
  assert.equal(jsonText(Number.NaN), 'null');
  assert.equal(jsonText(1.5), '1.5');
  assert.equal(jsonText(false), 'false');
  assert.equal(jsonText({ a: ['\u2028'] }), '{"a":["\\u2028"]}');
});
