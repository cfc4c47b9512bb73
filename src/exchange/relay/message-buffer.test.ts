import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeAwsEventStreamMessage } from '../../streams/aws-event-stream.ts';
import { MessageBuffer } from './message-buffer.ts';

function message(bytes: number): Uint8Array {
  return encodeAwsEventStreamMessage({ ':event-type': 'contentBlockDelta' }, new Uint8Array(bytes).fill(65));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].sort((one, other) => one - other);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

test('however the bytes are cut, what comes out ends where a message ends, and nothing is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.nat(40),
      (sizes, cuts, missing) => {
        const messages = sizes.map(message);
        const ends = new Set<number>();
        let end = 0;
        for (const one of messages) {
          end += one.length;
          ends.add(end);
        }
        const whole = Buffer.concat(messages);
        const sent = whole.subarray(0, whole.length - missing);
        const buffer = new MessageBuffer();
        const out: Uint8Array[] = [];
        let length = 0;
        for (const chunk of cut(sent, cuts)) {
          const given = buffer.push(chunk);
          if (given === undefined) continue;
          length += given.length;
          assert.ok(ends.has(length), `${length} is not the end of a message`);
          out.push(given);
        }
        const rest = buffer.rest();
        assert.deepEqual(Buffer.concat(rest === undefined ? out : [...out, rest]), Buffer.from(sent));
        assert.equal(rest?.length ?? 0, sent.length - length);
      },
    ),
    { numRuns: 300 },
  );
});

test('a long message in small pieces is not copied anew with each of them', () => {
  const long = message(8 * 1024 * 1024);
  const buffer = new MessageBuffer();
  const before = process.cpuUsage();
  let out = 0;
  for (let at = 0; at < long.length; at += 1024) out += buffer.push(long.subarray(at, at + 1024))?.length ?? 0;
  const { user, system } = process.cpuUsage(before);
  assert.equal(out, long.length);
  // Copying all that is held for each of 8,192 pieces would take several seconds.
  assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`);
});

test('a message too long to be held goes on in pieces, and the ones behind it are whole again', () => {
  const head = new Uint8Array(16);
  const tooLong = 17 * 1024 * 1024;
  new DataView(head.buffer).setUint32(0, tooLong);
  const buffer = new MessageBuffer();
  assert.equal(buffer.push(head)?.length, 16);
  const small = message(10);
  const last = Buffer.concat([new Uint8Array(100), small, small.subarray(0, 7)]);
  assert.equal(buffer.push(new Uint8Array(tooLong - 116))?.length, tooLong - 116);
  assert.equal(buffer.push(last)?.length, 100 + small.length);
  assert.equal(buffer.push(small.subarray(7))?.length, small.length);
  assert.equal(buffer.rest(), undefined);
});
