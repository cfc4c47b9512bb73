import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import test from 'node:test';
import fc from 'fast-check';
import { Pool } from 'undici';
import { ResponseReader } from './response-reader.ts';

interface Read {
  status?: number;
  headers?: readonly string[];
  body: string;
  complete: boolean;
  problem?: string;
  excess: boolean;
}

/** What a reader makes of an answer that arrives in pieces of these lengths, in memory where more follows than was read. */
function readPieces(answer: string, cuts: readonly number[], options: { toHead?: boolean; eof?: boolean } = {}): Read {
  const reader = new ResponseReader();
  reader.begin(options.toHead === true);
  const memory = Buffer.alloc(answer.length + 64);
  const read: Read = { body: '', complete: false, excess: false };
  const bounds = [...new Set([0, ...cuts.map((cut) => cut % (answer.length + 1)), answer.length])].sort(
    (a, b) => a - b,
  );
  for (let index = 1; index < bounds.length && reader.problem === undefined; index++) {
    const piece = answer.slice(bounds[index - 1], bounds[index]);
    // What lies behind the bytes that were read looks as if it belonged there.
    memory.fill('\r\n\r\n0\r\n\r\n');
    memory.write(piece, 'latin1');
    reader.push(memory, piece.length);
    read.body += reader.data?.toString('latin1') ?? '';
  }
  if (reader.hasHead) {
    read.status = reader.head.status;
    read.headers = reader.head.rawHeaders;
  }
  if (options.eof === true && reader.problem === undefined && !reader.complete) read.complete = reader.end();
  else read.complete = reader.complete;
  if (reader.problem !== undefined) read.problem = reader.problem;
  read.excess = reader.excess;
  return read;
}

const readWhole = (answer: string, options: { toHead?: boolean; eof?: boolean } = {}) =>
  readPieces(answer, [], options);

test('an answer ends where its head says', () => {
  const cases: [answer: string, body: string, complete: boolean][] = [
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab', 'ab', true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab', 'ab', false],
    ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', '', true],
    ['HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n', '', true],
    ['HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n', '', true],
    ['HTTP/1.0 200 OK\r\n\r\nab', 'ab', false],
    [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nab\r\nA;x="y"\r\n0123456789\r\n0\r\n\r\n',
      'ab0123456789',
      true,
    ],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n02 \r\nab\r\n0\r\nx-a: 1\r\nx-b: 2\r\n\r\n', 'ab', true],
    [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na',
      'a',
      true,
    ],
  ];
  for (const [answer, body, complete] of cases) {
    const read = readWhole(answer);
    assert.equal(read.problem, undefined, answer);
    assert.deepEqual([read.body, read.complete, read.excess], [body, complete, false], answer);
  }
  assert.equal(readWhole('HTTP/1.1 200 OK\r\n\r\nab', { eof: true }).complete, true);
  assert.equal(readWhole('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab', { eof: true }).complete, false);
  assert.equal(readWhole('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n', { eof: true }).complete, false);
  assert.equal(readWhole('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', { toHead: true }).complete, true);
  assert.equal(readWhole('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab').excess, true);
  assert.equal(readWhole('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n').excess, true);
});

test('names, values and bytes come as they were sent', () => {
  const read = readWhole('HTTP/1.1 299 \xe9\r\nX-Name:\t a b\xff \t\r\nx-empty:\r\ncontent-length: 2\r\n\r\n\x00\xff');
  assert.equal(read.status, 299);
  assert.deepEqual(read.headers, ['X-Name', 'a b\xff', 'x-empty', '', 'content-length', '2']);
  assert.equal(read.body, '\x00\xff');
});

test('what is not HTTP/1, or can be read in two ways, is a problem wherever it is cut', () => {
  const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`;
  const chunked = (body: string) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`;
  const cases = [
    '220 smtp\r\n',
    '\r\nHTTP/1.1 200 OK\r\n\r\n',
    'http/1.1 200 OK\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 099 OK\r\n\r\n',
    'HTTP/1.1 200 O\x00K\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    'HTTP/1.1 200 OK\ncontent-length: 0\n\n',
    head('x-a: 1\n x-b: 2'),
    head('x-a: 1\rx-b: 2'),
    head('x-a: 1\r\n folded'),
    head('x-a : 1'),
    head(': 1'),
    head('x-a'),
    head('x\x80: 1'),
    head('x-a: \x01'),
    head('x-a: \x7f'),
    head('content-length: 1\r\ncontent-length: 1'),
    head('content-length: 1\r\nContent-Length: 2'),
    head('content-length: 1, 1'),
    head('content-length: +1'),
    head('content-length: 0x1'),
    head('content-length:'),
    head('content-length: 1\r\ntransfer-encoding: chunked'),
    head('transfer-encoding: chunked\r\ncontent-length: 1'),
    head('transfer-encoding: gzip, chunked'),
    head('transfer-encoding: identity'),
    head('transfer-encoding: chunked\r\ntransfer-encoding: chunked'),
    head('transfer-encoding: xchunked'),
    head(`x-a: ${'a'.repeat(64 * 1024)}`),
    chunked('zz\r\n'),
    chunked('\r\n'),
    chunked('-1\r\n'),
    chunked('0x1\r\n'),
    chunked('1\na'),
    chunked('1\r\nab\r\n'),
    chunked('1\r\na\n'),
    chunked('fffffffffffffffff\r\n'),
    chunked('1;a=\x00\r\n'),
    chunked('1;a\nb\r\n'),
    chunked('0\r\nx: \n\r\n'),
    chunked(`1;${'a'.repeat(17 * 1024)}\r\n`),
    chunked(`0\r\nx: ${'a'.repeat(17 * 1024)}\r\n`),
    chunked(`${'0'.repeat(17 * 1024)}1\r\n`),
  ];
  for (const answer of cases) {
    const { problem } = readWhole(answer);
    assert.notEqual(problem, undefined, JSON.stringify(answer.slice(0, 200)));
    const each = Array.from({ length: Math.min(answer.length, 500) }, (_, index) => index);
    assert.notEqual(readPieces(answer, each).problem, undefined, JSON.stringify(answer.slice(0, 200)));
  }
});

test('the head tells what becomes of the connection', () => {
  const cases: [head: string, keepAlive: boolean, seconds: number][] = [
    ['HTTP/1.1 200 OK\r\n', true, Number.POSITIVE_INFINITY],
    ['HTTP/1.0 200 OK\r\n', false, Number.POSITIVE_INFINITY],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n', true, Number.POSITIVE_INFINITY],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n', false, Number.POSITIVE_INFINITY],
    ['HTTP/1.1 200 OK\r\nConnection: Close\r\n', false, Number.POSITIVE_INFINITY],
    ['HTTP/1.1 200 OK\r\nConnection: x, close\r\n', false, Number.POSITIVE_INFINITY],
    ['HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100\r\n', true, 5],
  ];
  for (const [head, keepAlive, seconds] of cases) {
    const reader = new ResponseReader();
    reader.begin(false);
    const bytes = Buffer.from(`${head}${head.includes('chunked') ? '' : 'content-length: 0\r\n'}\r\n`);
    reader.push(bytes, bytes.length);
    assert.deepEqual([reader.head.keepAlive, reader.head.keepAliveSeconds], [keepAlive, seconds], head);
  }
});

const token = fc
  .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abXY-_09!') })
  .map((name) => `x${name}`);
const value = fc.string({ maxLength: 20, unit: fc.constantFrom(...'ab \t:;=,"é') }).map((text) => text.trim());
const content = fc.string({ maxLength: 60, unit: fc.constantFrom(...'ab0\r\n\x00\xff{}') });

function chunk(data: string, style: number): string {
  const size = data.length.toString(16);
  const line = [size, size.toUpperCase(), `00${size}`, `${size};a="b"`, `${size} `][style % 5] ?? size;
  return `${line}\r\n${data}\r\n`;
}

/** A valid answer with the body that it has. */
const validAnswer = fc
  .record({
    interim: fc.boolean(),
    headers: fc.array(fc.tuple(token, value), { maxLength: 5 }),
    pieces: fc.array(content, { maxLength: 6 }),
    style: fc.nat(4),
    framing: fc.constantFrom('counted', 'chunked', 'until-close'),
    trailer: fc.boolean(),
  })
  .map(({ interim, headers, pieces, style, framing, trailer }) => {
    const body = pieces.join('');
    const lines = headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');
    const early = interim ? 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n' : '';
    const start = `${early}HTTP/1.1 200 OK\r\n${lines}`;
    if (framing === 'counted') return { body, text: `${start}content-length: ${body.length}\r\n\r\n${body}` };
    if (framing === 'until-close') return { body, text: `${start}connection: close\r\n\r\n${body}` };
    const chunks = pieces.filter((piece) => piece !== '').map((piece) => chunk(piece, style));
    const end = trailer ? '0\r\nx-t: 1\r\n\r\n' : '0\r\n\r\n';
    return { body, text: `${start}transfer-encoding: chunked\r\n\r\n${chunks.join('')}${end}` };
  });

test('a valid answer is the same however it is cut', () => {
  fc.assert(
    fc.property(validAnswer, fc.array(fc.nat(), { maxLength: 12 }), ({ text, body }, cuts) => {
      const whole = readWhole(text, { eof: true });
      assert.equal(whole.problem, undefined);
      assert.equal(whole.complete, true);
      assert.equal(whole.body, body);
      assert.deepEqual(readPieces(text, cuts, { eof: true }), whole);
      const each = Array.from(text, (_, index) => index);
      assert.deepEqual(readPieces(text, each, { eof: true }), whole);
    }),
    { numRuns: 120 },
  );
});

test('a broken answer gives no byte more than it announces, and the same however it is cut', () => {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.string({ maxLength: 3, unit: fc.constantFrom(...'\r\n0a:; \x00') }),
  });
  fc.assert(
    fc.property(
      validAnswer,
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      ({ text }, edits, cuts) => {
        let broken = text;
        for (const { at, remove, insert } of edits) {
          const place = at % (broken.length + 1);
          broken = broken.slice(0, place) + insert + broken.slice(place + remove);
        }
        const whole = readWhole(broken, { eof: true });
        const cut = readPieces(broken, cuts, { eof: true });
        assert.equal(cut.body, whole.body);
        assert.equal(cut.complete, whole.complete);
        assert.equal(cut.problem === undefined, whole.problem === undefined);
        const announced =
          whole.headers?.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length') ?? -1;
        if (announced !== -1) assert.ok(whole.body.length <= Number(whole.headers?.[announced + 1]));
      },
    ),
    { numRuns: 500 },
  );
});

test('valid answers are read as undici reads them', async (t) => {
  const sockets = new Set<Socket>();
  let next = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('data', () => socket.end(next, 'latin1'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const pool = new Pool(`http://127.0.0.1:${address.port}`, { connections: 1 });
  t.after(async () => {
    await pool.destroy();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  for (const { text } of fc.sample(validAnswer, { numRuns: 60, seed: 7 })) {
    // undici takes a blank after the size for an error, which some servers send.
    if (/\r\n[0-9a-f]+ \r\n/i.test(text)) continue;
    next = text;
    const { statusCode, headers, body } = await pool.request({ path: '/', method: 'GET', responseHeaders: 'raw' });
    const theirs = Buffer.from(await body.arrayBuffer()).toString('latin1');
    const ours = readWhole(text, { eof: true });
    assert.deepEqual([ours.status, ours.body], [statusCode, theirs], text);
    assert.deepEqual(ours.headers, headers as unknown);
  }
});

test('an answer is read as if no other had come before it on the connection', () => {
  const line = fc.constantFrom(
    'x-id: 1',
    'x-id: 12',
    'X-Id: 1',
    'content-length: 2',
    'content-length: 1',
    'transfer-encoding: chunked',
    'connection: close',
    'keep-alive: timeout=5',
    'keep-alive: timeout=50',
    'no header',
  );
  const status = fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 200 O', 'HTTP/1.0 200 OK', 'HTTP/1.1 429 Too Many');
  const heads = fc.array(fc.tuple(status, fc.array(line, { maxLength: 4 })), { minLength: 2, maxLength: 5 });
  const seen = (reader: ResponseReader, text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    reader.begin(false);
    reader.push(bytes, bytes.length);
    const { status, rawHeaders, contentLength, chunked, keepAlive, keepAliveSeconds } = reader.head;
    if (reader.problem !== undefined) return reader.problem;
    return { status, headers: [...rawHeaders], contentLength, chunked, keepAlive, keepAliveSeconds };
  };
  fc.assert(
    fc.property(heads, (answers) => {
      const reader = new ResponseReader();
      for (const [status, lines] of answers) {
        const text = `${[status, ...lines].join('\r\n')}\r\n\r\n`;
        assert.deepEqual(seen(reader, text), seen(new ResponseReader(), text));
      }
    }),
    { numRuns: 500 },
  );
});
