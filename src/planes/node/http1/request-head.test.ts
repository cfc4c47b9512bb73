import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RequestHead, RequestHeadParser } from './request-head.ts';

const MAX_BYTES = 16 * 1024;
const parser = new RequestHeadParser();
const parse = (text: string, maxBytes = MAX_BYTES) => parser.parse(Buffer.from(text, 'latin1'), maxBytes);

function parsed(text: string): RequestHead {
  const head = parse(text);
  if (typeof head === 'string') assert.fail(`${head}: ${JSON.stringify(text)}`);
  return head;
}

const ORDINARY =
  'POST /v1/chat?a=1 HTTP/1.1\r\nHost: a\r\nX-Name:\t J\xfcrgen  \r\ncontent-length: 5\r\nx-empty:\r\n\r\nhello';

test('an ordinary head is read as it is', () => {
  const head = parsed(ORDINARY);
  assert.equal(head.method, 'POST');
  assert.equal(head.url, '/v1/chat?a=1');
  assert.deepEqual(head.rawHeaders, ['Host', 'a', 'X-Name', 'J\xfcrgen', 'content-length', '5', 'x-empty', '']);
  assert.equal(head.headBytes, ORDINARY.length - 5);
  assert.equal(head.bodyBytes, 5);
  assert.equal(head.close, false);
  assert.equal(parsed('GET / HTTP/1.1\r\nhost: a\r\nConnection: Close\r\n\r\n').close, true);
});

test('what is not of the ordinary form is left to the general parser', () => {
  const heads = [
    'HEAD / HTTP/1.1\r\nhost: a\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n',
    'PATCH / HTTP/1.1\r\nhost: a\r\n\r\n',
    'get / HTTP/1.1\r\nhost: a\r\n\r\n',
    'POSTS / HTTP/1.1\r\nhost: a\r\n\r\n',
    '\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n',
    ' GET / HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET  / HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET http://a/ HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET * HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET /#a HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET /\xe9 HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET /\t HTTP/1.1\r\nhost: a\r\n\r\n',
    'GET / HTTP/1.0\r\nhost: a\r\n\r\n',
    'GET / HTTP/1.1 \r\nhost: a\r\n\r\n',
    'GET / HTTP/1.1\nhost: a\r\n\r\n',
    'GET / http/1.1\r\nhost: a\r\n\r\n',
    'GET /\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\n\n',
    'GET / HTTP/1.1\r\nhost: a\r\n b\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx: a\x7fb\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx : a\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\n: a\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\nx\xe9: a\r\n\r\n',
    ...[
      'Transfer-Encoding: chunked',
      'transfer-encoding: identity',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Connection: keep-alive, upgrade',
      'Connection: close\r\nConnection: close',
      'Connection:',
      'Proxy-Connection: keep-alive',
      'Content-Length: 1\r\nContent-Length: 1',
      'Content-Length: 1, 1',
      'Content-Length: +1',
      'Content-Length: -1',
      'Content-Length: 01',
      'Content-Length: 0x1',
      'Content-Length: 1e1',
      'Content-Length: 1 1',
      'Content-Length:',
      'Content-Length: 9999999999999999',
    ].map((line) => `POST / HTTP/1.1\r\nhost: a\r\n${line}\r\n\r\n`),
    `GET / HTTP/1.1\r\nhost: a\r\n${'x: a\r\n'.repeat(100)}\r\n`,
  ];
  for (const head of heads) assert.equal(parse(head), 'other', JSON.stringify(head));
});

test('a head of more bytes than are allowed is left to the general parser, also when it has not come whole', () => {
  const head = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
  assert.equal(typeof parse(head, head.length), 'object');
  assert.equal(parse(head, head.length - 1), 'other');
  assert.equal(parse(head.slice(0, -3), head.length - 1), 'incomplete');
  assert.equal(parse(`GET /${'a'.repeat(100)}`, 50), 'other');
  assert.equal(parse(`GET / HTTP/1.1\r\nx: ${'a'.repeat(100)}`, 50), 'other');
});

/** What `node:http` makes of a request; undefined when it refuses it. */
function readByNode(text: string, bodyBytes: number): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const server = createServer({ requireHostHeader: false }, (message) => {
      let body = Buffer.alloc(0);
      const report = () =>
        resolve({
          method: message.method,
          url: message.url,
          rawHeaders: message.rawHeaders,
          body: body.toString('latin1'),
        });
      message.on('data', (chunk: Buffer) => {
        body = Buffer.concat([body, chunk]);
        if (body.length === bodyBytes) report();
      });
      message.on('end', () => {
        if (body.length === 0) report();
      });
    });
    server.maxHeadersCount = 0;
    server.on('clientError', () => resolve(undefined));
    server.emit('connection', socket);
    socket.push(Buffer.from(text, 'latin1'));
  });
}

const BYTE = fc.constantFrom(...'\r\n\t\0\x0b\x7f :;,/?#%"\\\xa0\xff0aA-_', '\r\n', '\r\n\r\n', '\n ', 'chunked');
/** Mostly the first: one odd thing at a time finds more than many. */
const mostly = (ordinary: fc.Arbitrary<string>, ...odd: string[]) =>
  fc.oneof({ weight: 6, arbitrary: ordinary }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
const METHOD = mostly(fc.constantFrom('POST', 'GET', 'PUT', 'DELETE'), 'HEAD', 'PATCH', 'PRI', 'post');
const URL_TEXT = mostly(
  fc.constantFrom('/', '/v1/chat?a=b', '//a', '/"<>^`{|}', '/[\\]'),
  '*',
  'http://a/',
  '/#',
  '/\xe9',
);
const VERSION = mostly(fc.constant('HTTP/1.1'), 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.11', 'http/1.1');
const NAME = mostly(
  fc.constantFrom('X-Name', 'x-name', 'Cookie', 'Content_Length', 'Keep-Alive', 'TE', 'Content-Length', 'connection'),
  ...['Host', 'content-length', 'Transfer-Encoding', 'Expect', 'Upgrade', 'Proxy-Connection', 'a b', ''],
);
const VALUE = mostly(
  fc.constantFrom('5', '0', 'close', 'keep-alive'),
  'a',
  '',
  '05',
  '+5',
  '5 5',
  'chunked',
  '\xe9',
  '\t',
);
const LINE = fc.tuple(
  NAME,
  mostly(fc.constantFrom(':', ': ', ':\t '), ' :', ''),
  VALUE,
  fc.constantFrom('', ' ', '\t'),
);
const HEAD = fc
  .record({
    method: METHOD,
    url: URL_TEXT,
    version: VERSION,
    headers: fc.array(LINE, { maxLength: 4 }),
    host: mostly(fc.constant('Host: a\r\n'), ''),
    body: fc.constantFrom('', 'hello', 'GET / HTTP/1.1\r\n\r\n'),
    edits: fc.array(fc.tuple(fc.nat(100), fc.nat(2), BYTE), { maxLength: 2 }),
  })
  .map(({ method, url, version, headers, host, body, edits }) => {
    const lines = headers.map((parts) => `${parts.join('')}\r\n`).join('');
    let text = `${method} ${url} ${version}\r\n${host}${lines}\r\n${body}`;
    for (const [at, removed, inserted] of edits) {
      if (at < text.length) text = text.slice(0, at) + inserted + text.slice(at + removed);
    }
    return text;
  });

test('whatever it accepts is the same to node:http, and where it is cut makes no difference', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(HEAD, async (text) => {
      const bytes = Buffer.from(text, 'latin1');
      const whole = parser.parse(bytes, MAX_BYTES);
      const headBytes = typeof whole === 'string' ? bytes.length : whole.headBytes;
      for (let cut = 0; cut < bytes.length; cut++) {
        const part = parser.parse(bytes.subarray(0, cut), MAX_BYTES);
        if (typeof whole !== 'string' && cut >= headBytes) assert.deepEqual(part, whole);
        else if (whole === 'other') assert.ok(part === 'incomplete' || part === 'other');
        else assert.equal(part, 'incomplete');
      }
      if (typeof whole === 'string') return;
      accepted++;
      const body = text.slice(headBytes).padEnd(whole.bodyBytes, 'x').slice(0, whole.bodyBytes);
      const { method, url, rawHeaders } = whole;
      assert.deepEqual(await readByNode(text.slice(0, headBytes) + body, whole.bodyBytes), {
        method,
        url,
        rawHeaders,
        body,
      });
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 100, `only ${accepted} were accepted`);
});
