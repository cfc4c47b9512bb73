import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { waitFor } from '../../test/support/wait.ts';
import { canDecompress, decompressInto } from './decompress.ts';

const TEXT = Buffer.from('data: {"text":"hello"}\n\n'.repeat(2000));

/** What comes out of compressed bytes that arrive in pieces of this size. */
async function inflate(encoding: string, bytes: Uint8Array, size: number): Promise<{ text: Buffer; pieces: number }> {
  const out: Uint8Array[] = [];
  let ended = false;
  const relay = decompressInto(
    encoding,
    {
      data: (chunk) => {
        out.push(chunk);
        return true;
      },
      end: () => {
        ended = true;
      },
      fail: (error) => assert.fail(error),
    },
    () => undefined,
  );
  for (let from = 0; from < bytes.length; from += size) relay.data(bytes.subarray(from, from + size));
  relay.end();
  await waitFor('the end of the answer', () => ended);
  return { text: Buffer.concat(out), pieces: out.length };
}

test('every coding of an answer is read, and each byte comes out once however the answer is cut', async () => {
  const codings: [string, Uint8Array][] = [
    ['gzip', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
  ];
  for (const [encoding, bytes] of codings) {
    for (const size of [1, 7, bytes.length]) {
      const { text } = await inflate(encoding, bytes, size);
      assert.ok(text.equals(TEXT), `${encoding} in pieces of ${size}`);
    }
  }
});

test('a coding that the gateway cannot read is known before the answer is taken for text', () => {
  assert.deepEqual(
    ['GZIP', 'deflate', 'br', 'zstd', 'compress'].map((encoding) => canDecompress(encoding)),
    [true, true, true, false, false],
  );
});
