import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUtf8Decoder } from './utf8-decoder.ts';

function decodeInPieces(bytes: Uint8Array, size: number): string {
  const decoder = createUtf8Decoder();
  let text = '';
  for (let at = 0; at < bytes.length; at += size) text += decoder.decode(bytes.subarray(at, at + size));
  return text + decoder.end();
}

const plain = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

test('characters cut at any byte come out whole', () => {
  const text = '\ufeffaß東👋é€';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) assert.equal(decodeInPieces(bytes, size), text, `pieces of ${size}`);
});

test('a whole character is given at once', () => {
  const decoder = createUtf8Decoder();
  assert.equal(decoder.decode(Uint8Array.of(0xf0, 0x9f, 0x91)), '');
  assert.equal(decoder.decode(Uint8Array.of(0x8b)), '👋');
});

test('any bytes, valid or not, decode as TextDecoder decodes the whole', () => {
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x80, 0xbf, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0xf5, 0xff));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (values, size) => {
      const bytes = Uint8Array.from(values);
      assert.equal(decodeInPieces(bytes, size), plain(bytes));
    }),
    { numRuns: 1000 },
  );
});
