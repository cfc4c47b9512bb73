import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileGlob, compileRegex, compileSearch } from './pattern.ts';

const PATTERNS = [
  '.*',
  'gpt-4o',
  'gpt-.*',
  '.*-mini',
  'gpt-4o(-mini)?',
  '(gpt|claude)-.*',
  'gpt-[0-9]+',
  'gpt-[^4]*',
  'a.b',
  'a\\.b',
  'a+',
  'a|b*',
  '(a*)*',
  '(a|b)*c',
  'a{2,3}',
  '(?i)gpt-.*',
  '^gpt$',
  'gpt\\d\\w\\s',
  '\\S+ \\S+',
  '[[:alpha:]]+',
  '\\pL+',
  '\\p{Greek}',
  '(?:x)?(?:y)?',
  '\\Qa.b\\E',
  '(?P<name>a)b',
  '',
  'x|',
  '[]a]',
  '[a\\]b]',
  '\\x41',
  'a.?b.?c',
];

/** Line breaks are left out: model names and header values hold none. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'gpt',
        '-',
        '4',
        '4o',
        'mini',
        'claude',
        'a',
        'b',
        'c',
        '.',
        ' ',
        'x',
        'y',
        'A',
        ']',
        'α',
        '\ud800',
      ),
      fc.constantFrom('\u00a0', '\t', '\v', '\ufeff', 'é', '😀', '\0', '"'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join('').replace(/[\n\r\u2028\u2029]/g, ''));

test('a compiled pattern matches what RE2 matches in full', () => {
  for (const pattern of PATTERNS) {
    const reference = RE2JS.compile(pattern);
    const matcher = compileRegex(pattern);
    fc.assert(
      fc.property(text, (input) => {
        assert.equal(matcher(input), reference.matches(input), `${pattern} on ${JSON.stringify(input)}`);
      }),
      { numRuns: 200 },
    );
  }
});

test('classes hold what they hold in RE2, which knows white space of ASCII only', () => {
  for (const pattern of [
    'a\\sb',
    'a\\Sb',
    'a[\\s]b',
    'a[^\\s]b',
    'a.b',
    'a\\wb',
    'a\\db',
    'a\\bb',
    'a[\\d-z]b',
    'a\\vb',
  ]) {
    const reference = RE2JS.compile(pattern);
    const matcher = compileRegex(pattern);
    for (const between of [
      ' ',
      '\t',
      '\v',
      '\f',
      '\u00a0',
      '\u0085',
      '\ufeff',
      '\u2003',
      '1',
      '١',
      'é',
      '_',
      '-',
      '😀',
      '',
    ]) {
      const input = `a${between}b`;
      assert.equal(matcher(input), reference.matches(input), `${pattern} on ${JSON.stringify(input)}`);
    }
  }
});

test('so do patterns put together at random', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\.', '(a)', '(?:b|a)', '(ab|a)', '\\S');
  const piece = fc
    .tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '*?', '{1,2}'))
    .map((parts) => parts.join(''));
  const pattern = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
  const input = fc.array(fc.constantFrom('a', 'b', '.', '1', ' '), { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(
      fc.tuple(pattern, fc.constantFrom('', '|b', '|')),
      fc.array(input, { maxLength: 8 }),
      (parts, inputs) => {
        const source = parts.join('');
        const reference = RE2JS.compile(source);
        const matcher = compileRegex(source);
        for (const one of inputs) assert.equal(matcher(one), reference.matches(one), `${source} on ${one}`);
      },
    ),
    { numRuns: 500 },
  );
});

test('no pattern takes more than linear time', () => {
  const wicked: [pattern: string, text: string][] = [
    ['(a+)+b', 'a'.repeat(40)],
    ['(a|a)*b', 'a'.repeat(40)],
    ['(a|a?)+b', 'a'.repeat(40)],
    ['(.*)*x', 'a'.repeat(40)],
    [`${'a?'.repeat(26)}${'a'.repeat(26)}b`, 'a'.repeat(60)],
    [`${'(?:a|a)'.repeat(26)}b`, 'a'.repeat(60)],
    [`${'(a|a)'.repeat(26)}b`, 'a'.repeat(60)],
    [`${'(?:a|ab)(?:c|bcd)?'.repeat(20)}x`, 'abcd'.repeat(40)],
    ['.*.*.*.*=.*', 'a'.repeat(2000)],
    ['[a-z]*[a-z]*[a-z]*1', 'a'.repeat(2000)],
  ];
  for (const [pattern, input] of wicked) {
    const matcher = compileRegex(pattern);
    const started = performance.now();
    assert.equal(matcher(input), false);
    const took = performance.now() - started;
    assert.ok(took < 400, `${pattern} took ${Math.round(took)} ms`);
  }
});

test('what is no RE2 syntax is refused', () => {
  for (const pattern of ['(', '[', 'a**', '(?=a)', '(?!a)', '(?<=a)b', '(a)\\1', '\\k<a>', '*', 'a{2,1}']) {
    assert.throws(() => compileRegex(pattern), Error, pattern);
  }
});

test('a glob is the expression with its stars as any text', () => {
  const glob = fc
    .array(fc.constantFrom('*', 'a', 'b', 'ab', '.', '+'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  const input = fc.array(fc.constantFrom('a', 'b', '.', '+', '*'), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(glob, input, (pattern, one) => {
      const source = pattern
        .split('*')
        .map((part) => part.replace(/[.+]/g, '\\$&'))
        .join('.*');
      assert.equal(compileGlob(pattern)(one), new RegExp(`^${source}$`, 's').test(one), `${pattern} on ${one}`);
    }),
    { numRuns: 1000 },
  );
});

test('a dot matches line breaks too, so that what prefixes say holds for texts of several lines', () => {
  for (const pattern of ['.*', 'a.*', 'a.*b', '.*b', '(a|x).*(b|y)', 'a.b']) {
    assert.equal(compileRegex(pattern)('a\nb'), true, pattern);
  }
});

test('a search finds what RE2 finds anywhere in the text', () => {
  const anchored = PATTERNS.flatMap((pattern) => [pattern, `^${pattern}`, `${pattern}$`]);
  const lines = text.chain((first) => text.map((second) => (second === '' ? first : `${first}\n${second}`)));
  for (const pattern of anchored.filter((one) => !/[*?+]{2}|\}\$?$/.test(one))) {
    const reference = RE2JS.compile(pattern);
    const matcher = compileSearch(pattern);
    fc.assert(
      fc.property(lines, (input) => {
        assert.equal(matcher(input), reference.matcher(input).find(), `${pattern} on ${JSON.stringify(input)}`);
      }),
      { numRuns: 50 },
    );
  }
  assert.throws(() => compileSearch('(?=a)'), Error);
});

test('texts that would hold the process are not tried on the slow engine', () => {
  const long = 'a'.repeat(2001);
  const slow = compileRegex('(a|b)*c', { maxSlowText: 2000 });
  assert.equal(slow('abc'), true);
  assert.throws(() => slow(long), /2001 characters, more than the 2000/);
  assert.equal(compileRegex('a*', { maxSlowText: 2000 })(long), true);
  assert.throws(() => compileSearch('(a|b)*c', { maxSlowText: 2000 })(long), /more than the 2000/);
});
