import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'node:test';
import { createWorkerListeners } from './worker-listeners.ts';

const listen = (port: number, name?: string) => ({
  address: '127.0.0.1',
  port,
  ...(name === undefined ? {} : { name }),
});

test('a free port is the same one at every resolution, and each listener has its own', async () => {
  const listeners = createWorkerListeners();
  const wanted = [listen(0, 'a'), listen(0, 'b')];
  const first = await listeners.resolve(wanted);
  assert.ok(first.every(({ port }) => port > 0));
  assert.notEqual(first[0]?.port, first[1]?.port);
  listeners.commit(first);
  assert.deepEqual(await listeners.resolve(wanted), first);
  assert.deepEqual(
    listeners.open.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('a port that is taken is refused with the system’s error, one that is open is not asked for again', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const listeners = createWorkerListeners();
  await assert.rejects(listeners.resolve([listen(port)]), { code: 'EADDRINUSE' });
  listeners.commit([listen(port)]);
  assert.deepEqual(await listeners.resolve([listen(port)]), [listen(port)]);
});
