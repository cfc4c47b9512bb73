import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';

const MAX_DEPTH = 12;
/** Below this depth optional properties are left out, so that recursive schemas end. */
const OPTIONAL_DEPTH = 4;

const STRING_FORMATS: Record<string, string> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  email: 'ada@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
  duration: 'PT1H',
};

/**
 * A value that fits a JSON schema (also OpenAPI's and Gemini's spelling with upper-case types).
 * Knows const, enum, default, example(s), type, properties, required, items, prefixItems, bounds,
 * format, anyOf, oneOf, allOf and local `$ref`; a `pattern` is met only through the former five.
 */
export function exampleOf(schema: JsonObject, root: JsonObject = schema): JsonValue {
  return build(schema, { root, depth: 0, name: 'value' });
}

interface Place {
  root: JsonObject;
  depth: number;
  /** The property being filled, used in made-up strings. */
  name: string;
}

function build(schema: JsonValue | undefined, place: Place): JsonValue {
  if (!isObject(schema) || place.depth > MAX_DEPTH) return place.depth > MAX_DEPTH ? null : {};
  const given = givenValue(schema);
  if (given !== undefined) return given;
  if (typeof schema['$ref'] === 'string') {
    return build(resolve(schema['$ref'], place.root), { ...place, depth: place.depth + 1 });
  }
  for (const key of ['anyOf', 'oneOf', 'any_of']) {
    const branches = schema[key];
    if (Array.isArray(branches) && branches.length > 0) {
      const branch = branches.find((one) => !(isObject(one) && typeName(one) === 'null')) ?? branches[0];
      return build(isObject(branch) ? { ...withoutKey(schema, key), ...branch } : branch, {
        ...place,
        depth: place.depth + 1,
      });
    }
  }
  if (Array.isArray(schema['allOf'])) return build(merged(schema, place.root), { ...place, depth: place.depth + 1 });
  switch (typeName(schema)) {
    case 'object':
      return buildObject(schema, place);
    case 'array':
      return buildArray(schema, place);
    case 'string':
      return buildString(schema, place.name);
    case 'integer':
      return buildNumber(schema, 1);
    case 'number':
      return buildNumber(schema, 1.5);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function givenValue(schema: JsonObject): JsonValue | undefined {
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum']) && schema['enum'][0] !== undefined) return schema['enum'][0];
  if (schema['default'] !== undefined) return schema['default'];
  if (schema['example'] !== undefined) return schema['example'];
  return Array.isArray(schema['examples']) ? schema['examples'][0] : undefined;
}

function typeName(schema: JsonObject): string {
  const type = schema['type'];
  if (typeof type === 'string') return type.toLowerCase();
  if (Array.isArray(type)) return String(type.find((one) => one !== 'null') ?? 'null').toLowerCase();
  if (isObject(schema['properties'])) return 'object';
  return schema['items'] === undefined ? 'object' : 'array';
}

function buildObject(schema: JsonObject, place: Place): JsonObject {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const value: JsonObject = {};
  for (const [name, property] of Object.entries(properties)) {
    if (place.depth >= OPTIONAL_DEPTH && !required.includes(name)) continue;
    value[name] = build(property, { root: place.root, depth: place.depth + 1, name });
  }
  for (const name of required) {
    if (typeof name === 'string' && value[name] === undefined) value[name] = `example ${name}`;
  }
  return value;
}

function buildArray(schema: JsonObject, place: Place): JsonValue[] {
  const inner = { ...place, depth: place.depth + 1 };
  if (Array.isArray(schema['prefixItems'])) return schema['prefixItems'].map((item) => build(item, inner));
  const least = integer(schema['minItems']) ?? (place.depth >= OPTIONAL_DEPTH ? 0 : 1);
  const most = integer(schema['maxItems']) ?? least;
  const count = Math.min(Math.max(least, 0), Math.max(most, 0));
  return Array.from({ length: count }, () => build(schema['items'] ?? { type: 'string' }, inner));
}

function buildString(schema: JsonObject, name: string): string {
  const format = schema['format'];
  let text = (typeof format === 'string' ? STRING_FORMATS[format] : undefined) ?? `example ${name}`;
  const least = integer(schema['minLength']) ?? 0;
  const most = integer(schema['maxLength']);
  while (text.length < least) text += ' example';
  if (most !== undefined && text.length > most) text = text.slice(0, most);
  return text;
}

function buildNumber(schema: JsonObject, wanted: number): number {
  const step = numeric(schema['multipleOf']);
  const gap = step ?? (Number.isInteger(wanted) ? 1 : 0.5);
  let value = wanted;
  const low = numeric(schema['minimum']);
  const high = numeric(schema['maximum']);
  const above = numeric(schema['exclusiveMinimum']);
  const below = numeric(schema['exclusiveMaximum']);
  if (high !== undefined && value > high) value = high;
  if (below !== undefined && value >= below) value = below - gap;
  if (low !== undefined && value < low) value = low;
  if (above !== undefined && value <= above) value = above + gap;
  return step === undefined || step <= 0 ? value : Math.ceil(value / step) * step;
}

function merged(schema: JsonObject, root: JsonObject): JsonObject {
  const { allOf, ...rest } = schema;
  let result: JsonObject = rest;
  for (const part of Array.isArray(allOf) ? allOf : []) {
    if (!isObject(part)) continue;
    const target = typeof part['$ref'] === 'string' ? resolve(part['$ref'], root) : part;
    if (!isObject(target)) continue;
    result = {
      ...result,
      ...target,
      properties: { ...objectOf(result['properties']), ...objectOf(target['properties']) },
      required: [...listOf(result['required']), ...listOf(target['required'])],
    };
  }
  return result;
}

function resolve(reference: string, root: JsonObject): JsonValue | undefined {
  if (!reference.startsWith('#')) return undefined;
  let value: JsonValue | undefined = root;
  for (const step of reference.slice(1).split('/').filter(Boolean)) {
    if (!isObject(value)) return undefined;
    value = value[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return value;
}

function withoutKey(schema: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key));
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** Gemini writes integers as strings. */
function integer(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

function numeric(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
