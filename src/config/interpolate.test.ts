import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANY_SCALAR,
  type InterpolationContext,
  interpolate,
  interpolatingReader,
  type ScalarExpectation,
  TEXT_SCALAR,
} from './interpolate.ts';

const ENV = { A: 'one', B: 'two', EMPTY: '', PORT: '8443', YES: 'true', MAP: '{a: 1}', REF: '${A}' };

describe('interpolate', () => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['${A}', 'one'],
    ['x-${A}-${B}-y', 'x-one-two-y'],
    ['${A}${B}', 'onetwo'],
    ['${NONE:-fallback}', 'fallback'],
    ['${NONE:=fallback}', 'fallback'],
    ['${EMPTY:-fallback}', 'fallback'],
    ['${EMPTY}', ''],
    ['${A:-fallback}', 'one'],
    ['${NONE:-}', ''],
    ['${NONE:-http://host:1/x}', 'http://host:1/x'],
    ['${NONE:-${B}}', 'two'],
    ['${NONE:-${ALSO_NONE:-${A}!}}', 'one!'],
    ['$${A}', '${A}'],
    ['$${A} ${A} $$', '${A} one $$'],
    ['$A costs $5', '$A costs $5'],
    // A value is not read again.
    ['${REF}', '${A}'],
  ];
  for (const [text, expected] of cases) {
    it(text, () => {
      assert.deepEqual(interpolate(text, ENV).text, expected);
      assert.deepEqual(interpolate(text, ENV).problems, []);
    });
  }

  it('knows whether the text is one reference', () => {
    const whole = ['${A}', '${NONE:-${B}}'];
    const parts = ['${A} ', ' ${A}', '${A}${B}', '$${A}', '$${A}${B}'];
    assert.deepEqual(
      whole.map((text) => interpolate(text, ENV).whole),
      whole.map(() => true),
    );
    assert.deepEqual(
      parts.map((text) => interpolate(text, ENV).whole),
      parts.map(() => false),
    );
  });

  it('names what is missing or wrong', () => {
    const at = (text: string) => interpolate(text, ENV).problems.map((problem) => problem.at);
    assert.deepEqual(at('${NONE} ${A} ${toString}'), ['${NONE}', '${toString}']);
    assert.deepEqual(at('${A B}${}${1}${A:+x}'), ['${A B}', '${}', '${1}', '${A:+x}']);
    assert.deepEqual(at('x ${A'), ['${A']);
    assert.deepEqual(at('${NONE:-${MISSING}}'), ['${MISSING}']);
  });
});

describe('interpolatingReader', () => {
  const files: Record<string, string> = {
    '/run/key': 'sk-1\n',
    '/etc/aigw/keys/b': 'two\r\n',
    '/home/ada/key': ' spaced \n\n',
  };
  const context: InterpolationContext = {
    env: { ...ENV, KEYS: '/run', SNEAKY: 'file:/run/key' },
    homeDirectory: '/home/ada',
    readText(path) {
      const text = files[path];
      if (text === undefined) throw new Error('ENOENT');
      return text;
    },
  };
  const read = (text: string, expected: ScalarExpectation, plain = true) =>
    interpolatingReader('/etc/aigw/aigw.yaml', context, () => expected)({ path: ['x'], text, plain });
  const number: ScalarExpectation = { text: false, other: true, secret: false };
  const secret: ScalarExpectation = { ...TEXT_SCALAR, secret: true };

  it('makes numbers and booleans where the model wants them', () => {
    assert.equal(read('${PORT}', number).value, 8443);
    assert.equal(read('${PORT}', number, false).value, 8443);
    assert.equal(read('${YES}', number).value, true);
    assert.equal(read('1${PORT}', number).value, '18443');
    assert.equal(read('${A}', number).value, 'one');
  });

  it('keeps text where the model wants text', () => {
    assert.equal(read('${PORT}', TEXT_SCALAR).value, '8443');
    assert.equal(read('${YES}', secret).value, 'true');
  });

  it('goes by the quotes where both are possible', () => {
    assert.equal(read('${PORT}', ANY_SCALAR).value, 8443);
    assert.equal(read('${PORT}', ANY_SCALAR, false).value, '8443');
  });

  it('never makes structure of a value', () => {
    assert.equal(read('${MAP}', ANY_SCALAR).value, '{a: 1}');
    assert.equal(read('${EMPTY}', ANY_SCALAR).value, '');
  });

  it('follows file references where a secret belongs', () => {
    assert.equal(read('file:/run/key', secret).value, 'sk-1');
    assert.equal(read('file:///run/key', secret).value, 'sk-1');
    assert.equal(read('file:${KEYS}/key', secret).value, 'sk-1');
    assert.equal(read('file:keys/b', secret).value, 'two');
    assert.equal(read('file:~/key', secret).value, ' spaced \n');
  });

  it('leaves them alone elsewhere, and in the values of variables', () => {
    assert.equal(read('file:/run/key', TEXT_SCALAR).value, 'file:/run/key');
    assert.equal(read('${SNEAKY}', secret).value, 'file:/run/key');
  });

  it('reports files that cannot be read', () => {
    const { problems } = read('file:/none', secret);
    assert.deepEqual(problems, [{ message: 'cannot read /none: ENOENT', fix: 'mount or create the file' }]);
  });
});
