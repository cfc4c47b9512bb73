import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounterTable } from './counter-table.ts';

test('counts by labels and leaves out empty ones', () => {
  const table = createCounterTable(10);
  table.increment('a', 'x', '');
  table.increment('a', 'x', '');
  table.increment('a', 'x', 'e');
  assert.deepEqual(table.samples(['one', 'two', 'three']), [
    { labels: { one: 'a', two: 'x' }, value: 2 },
    { labels: { one: 'a', two: 'x', three: 'e' }, value: 1 },
  ]);
});

test('past its bound counts under _other and goes on counting what it has', () => {
  const table = createCounterTable(2);
  for (const first of ['a', 'b', 'c', 'd', 'a']) table.increment(first, 'x', '');
  assert.deepEqual(table.samples(['one']), [
    { labels: { one: 'a' }, value: 2 },
    { labels: { one: 'b' }, value: 1 },
    { labels: { one: '_other' }, value: 2 },
  ]);
});
