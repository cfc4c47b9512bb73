import assert from 'node:assert/strict';
import { test } from 'node:test';

/** A JSON Schema of a document. */
export type Schema = Record<string, unknown>;

const ANNOTATIONS = ['description', 'format', 'default', 'title', '$schema'];
const KEYWORDS = [
  ...['$ref', 'type', 'const', 'enum', 'anyOf', 'oneOf', 'allOf', 'properties', 'required', 'additionalProperties'],
  ...['propertyNames', 'items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'not'],
];

/**
 * What of a value a schema does not take, one line each: the part of JSON Schema that the OpenAPI document uses. A keyword beyond it
 * throws, so that nothing passes unseen.
 */
export function schemaFaults(schema: Schema, value: unknown, root: { components: { schemas: Schema } }): string[] {
  return faults(schema, value, { root, path: '$' });
}

interface Place {
  root: { components: { schemas: Schema } };
  path: string;
}

function faults(schema: Schema, value: unknown, place: Place): string[] {
  for (const keyword of Object.keys(schema)) {
    if (!KEYWORDS.includes(keyword) && !ANNOTATIONS.includes(keyword)) throw new Error(`unknown keyword ${keyword}`);
  }
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    const name = ref.replace('#/components/schemas/', '');
    const target = place.root.components.schemas[name];
    if (target === undefined) throw new Error(`${ref} leads nowhere`);
    return faults(target as Schema, value, place);
  }
  return [
    ...typeFaults(schema, value, place),
    ...combinedFaults(schema, value, place),
    ...textFaults(schema, value, place),
    ...numberFaults(schema, value, place),
    ...objectFaults(schema, value, place),
    ...arrayFaults(schema, value, place),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function typeFaults({ type, const: constant, enum: choices }: Schema, value: unknown, { path }: Place): string[] {
  const found: string[] = [];
  const types = type === undefined ? undefined : Array.isArray(type) ? (type as string[]) : [String(type)];
  const actual = typeOf(value);
  const fits = types?.some((name) => name === actual || (name === 'integer' && Number.isInteger(value)));
  if (fits === false) found.push(`${path} is ${actual}, not ${types?.join(' or ')}`);
  if (constant !== undefined && value !== constant) found.push(`${path} is not ${JSON.stringify(constant)}`);
  if (Array.isArray(choices) && !choices.includes(value)) found.push(`${path} is none of ${choices.join(', ')}`);
  return found;
}

function combinedFaults(schema: Schema, value: unknown, place: Place): string[] {
  const found: string[] = [];
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = schema[keyword] as Schema[] | undefined;
    if (branches === undefined) continue;
    const fitting = branches.filter((branch) => faults(branch, value, place).length === 0).length;
    if (fitting === 0 || (keyword === 'oneOf' && fitting > 1))
      found.push(`${place.path} fits ${fitting} of ${keyword}`);
  }
  for (const branch of (schema['allOf'] as Schema[] | undefined) ?? []) found.push(...faults(branch, value, place));
  const not = schema['not'] as Schema | undefined;
  if (not !== undefined && faults(not, value, place).length === 0) found.push(`${place.path} is what it must not be`);
  return found;
}

function textFaults({ pattern, minLength, maxLength }: Schema, value: unknown, { path }: Place): string[] {
  if (typeof value !== 'string') return [];
  const found: string[] = [];
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value))
    found.push(`${path} does not match ${pattern}`);
  if (value.length < Number(minLength ?? 0)) found.push(`${path} is too short`);
  if (value.length > Number(maxLength ?? Number.POSITIVE_INFINITY)) found.push(`${path} is too long`);
  return found;
}

function numberFaults({ minimum, maximum, exclusiveMinimum }: Schema, value: unknown, { path }: Place): string[] {
  if (typeof value !== 'number') return [];
  const low = value < Number(minimum ?? Number.NEGATIVE_INFINITY);
  const high = value > Number(maximum ?? Number.POSITIVE_INFINITY);
  const bound = exclusiveMinimum !== undefined && value <= Number(exclusiveMinimum);
  return low || high || bound ? [`${path} is ${value}, out of bounds`] : [];
}

function objectFaults(schema: Schema, value: unknown, place: Place): string[] {
  if (typeOf(value) !== 'object') return [];
  const record = value as Record<string, unknown>;
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const more = schema['additionalProperties'];
  const found = ((schema['required'] ?? []) as string[])
    .filter((name) => !Object.hasOwn(record, name))
    .map((name) => `${place.path}.${name} is missing`);
  for (const [name, field] of Object.entries(record)) {
    const inner = { ...place, path: `${place.path}.${name}` };
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) found.push(...faults(known, field, inner));
    else if (more === false) found.push(`${inner.path} is not in the document`);
    else if (typeof more === 'object' && more !== null) found.push(...faults(more as Schema, field, inner));
  }
  return found;
}

function arrayFaults({ items, minItems, maxItems }: Schema, value: unknown, place: Place): string[] {
  if (!Array.isArray(value)) return [];
  const found =
    typeof items === 'object' && items !== null
      ? value.flatMap((item, index) => faults(items as Schema, item, { ...place, path: `${place.path}[${index}]` }))
      : [];
  const short = value.length < Number(minItems ?? 0);
  const long = value.length > Number(maxItems ?? Number.POSITIVE_INFINITY);
  return short || long ? [...found, `${place.path} has ${value.length} entries`] : found;
}

test('the check finds what does not fit', () => {
  const root = { components: { schemas: { A: { type: 'string', pattern: '^a' } } } };
  const schema = {
    type: 'object',
    properties: { a: { $ref: '#/components/schemas/A' }, n: { type: ['integer', 'null'], minimum: 1 } },
    required: ['a'],
    additionalProperties: false,
  };
  assert.deepEqual(schemaFaults(schema, { a: 'ab', n: null }, root), []);
  assert.deepEqual(schemaFaults(schema, { a: 'b', n: 0, x: 1 }, root), [
    '$.a does not match ^a',
    '$.n is 0, out of bounds',
    '$.x is not in the document',
  ]);
  assert.deepEqual(schemaFaults(schema, {}, root), ['$.a is missing']);
  assert.throws(() => schemaFaults({ dependentRequired: {} }, {}, root), /unknown keyword/);
});
