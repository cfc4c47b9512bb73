import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import { exampleOf } from './schema-example.ts';

const cases: [string, JsonObject, JsonValue][] = [
  [
    'an object with all its properties',
    { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
    { city: 'example city', days: 1 },
  ],
  ['the first value of an enum', { type: 'string', enum: ['celsius', 'fahrenheit'] }, 'celsius'],
  ['a constant', { const: 7 }, 7],
  ['a default', { type: 'boolean', default: false }, false],
  ['a given example', { type: 'string', pattern: '^x$', examples: ['x'] }, 'x'],
  ['upper-case types', { type: 'OBJECT', properties: { ok: { type: 'BOOLEAN' } } }, { ok: true }],
  ['a nullable type', { type: ['null', 'number'] }, 1.5],
  ['a list of the least length', { type: 'array', items: { type: 'number' }, minItems: 2 }, [1.5, 1.5]],
  ['a list that may hold nothing', { type: 'array', items: { type: 'number' }, maxItems: 0 }, []],
  ['a number inside its bounds', { type: 'integer', minimum: 10, maximum: 20 }, 10],
  ['a number above an open bound', { type: 'integer', exclusiveMinimum: 3 }, 4],
  ['a number below an open bound', { type: 'integer', exclusiveMaximum: 0 }, -1],
  ['a multiple', { type: 'integer', minimum: 4, multipleOf: 5 }, 5],
  ['a string of the least length', { type: 'string', minLength: 18 }, 'example value example'],
  ['a string of the most length', { type: 'string', maxLength: 4 }, 'exam'],
  ['a format', { type: 'string', format: 'date' }, '2026-01-31'],
  ['the first branch that is not null', { anyOf: [{ type: 'null' }, { type: 'boolean' }] }, true],
  [
    'all of several',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'boolean' } } },
        { type: 'object', properties: { b: { type: 'boolean' } } },
      ],
    },
    { a: true, b: true },
  ],
  ['a reference', { $ref: '#/$defs/unit', $defs: { unit: { type: 'string', enum: ['m'] } } }, 'm'],
];

for (const [name, schema, expected] of cases) {
  test(`the example fits the schema: ${name}`, () => {
    assert.deepEqual(exampleOf(schema), expected);
  });
}

test('a schema that holds itself ends', () => {
  const tree: JsonObject = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
        required: ['name'],
      },
    },
  };
  const text = JSON.stringify(exampleOf(tree));
  assert.ok(text.length < 10_000);
  assert.ok(text.startsWith('{"name":"example name","children":[{"name"'));
});
