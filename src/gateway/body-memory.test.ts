import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBodyMemory } from './body-memory.ts';

const MIB = 1024 * 1024;

test('collects once enough was released, in a turn of its own, and counts anew then', async () => {
  let collections = 0;
  const memory = createBodyMemory(() => {
    collections++;
  });
  memory.release(5 * MIB);
  await nextTurn();
  assert.equal(collections, 0);
  memory.release(5 * MIB);
  memory.release(50 * MIB);
  assert.equal(collections, 0);
  await nextTurn();
  assert.equal(collections, 1);
  memory.release(7 * MIB);
  await nextTurn();
  assert.equal(collections, 1);
});

test('gives the memory of a buffer back that nothing refers to', async () => {
  const memory = createBodyMemory();
  const held = () => process.memoryUsage().arrayBuffers;
  const before = held();
  let body: Uint8Array | undefined = new Uint8Array(40 * MIB);
  assert.ok(held() >= before + 40 * MIB);
  const { length } = body;
  body = undefined;
  memory.release(length);
  await nextTurn();
  // What a collection frees is counted when the next one begins, or soon after.
  memory.release(length);
  await nextTurn();
  assert.ok(held() < before + 20 * MIB, `${held() - before} bytes are still held`);
});
