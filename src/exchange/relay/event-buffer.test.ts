import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { EventBuffer } from './event-buffer.ts';

const END = /(?:\n\n|\r\n\r\n|\r\r)$/;

/** Everything the buffer lets through for these pieces, and what it keeps. */
function run(pieces: readonly string[]): { passed: string[]; rest: string } {
  const buffer = new EventBuffer();
  const passed: string[] = [];
  for (const piece of pieces) {
    const events = buffer.push(Buffer.from(piece, 'latin1'));
    if (events !== undefined) passed.push(Buffer.from(events).toString('latin1'));
  }
  return { passed, rest: Buffer.from(buffer.rest() ?? []).toString('latin1') };
}

function split(text: string, cuts: readonly number[]): string[] {
  const points = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return points
    .slice(1)
    .flatMap((point, index) => (point > (points[index] ?? 0) ? [text.slice(points[index], point)] : []));
}

test('only whole events pass, nothing is lost, in any pieces', () => {
  const event = fc
    .tuple(
      fc.constantFrom('data: a', 'event: x\ndata: {"b":1}', 'data: long long'),
      fc.constantFrom('\n\n', '\r\n\r\n'),
    )
    .map(([text, end]) => text.replaceAll('\n', end.length === 4 ? '\r\n' : '\n') + end);
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 6 }),
      fc.constantFrom('', 'data: cut', 'data: cut\n'),
      fc.array(fc.nat(), { maxLength: 12 }),
      (events, tail, cuts) => {
        const { passed, rest } = run(split(events.join('') + tail, cuts));
        for (const piece of passed) assert.match(piece, END);
        assert.equal(passed.join(''), events.join(''));
        assert.equal(rest, tail);
      },
    ),
    { numRuns: 1000 },
  );
});

test('an event over a mebibyte goes on in pieces', () => {
  const huge = 'x'.repeat(1_500_000);
  const { passed, rest } = run(split(`data: ${huge}`, [400_000, 900_000, 1_200_000]));
  assert.equal(passed.join('') + rest, `data: ${huge}`);
  assert.ok(passed.length > 0);
});
