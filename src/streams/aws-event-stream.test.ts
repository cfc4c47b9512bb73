import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import {
  type AwsEventStreamOptions,
  createAwsEventStreamFramer,
  encodeAwsEventStreamHeaders,
  encodeAwsEventStreamMessage,
} from './aws-event-stream.ts';
import { frameOfAwsEventStreamMessage } from './aws-event-stream-frame.ts';
import { crc32 } from './crc32.ts';

type Read = { headers: Record<string, string>; payload: string };

function read(chunks: Uint8Array[], options?: AwsEventStreamOptions): Read[] {
  const out: Read[] = [];
  const framer = createAwsEventStreamFramer(({ headers, payload }) => {
    out.push({ headers: { ...headers }, payload: Buffer.from(payload).toString() });
  }, options);
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return out;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const badResponse = (why: RegExp) => (error: unknown) =>
  GatewayError.is(error) && error.code === 'provider_bad_response' && why.test(error.publicMessage);

const EVENT = { ':event-type': 'contentBlockDelta', ':content-type': 'application/json', ':message-type': 'event' };
const MESSAGES: Read[] = [
  { headers: { ':event-type': 'messageStart' }, payload: '{"role":"assistant"}' },
  { headers: EVENT, payload: '{"delta":{"text":"Zürich"}}' },
  { headers: EVENT, payload: '{"delta":{"text":"👋"}}' },
  { headers: {}, payload: '' },
];
const STREAM = Buffer.concat(
  MESSAGES.map(({ headers, payload }) => encodeAwsEventStreamMessage(headers, bytes(payload))),
);

test('CRC-32 is the one of zlib', () => {
  assert.equal(crc32(bytes('123456789')), 0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => assert.equal(crc32(data), zlibCrc32(Buffer.from(data)))),
  );
});

test('a message is written as the format says', () => {
  // A hand-laid message: one header `a: b`, payload `{}`.
  const head = Buffer.from('0000001700000005', 'hex');
  const body = Buffer.concat([Buffer.from([1, 0x61, 7, 0, 1, 0x62]), Buffer.from('{}')]);
  head.writeUInt32BE(12 + body.length + 4, 0);
  head.writeUInt32BE(6, 4);
  const crc = (data: Buffer): Buffer => {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(zlibCrc32(data));
    return out;
  };
  const unsealed = Buffer.concat([head, crc(head), body]);
  const expected = Buffer.concat([unsealed, crc(unsealed)]);
  assert.deepEqual(Buffer.from(encodeAwsEventStreamMessage({ a: 'b' }, bytes('{}'))), expected);
  assert.deepEqual(
    encodeAwsEventStreamMessage(encodeAwsEventStreamHeaders({ a: 'b' }), bytes('{}')),
    encodeAwsEventStreamMessage({ a: 'b' }, bytes('{}')),
  );
});

test('messages are the same wherever the bytes are cut', () => {
  assert.deepEqual(read([STREAM]), MESSAGES);
  for (let at = 0; at <= STREAM.length; at++) {
    assert.deepEqual(read([STREAM.subarray(0, at), STREAM.subarray(at)]), MESSAGES, `cut at ${at}`);
  }
  assert.deepEqual(read([...STREAM].map((byte) => Uint8Array.of(byte))), MESSAGES);
});

test('what is written is read back, in any pieces', () => {
  const header = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 40 }), {
    maxKeys: 4,
  });
  const message = fc.record({ headers: header, payload: fc.string({ unit: 'grapheme', maxLength: 60 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.integer({ min: 1, max: 64 }), (messages, size) => {
      const stream = Buffer.concat(messages.map((one) => encodeAwsEventStreamMessage(one.headers, bytes(one.payload))));
      const chunks = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, at + size));
      const expected = messages.map(({ headers, payload }) => ({ headers: { ...headers }, payload }));
      assert.deepEqual(read(chunks), expected);
    }),
  );
});

test('headers of every type are read over; strings are kept', () => {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const block = Uint8Array.from([
    ...[...name('t'), 0],
    ...[...name('f'), 1],
    ...[...name('b'), 2, 1],
    ...[...name('h'), 3, 1, 2],
    ...[...name('i'), 4, 1, 2, 3, 4],
    ...[...name('l'), 5, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[...name('y'), 6, 0, 3, 1, 2, 3],
    ...[...name('s'), 7, 0, 2, 0x68, 0x69],
    ...[...name('d'), 8, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[...name('u'), 9, ...new Uint8Array(16)],
    ...[...name(':event-type'), 7, 0, 1, 0x78],
  ]);
  assert.deepEqual(read([encodeAwsEventStreamMessage(block, bytes('p'))]), [
    { headers: { s: 'hi', ':event-type': 'x' }, payload: 'p' },
  ]);
  for (const cut of [Uint8Array.of(1, 0x61, 10), Uint8Array.of(1, 0x61), Uint8Array.of(1, 0x61, 7, 0, 9, 1)]) {
    assert.throws(() => read([encodeAwsEventStreamMessage(cut, bytes('p'))]), badResponse(/header/));
  }
});

test('a flipped bit anywhere is noticed', () => {
  const message = encodeAwsEventStreamMessage(EVENT, bytes('{"delta":{"text":"hello"}}'));
  for (let at = 0; at < message.length; at++) {
    const damaged = message.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    assert.throws(() => read([damaged]), badResponse(/checksum/), `byte ${at}`);
  }
});

test('a stream that ends inside a message is an error', () => {
  for (const size of [1, 11, 12, 13, STREAM.length - 1]) {
    assert.throws(() => read([STREAM.subarray(0, size)]), badResponse(/cut off/), `${size} bytes`);
  }
});

test('a message over the limit is refused by its prelude alone', () => {
  const message = encodeAwsEventStreamMessage({}, new Uint8Array(100));
  assert.equal(read([message], { maxMessageBytes: 116 }).length, 1);
  assert.throws(() => read([message.subarray(0, 12)], { maxMessageBytes: 115 }), badResponse(/longer than 115/));
  assert.throws(
    () =>
      read(
        [...message].map((byte) => Uint8Array.of(byte)),
        { maxMessageBytes: 115 },
      ),
    badResponse(/115/),
  );
});

test('a frame is named by event, exception or error headers', () => {
  const frame = (headers: Record<string, string>, text: string) =>
    frameOfAwsEventStreamMessage({ headers, payload: bytes(text) });
  assert.deepEqual(frame(EVENT, '{}'), { event: 'contentBlockDelta', data: '{}' });
  assert.deepEqual(
    frame({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, '{"message":"slow"}'),
    {
      event: 'throttlingException',
      data: '{"message":"slow"}',
    },
  );
  assert.deepEqual(frame({ ':message-type': 'error', ':error-code': 'InternalError', ':error-message': 'oops' }, ''), {
    event: 'InternalErrorException',
    data: '{"message":"oops"}',
  });
  assert.deepEqual(frame({ 'event-type': 'end' }, 'this is no event'), { event: '', data: 'this is no event' });
});
