import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import type { UpstreamFailure, UpstreamRequest } from '../../../exchange/ports.ts';
import { ConnectionPool } from './connection-pool.ts';
import { ReadBuffer } from './read-buffer.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';

/** A provider on raw sockets: `serve` gets each piece of input with the number of the connection. */
interface Provider {
  port: number;
  sockets: Socket[];
  /** All that came. */
  received: string;
}

async function provide(
  t: TestContext,
  serve: (socket: Socket, connection: number, text: string) => void,
): Promise<Provider> {
  const provider: Provider = { port: 0, sockets: [], received: '' };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection = provider.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (bytes: Buffer) => {
      provider.received += bytes.toString('latin1');
      serve(socket, connection, bytes.toString('latin1'));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    for (const socket of provider.sockets) socket.destroy();
  });
  provider.port = (server.address() as AddressInfo).port;
  return provider;
}

function createPool(t: TestContext, port: number, maxConnections = Number.POSITIVE_INFINITY): ConnectionPool {
  const readBuffer = new ReadBuffer();
  const pool = new ConnectionPool({
    host: 'provider.example',
    readBuffer,
    maxConnections,
    connect(callback) {
      const socket = connect({ port, host: '127.0.0.1', onread: readBuffer.onread });
      const failed = (error: Error) => callback(error);
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.off('error', failed);
        callback(socket);
      });
    },
    classify: (cause) => ({ kind: 'reset', cause }),
  });
  t.after(() => pool.destroy());
  return pool;
}

interface Outcome {
  status?: number;
  body: string;
  failure?: UpstreamFailure['kind'];
  cause?: Error;
  /** `onData` said no until it is called. */
  resume?: () => void;
  abort?: () => void;
}

interface Asked {
  outcome: Outcome;
  done: Promise<Outcome>;
}

interface AskOptions extends Partial<Pick<UpstreamRequest, 'method' | 'path' | 'headers' | 'body'>> {
  stopAtData?: boolean;
  onStart?: (abort: () => void) => void;
  onHead?: (outcome: Outcome) => void;
}

function ask(pool: ConnectionPool, options: AskOptions = {}): Asked {
  const outcome: Outcome = { body: '' };
  const { method = 'POST', path = '/v1/x', headers = [], body = [Buffer.from('{"a":1}')] } = options;
  const request = { method, path, headers, body } as unknown as UpstreamRequest;
  let ends = 0;
  const done = new Promise<Outcome>((resolve) => {
    const end = () => {
      assert.equal(++ends, 1, 'one end for each request');
      resolve(outcome);
    };
    pool.send(request, {
      onStart(abort) {
        outcome.abort = abort;
        options.onStart?.(abort);
      },
      onHead(status, _headers, resume) {
        outcome.status = status;
        outcome.resume = resume;
        options.onHead?.(outcome);
      },
      onData(chunk) {
        outcome.body += Buffer.from(chunk).toString('latin1');
        return options.stopAtData !== true;
      },
      onEnd: end,
      onError({ kind, cause }) {
        outcome.failure = kind;
        outcome.cause = cause;
        end();
      },
    });
  });
  return { outcome, done };
}

const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('no more connections are made than allowed, and requests wait their turn', async (t) => {
  const order: string[] = [];
  const provider = await provide(t, (socket, _connection, text) => {
    order.push(/^POST \/(\d+)/.exec(text)?.[1] ?? '');
    socket.write(OK);
  });
  const pool = createPool(t, provider.port, 2);
  const outcomes = await Promise.all(Array.from({ length: 7 }, (_, index) => ask(pool, { path: `/${index}` }).done));
  assert.deepEqual(new Set(outcomes.map(({ body }) => body)), new Set(['{}']));
  assert.equal(provider.sockets.length, 2);
  assert.deepEqual(order.toSorted(), ['0', '1', '2', '3', '4', '5', '6']);
  // Two at a time: none overtakes more than the one beside it.
  for (const [place, name] of order.entries()) assert.ok(Math.abs(Number(name) - place) <= 1, order.join());
});

test('a connection that could not be made leaves its place to the next request', async (t) => {
  const free = createServer();
  await new Promise<void>((resolve) => {
    free.listen(0, '127.0.0.1', resolve);
  });
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => {
    free.close(resolve);
  });
  const pool = createPool(t, port, 1);
  const outcomes = await Promise.all([ask(pool).done, ask(pool).done, ask(pool).done]);
  for (const { failure, cause } of outcomes) {
    assert.equal(failure, 'reset');
    assert.match(String(cause), /ECONNREFUSED/);
  }
});

test('small and large bodies arrive whole, behind their length', async (t) => {
  const large = [Buffer.alloc(300_000, 'a'), Buffer.from(''), Buffer.alloc(5, 'b'), new Uint8Array(400_000).fill(0x63)];
  let left = 0;
  const provider = await provide(t, (socket, _connection, text) => {
    const head = /content-length: (\d+)\r\n\r\n/.exec(text);
    if (head !== null) left = Number(head[1]) + head.index + head[0].length;
    left -= text.length;
    if (left === 0) socket.write(OK);
  });
  const pool = createPool(t, provider.port);
  for (const body of [[Buffer.from('{"\xe9":'), new Uint8Array([0x31, 0x7d])], large, []]) {
    provider.received = '';
    assert.equal((await ask(pool, { body }).done).status, 200);
    const whole = Buffer.concat(body).toString('latin1');
    assert.equal(
      provider.received,
      `POST /v1/x HTTP/1.1\r\nhost: provider.example\r\nconnection: keep-alive\r\ncontent-length: ${whole.length}\r\n\r\n${whole}`,
    );
  }
  assert.equal(provider.sockets.length, 1);
});

test('a connection is not used again when the answer says so, or is not clear about its end', async (t) => {
  const answers = [
    'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}',
    'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}',
    'HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 2\r\n\r\n{}',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n',
  ];
  for (const answer of answers) {
    const provider = await provide(t, (socket) => socket.write(answer));
    const pool = createPool(t, provider.port);
    assert.equal((await ask(pool).done).body, '{}');
    assert.equal((await ask(pool).done).body, '{}');
    assert.equal(provider.sockets.length, 2, answer);
  }
  const toHead = await provide(t, (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n'));
  const pool = createPool(t, toHead.port);
  for (const _ of [1, 2]) assert.equal((await ask(pool, { method: 'HEAD', body: [] }).done).body, '');
  assert.equal(toHead.sockets.length, 2);
});

test('what comes on an idle connection is nobody’s answer', async (t) => {
  const provider = await provide(t, (socket) => socket.write(OK));
  const pool = createPool(t, provider.port);
  await ask(pool).done;
  const [first] = provider.sockets;
  first?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 3\r\n\r\nbad');
  await once(first as Socket, 'close');
  assert.deepEqual((await ask(pool).done).body, '{}');
  assert.equal(provider.sockets.length, 2);
});

test('a request leaves after what came in the same turn was read', async (t) => {
  const provider = await provide(t, (socket) => socket.write(OK));
  const pool = createPool(t, provider.port);
  await ask(pool).done;
  const signal = connect({ port: provider.port, host: '127.0.0.1' });
  t.after(() => signal.destroy());
  while (provider.sockets.length < 2) await turn();
  const asked = once(signal, 'data').then(() => ask(pool).done);
  // Both are there when the client looks next, and it looks at the signal first.
  provider.sockets[1]?.write('go');
  provider.sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  assert.equal((await asked).body, '{}');
});

test('idle connections are closed after a while, or when the provider is about to', async (t) => {
  const timed = 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=6\r\ncontent-length: 2\r\n\r\n{}';
  for (const [answer, seconds] of [
    [OK, 30],
    [timed, 5],
  ] as const) {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const provider = await provide(t, (socket) => socket.write(answer));
    const pool = createPool(t, provider.port);
    await ask(pool).done;
    t.mock.timers.tick((seconds - 1) * 1000);
    await ask(pool).done;
    assert.equal(provider.sockets.length, 1);
    t.mock.timers.tick(seconds * 1000);
    await once(provider.sockets[0] as Socket, 'close');
    await ask(pool).done;
    assert.equal(provider.sockets.length, 2);
    t.mock.timers.reset();
  }
});

test('a reader that stops stops the provider, and gets the rest', async (t) => {
  const size = 8 * 1024 * 1024;
  const provider = await provide(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size, 'x'));
  });
  const pool = createPool(t, provider.port);
  const options: AskOptions = { stopAtData: true };
  const { outcome, done } = ask(pool, options);
  while (outcome.body === '') await turn();
  const held = outcome.body.length;
  for (let index = 0; index < 50; index++) await turn();
  assert.equal(outcome.body.length, held);
  options.stopAtData = false;
  outcome.resume?.();
  const { body } = await done;
  assert.equal(body.length, size);
});

test('an answer that is whole ends when the reader goes on', async (t) => {
  const provider = await provide(t, (socket) => socket.write(OK));
  const pool = createPool(t, provider.port);
  const { outcome, done } = ask(pool, { stopAtData: true });
  while (outcome.body === '') await turn();
  assert.equal(await Promise.race([done, turn()]), undefined);
  outcome.resume?.();
  await done;
  // What belonged to the first request does nothing to the next one on the same connection.
  const second = ask(pool, {
    onHead() {
      outcome.resume?.();
      outcome.abort?.();
    },
  });
  assert.equal((await second.done).body, '{}');
  assert.equal(provider.sockets.length, 1);
});

test('an abort before anything was sent costs no connection; a later one does', async (t) => {
  const provider = await provide(t, (socket, connection) => {
    if (connection > 1) socket.write(OK);
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}');
  });
  const pool = createPool(t, provider.port);
  const early = await ask(pool, { onStart: (abort) => abort() }).done;
  assert.equal(early.failure, 'aborted');
  assert.equal(provider.received, '');
  const late = await ask(pool, { onHead: ({ abort }) => abort?.() }).done;
  assert.deepEqual([late.failure, late.body], ['aborted', '']);
  assert.equal(provider.sockets.length, 1);
  assert.equal((await ask(pool).done).body, '{}');
  assert.equal(provider.sockets.length, 2);
});

test('a request that cannot be sent fails alone', async (t) => {
  const provider = await provide(t, (socket) => socket.write(OK));
  const pool = createPool(t, provider.port);
  const { failure, cause } = await ask(pool, { headers: ['x-a', '1\r\nx-b: 2'] }).done;
  assert.equal(failure, 'reset');
  assert.equal(cause?.name, 'UnsendableRequest');
  assert.equal((await ask(pool).done).body, '{}');
  assert.equal(provider.sockets.length, 1);
  assert.doesNotMatch(provider.received, /x-a/);
});

test('a handler that throws fails its own request', async (t) => {
  const provider = await provide(t, (socket) => socket.write(OK));
  const pool = createPool(t, provider.port);
  const thrower = () => {
    throw new Error('from the handler');
  };
  for (const options of [{ onStart: thrower }, { onHead: thrower }]) {
    const { failure, cause } = await ask(pool, options).done;
    assert.deepEqual([failure, cause?.message], ['reset', 'from the handler']);
  }
  assert.equal((await ask(pool).done).body, '{}');
});

test('an answer that comes before the request is through ends the connection', async (t) => {
  const provider = await provide(t, (socket) => {
    socket.pause();
    socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}');
  });
  const pool = createPool(t, provider.port);
  const { status, body, failure } = await ask(pool, { body: [Buffer.alloc(32 * 1024 * 1024)] }).done;
  assert.deepEqual([status, body, failure], [413, '{}', undefined]);
  assert.equal((await ask(pool, { body: [] }).done).status, 413);
  assert.equal(provider.sockets.length, 2);
});

test('a kept connection that goes with the request on it costs no request, though all are in use', async (t) => {
  let requests = 0;
  const provider = await provide(t, (socket, connection) => {
    requests++;
    if (connection === 1 && requests === 2) socket.resetAndDestroy();
    else socket.write(OK);
  });
  const pool = createPool(t, provider.port, 1);
  await ask(pool).done;
  const [repeated, next] = await Promise.all([ask(pool).done, ask(pool).done]);
  assert.deepEqual([repeated.body, next.body], ['{}', '{}']);
  assert.equal(requests, 4);
  assert.equal(provider.sockets.length, 2);
});

test('a fresh connection that goes at once is not tried again', async (t) => {
  let requests = 0;
  const provider = await provide(t, (socket) => {
    requests++;
    socket.resetAndDestroy();
  });
  const pool = createPool(t, provider.port);
  assert.equal((await ask(pool).done).failure, 'reset');
  assert.equal(requests, 1);
});

test('a part of an answer is a failure, but the whole of one that lasts until the close', async (t) => {
  const cases: [answer: string, failure: string | undefined][] = [
    ['HTTP/1.1 200 O', 'reset'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}', 'reset'],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}', 'reset'],
    ['HTTP/1.1 200 OK\r\n\r\n{}', undefined],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}x', 'protocol'],
  ];
  for (const [answer, failure] of cases) {
    const provider = await provide(t, (socket) => socket.end(answer));
    const outcome = await ask(createPool(t, provider.port)).done;
    assert.equal(outcome.failure, failure, answer);
    if (answer.includes('{}')) assert.equal(outcome.body, '{}', answer);
  }
});

test('a pool that is not needed any more finishes what it has, and one that is destroyed breaks it off', async (t) => {
  const provider = await provide(t, (socket, _connection, text) => {
    if (!text.startsWith('POST /hang')) setImmediate(() => socket.write(OK));
  });
  const retired = createPool(t, provider.port, 1);
  const asked = [ask(retired), ask(retired)];
  retired.retire();
  for (const { done } of asked) assert.equal((await done).body, '{}');
  await once(provider.sockets[0] as Socket, 'close');
  const destroyed = createPool(t, provider.port, 1);
  const broken = [ask(destroyed, { path: '/hang' }), ask(destroyed, { path: '/hang' })];
  while (!provider.received.includes('/hang')) await turn();
  await destroyed.destroy();
  for (const { done } of broken) assert.equal((await done).failure, 'reset');
  assert.equal((await ask(destroyed).done).failure, 'reset');
});
