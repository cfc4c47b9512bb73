import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../errors/gateway-error.ts';
import { base64ToFloats, floatsToBase64 } from './float-base64.ts';

test('the bytes are 32-bit floats in little endian', () => {
  assert.equal(floatsToBase64([1, -0.5]), Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf]).toString('base64'));
  assert.equal(floatsToBase64([]), '');
});

test('property: what was written is read again', () => {
  const vector = fc.array(fc.float({ noNaN: true }), { maxLength: 5000 });
  fc.assert(
    fc.property(vector, (values) => assert.deepEqual(base64ToFloats(floatsToBase64(values)), values)),
    { numRuns: 30 },
  );
});

test('what is no vector is refused', () => {
  for (const text of ['?', 'AAA=', 'AAAAAAA=']) {
    assert.throws(
      () => base64ToFloats(text),
      (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
    );
  }
});
