import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestIds } from './request-ids.ts';

test('an id is a UUID of version 7 that begins with the time', () => {
  const next = createRequestIds(() => 0x0193_4f2a_8bcd);
  assert.match(next(), /^01934f2a-8bcd-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('no two ids are the same, in one millisecond and after the random bytes ran out', () => {
  const next = createRequestIds(() => 1_700_000_000_000);
  assert.equal(new Set(Array.from({ length: 5000 }, next)).size, 5000);
});

test('ids of later milliseconds sort behind earlier ones', () => {
  let ms = 1_799_999_999_999;
  const next = createRequestIds(() => ms++);
  const ids = Array.from({ length: 300 }, next);
  assert.deepEqual([...ids].sort(), ids);
});

test('every bit that is not fixed varies', () => {
  const next = createRequestIds(() => 0);
  const seen = Array.from({ length: 20 }, () => new Set<string>());
  for (let count = 0; count < 2000; count++) {
    const digits = next().replaceAll('-', '').slice(12);
    [...digits].forEach((digit, index) => {
      seen[index]?.add(digit);
    });
  }
  const varied = seen.map((digits) => digits.size);
  assert.deepEqual(varied, [1, 16, 16, 16, 4, ...new Array(15).fill(16)]);
});
