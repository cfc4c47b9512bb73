import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import { scanObject } from '../json/scan.ts';
import { readField } from './read-field.ts';

function read(value: string): unknown {
  const body = Buffer.from(`{"a": ${value} }`);
  return readField(body, scanObject(body, ['a']).fields['a']);
}

test('a field is read as JSON.parse reads it, whatever it is', () => {
  const lengths = [46, 47, 48, 49, 50, 200].map((length) => JSON.stringify('x'.repeat(length - 2)));
  const cases = ['true', 'false', 'null', '0', '-1.5e3', '""', '"a\\"b"', '"a\\\\"', '"\\u00e9"', '"é"', '[1]', '{}'];
  for (const value of [...cases, ...lengths]) assert.deepEqual(read(value), JSON.parse(value), value);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(read(text), JSON.parse(text));
    }),
  );
});

test('a field that is not there is undefined, and one that is no JSON is refused', () => {
  assert.equal(readField(Buffer.from('{}'), undefined), undefined);
  for (const length of [20, 47, 48, 49, 100]) {
    const value = `"${'x'.repeat(length - 3)}\n"`;
    assert.throws(
      () => read(value),
      (error) => GatewayError.is(error) && error.code === 'malformed_request',
      `${length}`,
    );
  }
});
