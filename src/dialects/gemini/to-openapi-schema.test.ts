import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { fromOpenApiSchema } from './from-openapi-schema.ts';
import { toOpenApiSchema } from './to-openapi-schema.ts';

function convert(schema: JsonObject): { result: JsonObject; warnings: string[] } {
  const warnings: string[] = [];
  return { result: toOpenApiSchema(schema, 'tools[0].parameters', (warning) => warnings.push(warning)), warnings };
}

test('golden pairs', () => {
  const pairs: [name: string, schema: JsonObject, expected: JsonObject][] = [
    ['nullable from a type list', { type: ['integer', 'null'] }, { type: 'integer', nullable: true }],
    ['several types', { type: ['string', 'integer'] }, { anyOf: [{ type: 'string' }, { type: 'integer' }] }],
    ['const', { const: 'a' }, { type: 'string', enum: ['a'] }],
    ['enum with null', { enum: ['a', null] }, { type: 'string', nullable: true, enum: ['a'] }],
    ['enum of integers', { enum: [1, 2] }, { type: 'integer', enum: ['1', '2'], format: 'enum' }],
    ['format kept', { type: 'string', format: 'date-time' }, { type: 'string', format: 'date-time' }],
    ['format dropped', { type: 'string', format: 'email' }, { type: 'string' }],
    ['int64', { type: 'integer', format: 'int64' }, { type: 'integer', format: 'int64' }],
    [
      'optional union',
      { description: 'd', anyOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }] },
      { description: 'd', type: 'string', maxLength: 3, nullable: true },
    ],
    [
      'oneOf',
      { description: 'd', oneOf: [{ type: 'string' }, { type: 'number', description: 'n' }] },
      {
        anyOf: [
          { type: 'string', description: 'd' },
          { type: 'number', description: 'n' },
        ],
      },
    ],
    [
      'allOf',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { b: { type: 'number' } }, required: ['b'] },
        ],
      },
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a', 'b'] },
    ],
    [
      'tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
      {
        type: 'array',
        items: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      },
    ],
    ['array of anything', { type: 'array' }, { type: 'array', items: { type: 'string' } }],
    [
      'required without property',
      { properties: { a: {} }, required: ['a', 'b'] },
      {
        type: 'object',
        properties: { a: {} },
        required: ['a'],
      },
    ],
    [
      'nested references, siblings win',
      {
        type: 'object',
        properties: { p: { $ref: '#/$defs/pair', description: 'here' } },
        $defs: { pair: { type: 'array', description: 'there', items: { $ref: '#/definitions/x~1y' } } },
        definitions: { 'x/y': { type: 'boolean' } },
      },
      {
        type: 'object',
        properties: { p: { type: 'array', description: 'here', items: { type: 'boolean' } } },
      },
    ],
    [
      'reference in allOf',
      { allOf: [{ $ref: '#/$defs/base' }], $defs: { base: { type: 'object', properties: { a: { type: 'string' } } } } },
      { type: 'object', properties: { a: { type: 'string' } } },
    ],
  ];
  for (const [name, schema, expected] of pairs) {
    const { result, warnings } = convert(schema);
    assert.deepEqual(result, expected, name);
    assert.deepEqual(warnings, [], name);
  }
});

test('dropped keywords are named once, harmless ones are not', () => {
  const { result, warnings } = convert({
    $schema: 'x',
    type: 'object',
    additionalProperties: false,
    properties: { a: { type: 'string', not: {} }, b: { type: 'number', not: {}, multipleOf: 2 } },
  });
  assert.deepEqual(result, { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } });
  assert.deepEqual(warnings, ['tools[0].parameters: this Gemini model takes no not, multipleOf; left out']);
});

test('recursion is an error that names the reference', () => {
  const recursive: JsonObject[] = [
    { type: 'object', properties: { next: { $ref: '#' } } },
    { $ref: '#/$defs/n', $defs: { n: { type: 'array', items: { $ref: '#/$defs/n' } } } },
    { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    { allOf: [{ $ref: '#' }] },
    { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { $ref: '#/$defs/a' } } },
  ];
  for (const schema of recursive) {
    assert.throws(
      () => convert(schema),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === 'tools[0].parameters',
      JSON.stringify(schema),
    );
  }
});

test('references that double at each level are bounded', () => {
  const $defs: JsonObject = { d0: { type: 'string' } };
  for (let level = 1; level <= 30; level += 1) {
    const $ref = `#/$defs/d${level - 1}`;
    $defs[`d${level}`] = { type: 'object', properties: { a: { $ref }, b: { $ref } } };
  }
  assert.throws(() => convert({ $ref: '#/$defs/d30', $defs }), /too deep or too large/);
});

test('a reference that leads nowhere is an error', () => {
  assert.throws(() => convert({ $ref: '#/$defs/missing' }), /#\/\$defs\/missing/);
  assert.throws(() => convert({ $ref: 'https://example.com/schema' }), /does not define/);
});

test('property: any schema-like value is translated or refused with a GatewayError', () => {
  const keyword = fc.constantFrom(
    'type',
    'items',
    'properties',
    'anyOf',
    'allOf',
    'oneOf',
    '$ref',
    'enum',
    'const',
    'required',
    'x',
  );
  const leaf = fc.oneof(
    fc.constantFrom('string', 'null', '#', '#/properties/x', 'object'),
    fc.boolean(),
    fc.constant(null),
  );
  const { node } = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(keyword, tie('node'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keyword, node), (schema) => {
      try {
        convert(schema as JsonObject);
      } catch (error) {
        assert.ok(GatewayError.is(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('from Google’s Schema to JSON Schema', () => {
  assert.deepEqual(
    fromOpenApiSchema({
      type: 'OBJECT',
      properties: {
        a_b: { type: 'STRING', nullable: true },
        n: { type: 'INTEGER', format: 'enum', enum: ['101', '201'] },
        list: { type: 'ARRAY', min_items: '1', items: { any_of: [{ type: 'NUMBER' }], nullable: true } },
      },
      required: ['a_b'],
    }),
    {
      type: 'object',
      properties: {
        a_b: { type: ['string', 'null'] },
        n: { type: 'integer', enum: [101, 201] },
        list: { type: 'array', minItems: 1, items: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
      },
      required: ['a_b'],
    },
  );
});
