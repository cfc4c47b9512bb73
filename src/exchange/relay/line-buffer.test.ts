import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineBuffer } from './line-buffer.ts';

test('property: whole lines go through as they came, however they are cut', () => {
  const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0x7b), { maxLength: 60 }).map((list) => Buffer.from(list));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 8 }), (all, positions) => {
      const ends = [...positions.map((one) => Math.min(one, all.length)).sort((a, b) => a - b), all.length];
      const buffer = new LineBuffer();
      const out: Uint8Array[] = [];
      for (const [index, end] of ends.entries()) {
        const lines = buffer.push(all.subarray(index === 0 ? 0 : (ends[index - 1] ?? 0), end));
        if (lines === undefined) continue;
        assert.equal(lines.at(-1), 0x0a, 'half a line');
        out.push(lines);
      }
      const whole = Buffer.concat(out);
      assert.equal(whole.length, all.lastIndexOf(0x0a) + 1);
      assert.ok(Buffer.concat([whole, buffer.rest() ?? Buffer.of()]).equals(all));
      assert.equal(buffer.rest(), undefined);
    }),
  );
});

test('a line without end is not held for ever', () => {
  const buffer = new LineBuffer();
  const piece = Buffer.alloc(600 * 1024, 0x61);
  assert.equal(buffer.push(piece), undefined);
  assert.equal(buffer.push(piece)?.length, 2 * piece.length);
  assert.equal(buffer.rest(), undefined);
});
