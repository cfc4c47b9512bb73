import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigPath } from './issue.ts';
import { formatIssue } from './issue.ts';
import { parseDocuments, type ScalarReader } from './yaml-documents.ts';

const asWritten: ScalarReader = ({ text }) => ({ value: text, problems: [] });

function read(text: string, reader = asWritten) {
  const { documents, issues } = parseDocuments('a.yaml', text);
  const parts = documents.map((document) => document.read(reader));
  return {
    documents: parts.map((part) => part.document),
    problems: [...issues, ...parts.flatMap((part) => part.issues)].map(formatIssue),
  };
}

function valueIn(text: string): unknown {
  const { documents, problems } = read(text);
  assert.deepEqual(problems, []);
  return documents[0]?.value;
}

describe('values', () => {
  it('are those of JSON', () => {
    const value = valueIn('a: 1\nb: [true, null, "x", y]\nc: { d: 2025-01-01 }\n0x1: z\n');
    assert.deepEqual(value, { a: 1, b: [true, null, 'x', 'y'], c: { d: '2025-01-01' }, '0x1': 'z' });
  });

  it('come from JSON too, with tabs', () => {
    assert.deepEqual(valueIn('{\n\t"a": [1, "\\u00e9"]\n}'), { a: [1, 'é'] });
  });

  it('follow aliases', () => {
    assert.deepEqual(valueIn('a: &x [1]\nb: *x\n'), { a: [1], b: [1] });
  });

  it('have no way to the prototype', () => {
    const value = valueIn('__proto__: { polluted: true }\n') as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ['__proto__']);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
});

describe('documents', () => {
  it('are split, empty ones left out', () => {
    const { documents } = parseDocuments('a.yaml', '# first\n---\na: 1\n---\n# none\n---\nkind: B\n');
    assert.deepEqual(
      documents.map((document) => [document.line, document.has('kind'), document.field('kind')]),
      [
        [3, false, undefined],
        [7, true, 'B'],
      ],
    );
  });

  it('are not handed out when a part of the text is wrong', () => {
    const { documents, issues } = parseDocuments('a.yaml', 'a: 1\n---\nb: [\n');
    assert.equal(documents.length, 0);
    assert.equal(issues.length, 1);
  });
});

describe('places', () => {
  const text =
    'services:\n  - name: one\n    domains:\n      - "*"\n  - { name: two, empty: }\nalias: &a { x: 1 }\nuse: *a\n';
  const document = read(text).documents[0];
  const place = (path: ConfigPath, part?: 'key' | 'value') => {
    const { line, column } = document?.locate(path, part) ?? {};
    return `${line}:${column}`;
  };

  it('are those of values and of keys', () => {
    assert.equal(place([]), '1:1');
    assert.equal(place(['services']), '2:3');
    assert.equal(place(['services', 0]), '2:5');
    assert.equal(place(['services', 0, 'name']), '2:11');
    assert.equal(place(['services', 0, 'name'], 'key'), '2:5');
    assert.equal(place(['services', 0, 'domains', 0]), '4:9');
    assert.equal(place(['services', 1, 'name']), '5:13');
  });

  it('are the parent’s where there is nothing', () => {
    assert.equal(place(['services', 0, 'missing']), '2:5');
    assert.equal(place(['services', 0, 'missing', 3, 'deep'], 'key'), '2:5');
    assert.equal(place(['services', 9]), '2:3');
    assert.equal(place(['nothing']), '1:1');
  });

  it('go through aliases', () => {
    assert.equal(place(['use']), '7:6');
    assert.equal(place(['use', 'x']), '6:16');
  });
});

describe('text values', () => {
  it('go through the reader with their paths', () => {
    const seen: unknown[] = [];
    const { documents } = read('a: x\nb: ["y", 1]\n', (scalar) => {
      seen.push(scalar);
      return { value: scalar.text.toUpperCase(), problems: [] };
    });
    assert.deepEqual(documents[0]?.value, { a: 'X', b: ['Y', 1] });
    assert.equal(documents[0]?.written?.(['b', 0]), 'y');
    assert.deepEqual(seen, [
      { path: ['a'], text: 'x', plain: true },
      { path: ['b', 0], text: 'y', plain: false },
    ]);
  });

  it('show where in them a problem is', () => {
    const reader: ScalarReader = () => ({ value: '', problems: [{ message: 'bad', at: 'Y' }] });
    assert.deepEqual(read('a: "x Y"\n', reader).problems, ['a.yaml:1:7: a: bad']);
  });
});

describe('bounds', () => {
  it('hold against deep nesting', () => {
    for (const text of ['['.repeat(100_000), '- '.repeat(100_000), '? '.repeat(100_000), '{a: '.repeat(100_000)]) {
      assert.match(read(text).problems.join(), /is nested deeper than 64 levels/);
    }
  });

  it('hold against aliases that multiply', () => {
    const lines = Array.from(
      { length: 30 },
      (_, level) => `a${level}: &a${level} [${`*a${level - 1}, `.repeat(level && 10)}]`,
    );
    const { problems } = read(lines.join('\n'));
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /aliases make this document too large/);
  });

  it('hold against an alias inside its own anchor', () => {
    assert.match(read('a: &a [*a]\n').problems.join(), /aliases make this document too large/);
  });

  it('hold against huge texts', () => {
    const { problems } = read(`a: ${'x'.repeat(8 * 1024 * 1024)}`);
    assert.deepEqual(problems, ['a.yaml:1:1: is larger than 8 MiB; split it into several files']);
  });
});

it('refuses keys that are no text', () => {
  assert.deepEqual(read('? [a]\n: 1\n').problems, ['a.yaml:1:3: a key must be text']);
  assert.deepEqual(read('~: 1\n').problems, ['a.yaml:1:1: a key must be text']);
});
