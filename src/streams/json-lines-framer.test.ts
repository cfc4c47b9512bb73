import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import { createJsonLinesFramer } from './json-lines-framer.ts';

function lines(chunks: string[], maxFrameChars = 1000): string[] {
  const out: string[] = [];
  const framer = createJsonLinesFramer((line) => out.push(line), { maxFrameChars });
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return out;
}

const TEXT = '{"a":1}\n\n{"b":"é"}\r\n  \n{"c":[]}';

test('lines are the same wherever the text is cut; blank ones are skipped; the last needs no end', () => {
  const expected = ['{"a":1}', '{"b":"é"}', '{"c":[]}'];
  for (let at = 0; at <= TEXT.length; at++)
    assert.deepEqual(lines([TEXT.slice(0, at), TEXT.slice(at)]), expected, `${at}`);
  assert.deepEqual(lines([...TEXT]), expected);
});

test('any pieces give what splitting the whole gives', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('{"a":1}', '\n', '\r\n', ' ', '2'), { maxLength: 30 }), (pieces) => {
      const whole = pieces.join('');
      const expected = whole
        .split('\n')
        .map((line) => line.replace(/\r$/, ''))
        .filter((line) => line.trim() !== '');
      assert.deepEqual(lines(pieces), expected);
    }),
  );
});

test('a line over the limit is refused before it ends', () => {
  const framer = createJsonLinesFramer(() => assert.fail('no line'), { maxFrameChars: 5 });
  framer.push('12345');
  assert.throws(
    () => framer.push('6'),
    (error) => GatewayError.is(error) && error.code === 'provider_bad_response',
  );
});
