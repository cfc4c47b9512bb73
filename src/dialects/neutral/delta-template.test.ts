import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DeltaTemplate } from './delta-template.ts';

const frame = (text: string, index = 0) => JSON.stringify({ index, delta: { type: 'text_delta', text } });

function learned(data: string, piece: string): DeltaTemplate {
  const template = new DeltaTemplate();
  template.learn(data, piece);
  return template;
}

test('a frame that differs in its text alone gives that text', () => {
  const template = learned(frame('Hello'), 'Hello');
  assert.equal(template.pieceOf(frame(' world ')), ' world ');
  assert.equal(template.pieceOf(frame('}}{"é')), undefined);
  assert.equal(template.pieceOf(frame('日本')), '日本');
  template.forget();
  assert.equal(template.pieceOf(frame('Hello')), undefined);
});

test('spaces before the last brace count for nothing, as in frames that are padded with them', () => {
  const padded = (text: string, spaces: number) => frame(text).replace(/\}$/, `${' '.repeat(spaces)}}`);
  assert.equal(learned(padded('a', 5), 'a').pieceOf(padded('b', 2)), 'b');
  assert.equal(learned(padded('a', 0), 'a').pieceOf(padded('b', 9)), 'b');
});

test('all other frames are left to be parsed', () => {
  const template = learned(frame('Hello'), 'Hello');
  const others = [
    frame(''),
    frame('x', 1),
    `${frame('x')} `,
    frame('x').slice(0, -1),
    frame('x').slice(0, -2),
    '',
    '{}',
  ];
  others.push(frame('say "x"'), frame('a\nb'), frame('a\\b'), frame('\ud800'), frame('x').replace('x', 'a\nb'));
  others.push(frame('x').replace('}}', ',"more":1}}'), frame('x').replace('}}', '},"more":1}'));
  for (const data of others) assert.equal(template.pieceOf(data), undefined, data);
});

test('nothing is learned of a text whose place is not certain', () => {
  for (const [data, piece] of [
    [frame('text'), 'text'],
    [frame('a"b'), 'a"b'],
    ['{"A":1,"text":"\\u0041"}', 'A'],
    ['{"kind":"x","text":"y"}', 'x'],
    [frame(''), ''],
    ['[{"text":"x"}]', 'x'],
  ] as const) {
    assert.equal(learned(data, piece).pieceOf(data), undefined, data);
  }
});

test('whatever piece is found is the one that parsing finds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      const piece = learned(frame(one), one).pieceOf(frame(other));
      assert.ok(piece === undefined || piece === other);
    }),
  );
});
