import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '../json/types.ts';
import { JsonLineWriter } from './json-line-writer.ts';
import { jsonText } from './json-text.ts';

type Values = (JsonValue | undefined)[];

const NAMES = ['a', 'b', 'a "quoted" name', 'd', 'e'];

function createWriter(omitEmpty: boolean): JsonLineWriter<Values> {
  return new JsonLineWriter(
    NAMES.map((name, index) => [name, (values: Values) => values[index]] as const),
    omitEmpty,
  );
}

/** The line as it must be. */
function lineOf(values: Values, omitEmpty: boolean): string {
  const fields = NAMES.flatMap((name, index) => {
    const value = values[index];
    if (omitEmpty && (value === undefined || value === null)) return [];
    return [`${JSON.stringify(name)}:${jsonText(value)}`];
  });
  return `{${fields.join(',')}}\n`;
}

const value = fc.oneof(
  fc.constantFrom<JsonValue | undefined>(
    'x',
    'a longer text that stays',
    undefined,
    null,
    0,
    7,
    true,
    false,
    'ü',
    '"',
    '',
  ),
  fc.integer({ min: -5, max: 2 ** 31 }),
  fc.constantFrom(0.5, 999_999_999, 1_000_000_000, Number.NaN, -0),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constant<JsonValue>(['list']),
);

test('lines are what they are one by one, whatever the line before said and wherever it lies', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.tuple(fc.array(value, { minLength: 5, maxLength: 5 }), fc.nat(4), fc.boolean()), { maxLength: 30 }),
      (omitEmpty, steps) => {
        const writer = createWriter(omitEmpty);
        let bytes = Buffer.alloc(40_000);
        let at = 0;
        let values: Values = ['x', 'x', 'x', 'x', 'x'];
        for (const [fresh, changed, turnPage] of steps) {
          // All of them new, or one, or none.
          values = changed === 0 ? fresh : values.map((old, index) => (index === changed ? fresh[index] : old));
          if (turnPage) {
            bytes = Buffer.alloc(40_000);
            at = 0;
          }
          const end = writer.write(values, bytes, at);
          if (end === -1) {
            at = 0;
            continue;
          }
          assert.equal(bytes.toString('utf8', at, end), lineOf(values, omitEmpty));
          at = end;
        }
      },
    ),
  );
});

test('a line without room leaves the next one whole', () => {
  const writer = createWriter(true);
  const values: Values = ['one', 'two', undefined, 4, 'five'];
  const line = lineOf(values, true);
  const bytes = Buffer.alloc(4 * line.length);
  assert.equal(writer.write(values, bytes, 0), line.length);
  for (let room = 0; room < line.length; room++) {
    assert.equal(writer.write(values, Buffer.alloc(room), 0), -1);
    assert.equal(writer.write(values, bytes, 0), line.length);
    assert.equal(bytes.toString('utf8', 0, line.length), line);
  }
});
