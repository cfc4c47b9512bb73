import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoadMemory } from './load-memory.ts';

const MIB = 1024 * 1024;

/** A memory whose heap has so many bytes, with its collections so far and a promise of the first. */
function memoryOf(bytes: number) {
  let first: () => void = () => undefined;
  const collected = new Promise<void>((resolve) => {
    first = resolve;
  });
  let collections = 0;
  const collect = () => {
    collections++;
    first();
  };
  const memory = createLoadMemory({ collect, heapBytes: () => bytes, delayMs: 1 });
  return { memory, collected, collections: () => collections };
}

test('a large heap is collected once after the configurations that came one after the other', async () => {
  const { memory, collected, collections } = memoryOf(500 * MIB);
  memory.applied();
  memory.applied();
  // The timer does not keep the process alive by itself.
  const alive = setTimeout(() => undefined, 10_000);
  await collected;
  clearTimeout(alive);
  assert.equal(collections(), 1);
  memory.close();
});

test('a small heap is left to V8, and a closed gateway collects nothing', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const small = memoryOf(60 * MIB);
  small.memory.applied();
  const closed = memoryOf(500 * MIB);
  closed.memory.applied();
  closed.memory.close();
  context.mock.timers.tick(10_000);
  assert.deepEqual([small.collections(), closed.collections()], [0, 0]);
});
