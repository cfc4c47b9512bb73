import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../../test/support/wait.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { CounterPort } from './counter-messages.ts';
import { CounterName } from './counter-name.ts';
import type { CounterLimit } from './counter-store.ts';
import { MemoryCounters } from './memory-counters.ts';
import { RemoteCounters } from './remote-counters.ts';
import { serveCounters } from './serve-counters.ts';

const T = 1_700_000_000_000;
const LIMIT: CounterLimit = { key: 'k', kind: 'window', limit: 101, windowMs: 3_600_000, amount: 1, enforce: true };
const IN_FLIGHT: CounterLimit = { ...LIMIT, key: 'c', kind: 'concurrency', limit: 1000 };

/** Two ends of a channel in this process that count their messages. */
function channel(): { worker: CounterPort; owner: CounterPort; sent: { worker: number; owner: number } } {
  const sent = { worker: 0, owner: 0 };
  let toWorker: (message: unknown) => void = () => {};
  let toOwner: (message: unknown) => void = () => {};
  return {
    sent,
    worker: {
      send: (message) => {
        sent.worker++;
        setImmediate(() => toOwner(structuredClone(message)));
      },
      onMessage: (listener) => {
        toWorker = listener;
      },
    },
    owner: {
      send: (message) => {
        sent.owner++;
        setImmediate(() => toWorker(structuredClone(message)));
      },
      onMessage: (listener) => {
        toOwner = listener;
      },
    },
  };
}

function processPort(peer: ChildProcess | NodeJS.Process): CounterPort {
  return {
    send: (message) => {
      if (peer.connected) peer.send?.(message as object);
    },
    onMessage: (listener) => {
      peer.on('message', listener);
    },
  };
}

/** The part of this file that the workers of the last test run. */
async function work(): Promise<void> {
  const store = new RemoteCounters(processPort(process));
  const results = await Promise.all(Array.from({ length: 50 }, () => store.reserve([LIMIT, IN_FLIGHT], T, 1e9)));
  process.send?.({ admitted: results.filter(({ allowed }) => allowed).length });
  setInterval(() => {}, 1000);
}

async function start(store: MemoryCounters): Promise<{ child: ChildProcess; admitted: number; dispose: () => void }> {
  const child = fork(fileURLToPath(import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { PATH: process.env['PATH'] ?? '', COUNTER_WORKER: '1' },
    serialization: 'advanced',
  });
  const server = serveCounters(store, processPort(child));
  const admitted = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the worker ended')));
    child.on('message', (message: { admitted?: number }) => {
      if (message.admitted !== undefined) resolve(message.admitted);
    });
  });
  return { child, admitted, dispose: () => server.dispose(T) };
}

if (process.env['COUNTER_WORKER'] === '1') await work();
else {
  test('all questions of a turn go in one message, and their answers come in one', async () => {
    const { worker, owner, sent } = channel();
    serveCounters(new MemoryCounters(), owner);
    const store = new RemoteCounters(worker);
    const results = await Promise.all(Array.from({ length: 200 }, () => store.reserve([LIMIT], T, 1000)));
    assert.equal(results.filter(({ allowed }) => allowed).length, 101);
    assert.deepEqual(sent, { worker: 1, owner: 1 });
    assert.equal(store.pending, 0);
  });

  test('a limit crosses the channel without what a store of this process remembers on its name', async () => {
    const { worker, owner } = channel();
    const messages: unknown[] = [];
    const store = new RemoteCounters({
      send(message) {
        messages.push(message);
        worker.send(message);
      },
      onMessage: worker.onMessage,
    });
    serveCounters(new MemoryCounters(), owner);
    const limit: CounterLimit = { ...LIMIT, name: new CounterName('k') };
    new MemoryCounters().reserve([limit], T, 1e9);
    assert.equal((await store.reserve([limit], T, 1e9)).allowed, true);
    store.charge([limit], [4], T);
    assert.equal((await store.peek([limit], T))[0]?.used, 5);
    await store.reset(limit, T);
    assert.equal((await store.peek([limit], T))[0]?.used, 0);
    assert.ok(!JSON.stringify(messages).includes('"name"'));
    store.close();
  });

  test('several workers share the counters exactly; what a dead one held is given back', async () => {
    const owned = new MemoryCounters();
    const workers = [1, 2, 3, 4].map(() => {
      const { worker, owner } = channel();
      return { store: new RemoteCounters(worker), server: serveCounters(owned, owner) };
    });
    const asked = Array.from({ length: 200 }, (_, index) =>
      workers[index % 4]?.store.reserve([LIMIT, IN_FLIGHT], T, 1e9),
    );
    const results = await Promise.all(asked);
    assert.equal(results.filter((result) => result?.allowed).length, 101);
    const held = workers[0]?.server.held ?? 0;
    assert.ok(held > 0);
    workers[0]?.server.dispose(T);
    assert.equal(owned.stats().reservations, 101 - held);
    assert.equal(owned.peek([IN_FLIGHT], T)[0]?.used, 101 - held);
  });

  test('a settled reservation is no longer held', async () => {
    const owned = new MemoryCounters();
    const { worker, owner } = channel();
    const server = serveCounters(owned, owner);
    const store = new RemoteCounters(worker);
    const { reservation } = await store.reserve([LIMIT], T, 1000);
    assert.equal(server.held, 1);
    assert.ok(reservation);
    store.settle(reservation, [9], T);
    await store.peek([], T);
    assert.equal(server.held, 0);
    assert.equal(owned.peek([LIMIT], T)[0]?.used, 9);
  });

  test('an error of the owner arrives with its code', async () => {
    const { worker, owner } = channel();
    const broken = new MemoryCounters();
    broken.reserve = () => {
      throw new GatewayError('store_unavailable', 'nothing to be had');
    };
    broken.peek = () => {
      throw new Error('a secret of the owner');
    };
    serveCounters(broken, owner);
    const store = new RemoteCounters(worker);
    await assert.rejects(store.reserve([LIMIT], T, 1000), { code: 'store_unavailable', message: 'nothing to be had' });
    await assert.rejects(store.peek([LIMIT], T), { code: 'internal_error' });
  });

  test('closed, it rejects what waits and what comes', async () => {
    const { worker } = channel();
    const store = new RemoteCounters(worker);
    const asked = store.reserve([LIMIT], T, 1000);
    store.close();
    await assert.rejects(asked, { code: 'store_unavailable' });
    await assert.rejects(store.reserve([LIMIT], T, 1000), { code: 'store_unavailable' });
  });

  test('messages of others on the same channel are left alone', async () => {
    let deliver: (message: unknown) => void = () => {};
    const answers: unknown[] = [];
    serveCounters(new MemoryCounters(), {
      send: (message) => answers.push(message),
      onMessage: (listener) => {
        deliver = listener;
      },
    });
    for (const message of [null, 7, 'x', {}, { counters: 'answer', answers: [] }, { counters: 'ask' }])
      deliver(message);
    assert.deepEqual(answers, []);
  });

  test('processes share the counters exactly', async (t) => {
    const owned = new MemoryCounters();
    const workers = await Promise.all([start(owned), start(owned), start(owned)]);
    for (const { child } of workers) {
      child.removeAllListeners('exit');
      t.after(() => child.kill('SIGKILL'));
    }
    assert.equal(
      workers.reduce((sum, { admitted }) => sum + admitted, 0),
      101,
    );
    const [first] = workers;
    assert.ok(first);
    first.child.once('exit', first.dispose);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await waitFor('its share', () => owned.peek([IN_FLIGHT], T)[0]?.used === 101 - first.admitted);
  });
}
