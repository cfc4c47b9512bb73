import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ClientRequest, ClientResponse } from '../../exchange/ports.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts';

type Serve = HttpServerOptions['serve'];

const MAX_BODY = 1024 * 1024;
const POST = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello';

async function listen(context: Pick<TestContext, 'after'>, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Opened {
  http: HttpServer;
  port: number;
}

async function open(
  context: Pick<TestContext, 'after'>,
  serve: Serve,
  options: Partial<HttpServerOptions> = {},
): Promise<Opened> {
  const settings = { name: 'main', maxHeaderBytes: 16 * 1024, requestReceivedTimeoutMs: 0, closing: () => false };
  const http = createHttpServer({ ...settings, serve, ...options });
  context.after(() => http.destroyAll());
  return { http, port: await listen(context, http.server) };
}

/** The same served by `node:http` alone. */
async function openByNode(context: Pick<TestContext, 'after'>, serve: Serve): Promise<number> {
  const { http, port } = await open(context, serve);
  const [nodeListener] = createServer().listeners('connection') as [(this: Server, socket: Socket) => void];
  http.server.removeAllListeners('connection');
  http.server.on('connection', nodeListener);
  return port;
}

interface Client {
  socket: Socket;
  text(): string;
  /** Whether the last that came is the text. */
  ends(text: string): boolean;
  closed: Promise<unknown>;
}

async function dial(context: Pick<TestContext, 'after'>, port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => socket.end());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  context.after(() => void socket.destroy());
  await once(socket, 'connect');
  const text = () => Buffer.concat(chunks).toString('latin1');
  const ends = (end: string) => Buffer.concat(chunks.slice(-10)).toString('latin1').endsWith(end);
  return { socket, closed, text, ends };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition(); await turn()) assert.ok(Date.now() < end, `waited for ${what}`);
}

/** A handler of which the test holds what came. */
function collect(): { serve: Serve; requests: ClientRequest[]; responses: ClientResponse[] } {
  const requests: ClientRequest[] = [];
  const responses: ClientResponse[] = [];
  const serve: Serve = (request, response) => {
    requests.push(request);
    responses.push(response);
  };
  return { serve, requests, responses };
}

const LOOKED_UP = ['content-type', 'authorization', 'cookie', 'x-name', 'user-agent', 'set-cookie', 'x-none', 'host'];

/** Answers with all that it saw, in ways that the path names. */
async function echo(request: ClientRequest, response: ClientResponse): Promise<void> {
  const body = Buffer.from(await request.readBody(MAX_BODY)).toString('latin1');
  const { method, url, rawHeaders, listener, protocol } = request;
  const looked = LOOKED_UP.map((name) => request.header(name) ?? null);
  const text = JSON.stringify({ method, url, rawHeaders, listener, protocol, body, looked });
  switch (url) {
    case '/empty':
      response.writeHead(204, ['x-a', 'b']);
      response.end();
      return;
    case '/pieces':
      response.writeHead(200, ['content-type', 'text/plain', 'X-Name', 'J\xfcrgen']);
      response.write(text);
      response.write('\xe9 – 🦆');
      await turn();
      response.write(Buffer.from('second'));
      response.write(Buffer.alloc(0));
      response.end();
      return;
    case '/large':
      response.writeHead(200, []);
      response.write(Buffer.alloc(20_000, 'a'));
      response.write('b');
      response.end(Buffer.alloc(40_000, 'c'));
      return;
    case '/later':
      response.writeHead(418, ['Content-Length', String(Buffer.byteLength(text))]);
      await turn();
      response.end(Buffer.from(text));
      return;
    default:
      response.writeHead(200, ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(text))]);
      response.end(text);
  }
}

const after: (() => unknown)[] = [];
const forAll = { after: (hook: () => unknown) => void after.push(hook) };
const serveEcho: Serve = (request, response) => void echo(request, response).catch(() => undefined);
test.after(() => {
  for (const hook of after) hook();
});
const own = await open(forAll, serveEcho);
const nodePort = await openByNode(forAll, serveEcho);

async function exchange(port: number, pieces: readonly Buffer[]): Promise<string> {
  const client = await dial(forAll, port);
  for (const piece of pieces) {
    client.socket.write(piece);
    await turn();
  }
  await client.closed;
  return client.text().replaceAll(/Date: [^\r]*/g, 'Date: now');
}

const PATHS = ['/', '/v1/x?a=1', '/empty', '/pieces', '/large', '/later'];
const HEADERS = [
  'Authorization: one\r\nauthorization: two\r\n',
  'Cookie: a=b\r\ncookie: c=d\r\n',
  'X-Name: one\r\nx-name: J\xfcrgen\r\n',
  'Set-Cookie: a\r\nset-cookie: b\r\n',
  'User-Agent: a\r\nUser-agent: b\r\ncontent-type: text/plain\r\n',
  '',
];
const CHUNKED = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
const EXPECTING = 'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhello';
const UNUSUAL = [
  CHUNKED,
  'HEAD / HTTP/1.1\r\nhost: a\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n',
  'PATCH / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
  'GET /none HTTP/1.1\r\n\r\n',
];
const ORDINARY = fc
  .tuple(
    fc.constantFrom('POST', 'GET', 'PUT', 'DELETE'),
    fc.constantFrom(...PATHS),
    fc.constantFrom(...HEADERS),
    fc.nat(3),
  )
  .map(([method, path, headers, size]) => {
    const body = 'x\r\n'.repeat(size * size * 50);
    return `${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
  });
const LAST = fc.constantFrom(
  'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
  'POST /pieces HTTP/1.1\r\nhost: a\r\nConnection: Close\r\ncontent-length: 5\r\n\r\nhello',
  'POST /pieces HTTP/1.0\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
);
const REFUSED = [
  'GET / HTTP/1.1\r\nhost: a\r\nbroken\r\n\r\n',
  'GET / HTTP/9.1\r\nhost: a\r\n\r\n',
  'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
];

test('any requests, cut anywhere, get the bytes that node:http would send', async () => {
  const requests = fc.array(fc.oneof({ weight: 3, arbitrary: ORDINARY }, fc.constantFrom(...UNUSUAL)), {
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(
      requests,
      LAST,
      fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 12 }),
      async (some, last, cuts) => {
        const bytes = Buffer.from([...some, last].join(''), 'latin1');
        const places = [...new Set([...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
        const pieces = places.map((place, index) => bytes.subarray(places[index - 1] ?? 0, place));
        assert.equal(await exchange(own.port, pieces), await exchange(nodePort, pieces));
      },
    ),
    { numRuns: 150 },
  );
});

test('what node:http refuses is refused by it, as the first request or a later one', async (context) => {
  for (const bytes of REFUSED) {
    const refusal = await exchange(nodePort, [Buffer.from(bytes)]);
    assert.match(refusal, /^HTTP\/1.1 4\d\d .*"error"/s);
    assert.equal(await exchange(own.port, [Buffer.from(bytes)]), refusal);
    const client = await dial(context, own.port);
    client.socket.write(POST);
    await until('the answer', () => client.text().endsWith('}'));
    const answer = client.text();
    client.socket.write(bytes);
    await client.closed;
    assert.equal(client.text(), answer + refusal);
  }
});

test('an answer that is known whole says how long it is', async (context) => {
  const { port } = await open(context, (_request, response) => {
    response.writeHead(200, []);
    response.write('one ');
    response.end(Buffer.from('two'));
  });
  const client = await dial(context, port);
  client.socket.write(POST);
  await until('the answer', () => client.text().endsWith('\r\nContent-Length: 7\r\n\r\none two'));
});

test('a request at a time on a kept connection, also behind one that is handed over', async (context) => {
  const client = await dial(context, own.port);
  let answers = 0;
  for (const request of [POST, POST, EXPECTING, POST, CHUNKED, POST]) {
    client.socket.write(request);
    answers++;
    await until('the answer', () => client.text().split('HTTP/1.1 200 OK').length > answers);
  }
});

test('a request cut at every byte is read as a whole one', async () => {
  const bytes = Buffer.from(POST.replace('\r\n', '\r\nconnection: close\r\n'));
  const whole = await exchange(own.port, [bytes]);
  assert.match(whole, /"body":"hello"/);
  for (let cut = 1; cut < bytes.length; cut++) {
    assert.equal(await exchange(own.port, [bytes.subarray(0, cut), bytes.subarray(cut)]), whole);
  }
  assert.equal(
    await exchange(
      own.port,
      [...bytes].map((byte) => Buffer.from([byte])),
    ),
    whole,
  );
});

for (const how of ['reset', 'half-closed'] as const) {
  test(`an answer under way ends when the connection is ${how}`, async (context) => {
    const { serve, responses } = collect();
    const { http, port } = await open(context, serve);
    const client = await dial(context, port);
    client.socket.write(POST);
    await until('the request', () => responses.length === 1);
    const response = responses[0] as ClientResponse;
    let aborted = 0;
    response.onAbort(() => aborted++);
    if (how === 'reset') client.socket.resetAndDestroy();
    else client.socket.end();
    await until('the abort', () => aborted > 0);
    assert.equal(response.aborted, true);
    response.writeHead(200, []);
    response.end('too late');
    await client.closed;
    assert.equal(client.text(), '');
    assert.equal(aborted, 1);
    assert.equal(http.connections, 0);
  });
}

test('a body that ends too early is refused, and lost to who waits for it', async (context) => {
  const { serve, requests } = collect();
  const { port } = await open(context, serve);
  for (const part of [POST.slice(0, -1), POST.slice(0, -5)]) {
    const client = await dial(context, port);
    client.socket.write(part);
    await until('the request', () => requests.length === 1);
    const body = Promise.resolve(requests.pop()?.readBody(MAX_BODY));
    const lost = assert.rejects(body, { code: 'client_closed' });
    client.socket.end();
    await client.closed;
    await lost;
    assert.match(client.text(), /^HTTP\/1\.1 400 .*malformed_request/s);
  }
});

test('a body that has come is there at once, a larger one than allowed is refused unread', async (context) => {
  const { serve, requests } = collect();
  const { port } = await open(context, serve);
  const client = await dial(context, port);
  client.socket.write(POST);
  await until('the request', () => requests.length === 1);
  assert.throws(() => requests[0]?.readBody(4), { code: 'request_too_large' });
  assert.deepEqual(requests[0]?.readBody(5), Buffer.from('hello'));
});

test('a large body that comes in pieces is whole', async (context) => {
  const { serve, requests } = collect();
  const { port } = await open(context, serve);
  const client = await dial(context, port);
  const body = Buffer.from(Array.from({ length: 500_000 }, (_, index) => index % 251));
  client.socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`);
  client.socket.write(body);
  await until('the request', () => requests.length === 1);
  assert.deepEqual(await requests[0]?.readBody(MAX_BODY), body);
});

test('an answer before the body has come closes the connection, and reaches a client that still sends', async (context) => {
  const { http, port } = await open(context, (_request, response) => {
    response.writeHead(401, []);
    response.end('no');
  });
  const client = await dial(context, port);
  client.socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8000000\r\n\r\nbegin');
  client.socket.write(Buffer.alloc(4_000_000));
  await client.closed;
  assert.match(client.text(), /^HTTP\/1\.1 401 .*\r\nConnection: close\r\n.*\r\n\r\nno$/s);
  await until('the end of the connection', () => http.connections === 0);
});

test('a client that reads slowly holds back the answer', async (context) => {
  const { serve, responses } = collect();
  const { port } = await open(context, serve);
  const client = await dial(context, port);
  client.socket.pause();
  client.socket.write(POST);
  await until('the request', () => responses.length === 1);
  const response = responses[0] as ClientResponse;
  response.writeHead(200, []);
  // More than the system takes for a client that does not read.
  const piece = Buffer.alloc(32 * 1024 * 1024, 'a');
  assert.equal(response.write(piece), false);
  assert.equal(response.write('b'), false);
  let drains = 0;
  response.onDrain(() => drains++);
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.equal(drains, 0);
  client.socket.resume();
  await until('the drain', () => drains === 1);
  response.end();
  await until('the end', () => client.ends('\r\n1\r\nb\r\n0\r\n\r\n'));
  assert.equal(drains, 1);
  assert.equal(response.bytesSent, piece.length + 1);
});

test('nothing in a header ends it early', async (context) => {
  const { serve, responses } = collect();
  const { port } = await open(context, serve);
  const client = await dial(context, port);
  client.socket.write(POST);
  await until('the request', () => responses.length === 1);
  const response = responses[0] as ClientResponse;
  for (const value of ['a\r\nx: b', 'a\rb', 'a\nb', 'a\0b', 'a\x7fb', 'Ā', '🦆']) {
    assert.throws(() => response.writeHead(200, ['x-a', value]), TypeError, JSON.stringify(value));
  }
  for (const name of ['', 'a b', 'a:', 'a\r\nb', '\xe9', 'a\0']) {
    assert.throws(() => response.writeHead(200, [name, 'a']), TypeError, JSON.stringify(name));
  }
  assert.throws(() => response.writeHead(200, ['content-length', '5, 6']), TypeError);
  for (const status of [100, 199, 1000, Number.NaN]) assert.throws(() => response.writeHead(status, []), RangeError);
  response.writeHead(200, ['transfer-encoding', 'gzip', 'x-a', 'b']);
  response.end('fine');
  await until('the answer', () => client.text().endsWith('\r\nContent-Length: 4\r\n\r\nfine'));
  assert.doesNotMatch(client.text(), /gzip/);
});

test('an answer of another length than declared is cut', async (context) => {
  for (const [declared, pieces] of [
    [3, ['1234']],
    [3, ['12', '34']],
    [5, ['1234']],
    [5, []],
  ] as [number, string[]][]) {
    const { port } = await open(context, async (_request, response) => {
      response.writeHead(200, ['content-length', String(declared)]);
      for (const piece of pieces) {
        response.write(piece);
        await turn();
      }
      response.end();
    });
    const client = await dial(context, port);
    client.socket.write(POST);
    await client.closed;
    const body = client.text().split('\r\n\r\n')[1] ?? '';
    assert.ok(body.length <= declared, body);
  }
});

test('what cannot be a request ends the answer under way, what may be one waits for it', async (context) => {
  const { serve, responses } = collect();
  const { port } = await open(context, serve);
  const client = await dial(context, port);
  client.socket.write(POST);
  await until('the request', () => responses.length === 1);
  client.socket.write('POST / HTTP/1.1\r\nho');
  await turn();
  client.socket.write('st: a\r\n\r\n');
  await turn();
  assert.equal(responses.length, 1);
  responses[0]?.writeHead(200, []);
  responses[0]?.end();
  await until('the second request', () => responses.length === 2);
  responses[1]?.onAbort(() => undefined);
  client.socket.write('\0\0');
  await client.closed;
  await until('the abort', () => responses[1]?.aborted === true);
});

test('connections end with their answer when the process drains, and idle ones when they are told to', async (context) => {
  let draining = false;
  const { serve, responses } = collect();
  const { http, port } = await open(context, serve, { closing: () => draining });
  const [fresh, partly, kept, busy] = [
    await dial(context, port),
    await dial(context, port),
    await dial(context, port),
    await dial(context, port),
  ];
  kept.socket.write(POST);
  await until('the first request', () => responses.length === 1);
  responses[0]?.writeHead(200, []);
  responses[0]?.end('kept');
  await until('the first answer', () => kept.text().endsWith('kept'));
  assert.match(kept.text(), /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n/);
  partly.socket.write('POST / HTTP');
  busy.socket.write(POST);
  await until('the second request', () => responses.length === 2);
  assert.equal(http.connections, 4);
  draining = true;
  http.closeIdle();
  await Promise.all([fresh.closed, kept.closed]);
  assert.equal(http.connections, 2);
  responses[1]?.writeHead(200, []);
  responses[1]?.end('busy');
  await busy.closed;
  assert.match(busy.text(), /\r\nConnection: close\r\n.*busy$/s);
  partly.socket.write('/1.1\r\nhost: a\r\n\r\n');
  await until('the third request', () => responses.length === 3);
  responses[2]?.writeHead(200, []);
  responses[2]?.end('partly');
  await partly.closed;
  assert.match(partly.text(), /\r\nConnection: close\r\n.*partly$/s);
});

test('a request that does not come in time is answered 408; a kept connection may wait', async (context) => {
  const { http, port } = await open(context, serveEcho, { requestReceivedTimeoutMs: 1 });
  const kept = await dial(context, port);
  kept.socket.write(POST);
  await until('the answer', () => kept.text() !== '');
  for (const part of ['', 'POST / HTTP/1.1\r\n', POST.slice(0, -1)]) {
    const client = await dial(context, port);
    client.socket.write(part);
    await until('the connection', () => http.connections === 2);
    const timer = setInterval(() => http.checkTimes(), 5);
    await client.closed;
    clearInterval(timer);
    assert.match(client.text(), /^HTTP\/1\.1 408 .*request_timeout/s, JSON.stringify(part));
    await until('the end of the connection', () => http.connections === 1);
  }
  kept.socket.destroy();
});
