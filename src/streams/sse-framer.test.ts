import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import { createSseFramer, type TextFramerOptions } from './sse-framer.ts';

type Frame = [event: string, data: string];

function frames(chunks: string[], options?: TextFramerOptions): Frame[] {
  const out: Frame[] = [];
  const framer = createSseFramer((event, data) => out.push([event, data]), options);
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return out;
}

/** The specification read literally, on the whole text at once. */
function plainFrames(text: string): Frame[] {
  const out: Frame[] = [];
  let event = '';
  let data: string[] = [];
  for (const line of [...text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/), '']) {
    if (line === '') {
      if (data.length > 0) out.push([event, data.join('\n')]);
      event = '';
      data = [];
      continue;
    }
    const match = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (match?.[1] === 'data') data.push(match[2] ?? '');
    if (match?.[1] === 'event') event = match[2] ?? '';
  }
  return out;
}

function split(text: string, cuts: number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((one, other) => one - other);
  return [0, ...places].map((start, index) => text.slice(start, places[index] ?? text.length));
}

const MIXED = [
  '\ufeff: hello\r\nevent: message_start\r\ndata: {"a":1}\r\n\r\n',
  'event:ping\ndata:{}\n\ndata: one\rdata:two\rdata\r\r',
  ':\n\nid: 7\nretry: 10\ndata:  two spaces\n\nevent: lonely\n\ndata: Zürich 東京 👋\n\n',
  'data: [DONE]\n\ndata: tail',
].join('');

const MIXED_FRAMES: Frame[] = [
  ['message_start', '{"a":1}'],
  ['ping', '{}'],
  ['', 'one\ntwo\n'],
  ['', ' two spaces'],
  ['', 'Zürich 東京 👋'],
  ['', '[DONE]'],
  ['', 'tail'],
];

test('reads LF, CR and CRLF, comments, a byte order mark, several data lines, a missing final blank line', () => {
  assert.deepEqual(frames([MIXED]), MIXED_FRAMES);
  assert.deepEqual(plainFrames(MIXED), MIXED_FRAMES);
});

test('cut in two at every place, and into single characters, the frames are the same', () => {
  for (let at = 0; at <= MIXED.length; at++) {
    assert.deepEqual(frames([MIXED.slice(0, at), MIXED.slice(at)]), MIXED_FRAMES, `cut at ${at}`);
  }
  assert.deepEqual(frames([...MIXED]), MIXED_FRAMES);
});

test('an event is delivered as soon as its blank line is there, also when that is a lone CR', () => {
  const out: Frame[] = [];
  const framer = createSseFramer((event, data) => out.push([event, data]));
  framer.push('data: 1\n\n');
  assert.equal(out.length, 1);
  framer.push('data: 2\r\n\r');
  assert.equal(out.length, 2);
  framer.push('\ndata: 3\n\n');
  assert.deepEqual(out, [
    ['', '1'],
    ['', '2'],
    ['', '3'],
  ]);
});

test('the fast path agrees with the plain reading, whatever the text and wherever it is cut', () => {
  const piece = fc.constantFrom(
    'data: {"choices":[]}\n\n',
    'data:x\n\n',
    'event: e\ndata: y\n\n',
    'event:e\n',
    'data: m\n',
    'data\n',
    'data: c\r\n\r\n',
    'event: e\r\ndata: z\r\n\r\n',
    'data: d\r\n\n',
    'data: b\ra\r\n\r\n',
    'data: r\r\r',
    ': note\n',
    'id: 1\n',
    '\n',
    '\r',
    '\r\n',
    'data:',
    ' ',
    'é',
  );
  const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (whole, cuts) => {
      assert.deepEqual(frames(split(whole, cuts)), plainFrames(whole));
    }),
    { numRuns: 1500 },
  );
});

test('Latin-1 text keeps its ASCII: a byte order mark of three characters is dropped', () => {
  const text = Buffer.from('\ufeffdata: {"n":"é"}\n\n', 'utf8').toString('latin1');
  assert.deepEqual(frames([...text]), [['', '{"n":"Ã©"}']]);
});

test('an event over the limit is refused, whole or in pieces; one at the limit passes', () => {
  const bad = (error: unknown): boolean => GatewayError.is(error) && error.code === 'provider_bad_response';
  const options = { maxFrameChars: 10 };
  assert.deepEqual(frames(['data: 0123456789\n\n'], options), [['', '0123456789']]);
  assert.throws(() => frames(['data: 0123456789a\n\n'], options), bad);
  assert.throws(() => frames(['data: 0123456789a\r\n\r\n'], options), bad);
  assert.throws(() => frames(['data: 01234\ndata: 56789\n\n'], options), bad);
  assert.throws(() => frames(Array(30).fill('data: 0').concat('\n'), options), bad);
  const endless = createSseFramer(() => assert.fail('no frame'), options);
  assert.throws(() => {
    for (let count = 0; count < 30; count++) endless.push('x');
  }, bad);
});
