import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { holdYoungSpace, letYoungSpaceGrow } from './young-space.ts';

/** Once asked makes objects that all stay, and tells how many bytes its space for young ones then has. */
const LOADING = `
  const { parentPort } = require('node:worker_threads');
  const { getHeapSpaceStatistics } = require('node:v8');
  const kept = [];
  parentPort.once('message', () => {
    for (let index = 0; index < 200_000; index++) kept.push({ index, values: [index] });
    parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size);
  });
  parentPort.postMessage('ready');
`;

async function youngSpaceAfterLoading(prepare: () => void): Promise<number> {
  const thread = new Worker(LOADING, { eval: true });
  await once(thread, 'message');
  prepare();
  thread.postMessage('load');
  const [bytes] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  return bytes;
}

test('the space for young objects stays small while it is held, and grows when it is no longer', async () => {
  const held = await youngSpaceAfterLoading(holdYoungSpace);
  const free = await youngSpaceAfterLoading(() => {
    holdYoungSpace();
    letYoungSpaceGrow();
  });
  assert.ok(free >= 4 * held, `${held} bytes held, ${free} bytes free`);
});
