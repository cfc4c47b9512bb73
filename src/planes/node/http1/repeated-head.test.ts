import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RepeatedHead } from './repeated-head.ts';
import { type RequestHead, RequestHeadParser } from './request-head.ts';

const parser = new RequestHeadParser();

function seen(head: RequestHead | string): unknown {
  return typeof head === 'string' ? head : { ...head, rawHeaders: [...head.rawHeaders] };
}

/** What becomes of requests on one connection, each parsed anew only when it is not that of the last; how many were not. */
function readAll(texts: readonly string[], maxBytes: number): number {
  const last = new RepeatedHead();
  let matched = 0;
  for (const text of texts) {
    const bytes = Buffer.from(text, 'latin1');
    const anew = parser.parse(bytes, maxBytes);
    const repeated = last.match(bytes, maxBytes);
    if (repeated !== undefined) {
      matched++;
      assert.deepEqual(seen(repeated), seen(anew), JSON.stringify(texts));
    } else if (typeof anew !== 'string') last.remember(bytes, anew);
  }
  return matched;
}

const head = (length: string, rest = '') =>
  `POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nx-name: J\xfcrgen${rest}\r\n\r\n`;

test('a head that differs in the length of the body alone is not parsed again', () => {
  assert.equal(readAll([head('5'), head('5'), head('12'), head('999999999'), head('0')], 1000), 4);
  const get = 'GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n';
  assert.equal(readAll([get, get, get], 1000), 2);
});

test('all other heads are', () => {
  const first = head('5');
  for (const other of [
    head('05'),
    head(''),
    head('-5'),
    head('5 '),
    head(' 5'),
    head('5, 5'),
    head('1234567890'),
    head('5', '!'),
    head('5', '\r\nContent-Length: 5'),
    head('5\r\nTransfer-Encoding: chunked'),
    first.slice(0, -1),
    first.slice(0, 60),
    first.slice(1),
    '',
  ])
    assert.equal(readAll([first, other], 1000), 0, JSON.stringify(other));
  assert.equal(readAll([first, head('12')], first.length), 0, 'too long');
  assert.equal(readAll([head('5', 'x'.repeat(3000)), head('5', 'x'.repeat(3000))], 16_384), 0, 'not kept');
});

test('a head means what it means to the parser', () => {
  const line = fc.constantFrom(
    'content-length: 1',
    'Content-Length:  12 ',
    'content-length: 012',
    'content-length:',
    'x: content-length: 3',
    'connection: close',
    'x: 1',
  );
  const text = fc
    .tuple(fc.constantFrom('POST', 'GET'), fc.array(line, { maxLength: 3 }), fc.constantFrom('', 'a', '\r\n\r\n'))
    .map(([method, lines, rest]) => `${[`${method} / HTTP/1.1`, 'host: a', ...lines].join('\r\n')}\r\n\r\n${rest}`);
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), fc.constantFrom(60, 75, 1000), (texts, maxBytes) => {
      readAll(texts, maxBytes);
    }),
    { numRuns: 1000 },
  );
});
