import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import test from 'node:test';
import { relayLines } from './line-relay.ts';

async function relay(...chunks: readonly string[]): Promise<string[]> {
  const source = new PassThrough();
  const written: string[] = [];
  relayLines(source, (lines) => void written.push(Buffer.from(lines).toString('utf8')));
  for (const chunk of chunks) source.write(chunk);
  source.end();
  await finished(source);
  return written;
}

test('only whole lines are passed on, wherever the stream is cut', async () => {
  assert.deepEqual(await relay('one\ntw', 'o', '\nthree\n'), ['one\n', 'two\nthree\n']);
});

test('what has no line break at the end gets one', async () => {
  assert.deepEqual(await relay('one\nlast'), ['one\n', 'last\n']);
});

test('a line without an end is passed on in parts', async () => {
  const part = 'x'.repeat(700_000);
  assert.deepEqual(
    (await relay(part, part, '\n')).map((text) => text.length),
    [1_400_000, 1],
  );
});
