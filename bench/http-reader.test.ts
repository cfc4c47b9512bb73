import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMessageReader } from './http-reader.ts';

const WIRE = Buffer.from(
  [
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  ].join(''),
);

function read(pieces: readonly Buffer[]): { status: string; body: string }[] {
  const messages: { status: string; body: string }[] = [];
  let current = { status: '', body: '' };
  const reader = createMessageReader({
    head: (head) => {
      current = { status: head.slice(9, 12), body: '' };
    },
    body: (piece) => {
      current.body += piece.toString('latin1');
    },
    end: () => messages.push(current),
  });
  for (const piece of pieces) reader.push(piece);
  return messages;
}

const EXPECTED = [
  { status: '200', body: 'hello' },
  { status: '200', body: 'abc0123456789' },
  { status: '204', body: '' },
  { status: '200', body: 'ok' },
];

test('reads messages of every kind of length', () => {
  assert.deepEqual(read([WIRE]), EXPECTED);
});

test('does not depend on how the bytes are cut', () => {
  for (let at = 1; at < WIRE.length; at++) {
    assert.deepEqual(read([WIRE.subarray(0, at), WIRE.subarray(at)]), EXPECTED, `cut at ${at}`);
  }
  assert.deepEqual(read([...WIRE].map((byte) => Buffer.from([byte]))), EXPECTED);
});

test('does not end a message that is not whole', () => {
  assert.deepEqual(read([WIRE.subarray(0, -1)]), EXPECTED.slice(0, 3));
});
