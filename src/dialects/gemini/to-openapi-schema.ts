import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';

/** Deepest schema, references followed, that is translated. */
const MAX_DEPTH = 48;
/** Most schema nodes made from one schema: references that double at each level must not explode. */
const MAX_NODES = 5000;

/** Keywords of Google's Schema message that are taken over as they are (https://ai.google.dev/api/caching#Schema). */
const KEPT: readonly string[] = [
  'title',
  'description',
  'nullable',
  'default',
  'example',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'pattern',
  'propertyOrdering',
];

/** Keywords with a translation of their own. */
const TRANSLATED: readonly string[] = [
  'type',
  'format',
  'enum',
  'const',
  'properties',
  'required',
  'items',
  'prefixItems',
  'anyOf',
  'oneOf',
  'allOf',
  '$ref',
];

/** Keywords whose loss changes nothing worth a warning: definitions are inlined, the rest are annotations. */
const DROPPED_IN_SILENCE: readonly string[] = [
  '$schema',
  '$id',
  '$anchor',
  '$comment',
  '$defs',
  'definitions',
  'additionalProperties',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'strict',
];

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['enum', 'date-time'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
};

interface Conversion {
  root: JsonObject;
  /** References being followed, to find recursion. */
  open: string[];
  nodes: number;
  dropped: Set<string>;
  where: string;
}

/**
 * Translates JSON Schema into the OpenAPI subset that Gemini models before 2.5 take: references are
 * inlined, unions become `anyOf`, `null` becomes `nullable`, `const` an `enum`, enum values strings,
 * and keywords outside the subset are dropped with one warning that names them. `where` names the
 * schema in messages, such as `tools[0].parameters`. Throws GatewayError `invalid_request` on a
 * reference that leads nowhere, a recursive schema, and one too large to inline.
 */
export function toOpenApiSchema(schema: JsonObject, where: string, warn: (warning: string) => void): JsonObject {
  const conversion: Conversion = { root: schema, open: [], nodes: 0, dropped: new Set(), where };
  const result = convert(schema, conversion, 0);
  if (conversion.dropped.size > 0) {
    warn(`${where}: this Gemini model takes no ${[...conversion.dropped].join(', ')}; left out`);
  }
  return result;
}

function convert(value: JsonValue | undefined, conversion: Conversion, depth: number): JsonObject {
  // `true`, `false` and anything malformed constrain nothing that could be expressed.
  if (!isObject(value)) return {};
  conversion.nodes += 1;
  if (depth > MAX_DEPTH || conversion.nodes > MAX_NODES) {
    throw invalid(conversion, 'is too deep or too large once its references are inlined');
  }
  if (typeof value['$ref'] === 'string') return convertReference(value, value['$ref'], conversion, depth);
  if (Array.isArray(value['allOf'])) return convert(mergeAllOf(value, conversion), conversion, depth + 1);

  const out: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    if (KEPT.includes(key)) {
      if (child !== undefined) out[key] = child;
    } else if (!TRANSLATED.includes(key) && !DROPPED_IN_SILENCE.includes(key)) {
      conversion.dropped.add(key);
    }
  }
  convertType(value, out, conversion, depth);
  convertEnum(value, out);
  convertFormat(value, out);
  convertObject(value, out, conversion, depth);
  convertArray(value, out, conversion, depth);
  convertUnion(value, out, conversion, depth);
  return settleUnion(out, conversion);
}

function convertReference(value: JsonObject, reference: string, conversion: Conversion, depth: number): JsonObject {
  if (conversion.open.includes(reference)) {
    throw invalid(conversion, `refers to itself through ${reference}; models before Gemini 2.5 take no such schema`);
  }
  const target = resolve(conversion, reference);
  conversion.open.push(reference);
  const { $ref: _, ...siblings } = value;
  const result = convert({ ...target, ...siblings }, conversion, depth + 1);
  conversion.open.pop();
  return result;
}

function resolve(conversion: Conversion, reference: string): JsonObject {
  let node: JsonValue | undefined = reference === '#' || reference.startsWith('#/') ? conversion.root : undefined;
  for (const token of reference.split('/').slice(1)) {
    const key = decodePointer(token);
    if (Array.isArray(node)) node = node[Number(key)];
    else node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  if (!isObject(node)) throw invalid(conversion, `refers to ${reference}, which it does not define`);
  return node;
}

function decodePointer(token: string): string {
  let text = token;
  try {
    text = decodeURIComponent(token);
  } catch {
    // A stray percent sign stands for itself.
  }
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** One schema with the members' properties and required names joined; other keywords of later members win. */
function mergeAllOf(value: JsonObject, conversion: Conversion): JsonObject {
  const { allOf, ...merged } = value;
  const opened = conversion.open.length;
  for (let member of Array.isArray(allOf) ? allOf : []) {
    if (!isObject(member)) continue;
    const seen: string[] = [];
    while (isObject(member) && typeof member['$ref'] === 'string') {
      const reference: string = member['$ref'];
      if (seen.includes(reference) || conversion.open.slice(0, opened).includes(reference)) {
        throw invalid(conversion, `refers to itself through ${reference}`);
      }
      seen.push(reference);
      const { $ref: _, ...siblings } = member;
      member = { ...resolve(conversion, reference), ...siblings };
    }
    for (const [key, child] of Object.entries(member)) {
      const present = merged[key];
      if (key === 'properties' && isObject(present) && isObject(child)) merged[key] = { ...present, ...child };
      else if (key === 'required' && Array.isArray(present) && Array.isArray(child)) {
        merged[key] = [...new Set([...present, ...child])];
      } else if (key === 'allOf' && Array.isArray(present) && Array.isArray(child))
        merged[key] = [...present, ...child];
      else if (child !== undefined) merged[key] = child;
    }
  }
  return merged;
}

function convertType(value: JsonObject, out: JsonObject, conversion: Conversion, depth: number): void {
  const type = value['type'];
  if (typeof type === 'string') {
    out['type'] = type;
    return;
  }
  if (Array.isArray(type)) {
    const names = type.filter((name) => typeof name === 'string' && name !== 'null');
    if (names.length < type.length) out['nullable'] = true;
    if (names.length === 1) out['type'] = names[0];
    else if (names.length > 1 && !isUnion(value)) {
      const { type: _, title: __, description: ___, default: ____, ...rest } = value;
      out['anyOf'] = names.map((name) => convert({ ...rest, type: name }, conversion, depth + 1));
    }
    return;
  }
  const implied = impliedType(value);
  if (implied !== undefined) out['type'] = implied;
}

function impliedType(value: JsonObject): string | undefined {
  if (isObject(value['properties'])) return 'object';
  if (value['items'] !== undefined || value['prefixItems'] !== undefined) return 'array';
  const values = enumValues(value)?.filter((entry) => entry !== null);
  if (values === undefined || values.length === 0) return undefined;
  if (values.every((entry) => typeof entry === 'number' && Number.isInteger(entry))) return 'integer';
  if (values.every((entry) => typeof entry === 'number')) return 'number';
  if (values.every((entry) => typeof entry === 'boolean')) return 'boolean';
  return 'string';
}

function enumValues(value: JsonObject): JsonValue[] | undefined {
  if (Array.isArray(value['enum'])) return value['enum'];
  return value['const'] === undefined ? undefined : [value['const']];
}

function convertEnum(value: JsonObject, out: JsonObject): void {
  const values = enumValues(value);
  if (values === undefined || out['anyOf'] !== undefined) return;
  if (values.includes(null)) out['nullable'] = true;
  const texts = values
    .filter((entry) => entry !== null)
    .map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
  if (texts.length === 0) return;
  // Schema.enum holds strings whatever the type is; other types than string need the format as well.
  out['enum'] = [...new Set(texts)];
  if (out['type'] !== 'string') out['format'] = 'enum';
}

function convertFormat(value: JsonObject, out: JsonObject): void {
  const format = value['format'];
  const type = out['type'];
  if (typeof format !== 'string' || typeof type !== 'string' || out['format'] !== undefined) return;
  const name = type.toLowerCase();
  if (Object.hasOwn(FORMATS, name) && FORMATS[name]?.includes(format)) out['format'] = format;
}

function convertObject(value: JsonObject, out: JsonObject, conversion: Conversion, depth: number): void {
  const properties = value['properties'];
  if (!isObject(properties)) return;
  const converted: JsonObject = {};
  for (const [name, child] of Object.entries(properties)) {
    if (name !== '__proto__') converted[name] = convert(child, conversion, depth + 1);
  }
  out['properties'] = converted;
  if (!Array.isArray(value['required'])) return;
  // Google refuses required names that are no properties.
  const required = value['required'].filter((name) => typeof name === 'string' && Object.hasOwn(converted, name));
  if (required.length > 0) out['required'] = required;
}

function convertArray(value: JsonObject, out: JsonObject, conversion: Conversion, depth: number): void {
  const tuple = Array.isArray(value['prefixItems'])
    ? value['prefixItems']
    : Array.isArray(value['items'])
      ? value['items']
      : undefined;
  if (tuple !== undefined && tuple.length > 0) {
    const members = tuple.map((member) => convert(member, conversion, depth + 1));
    out['items'] = members.length === 1 ? members[0] : { anyOf: members };
  } else if (isObject(value['items'])) {
    out['items'] = convert(value['items'], conversion, depth + 1);
  }
  // Google refuses an array that does not say what it holds.
  const items = out['items'];
  if (out['type'] === 'array' && (!isObject(items) || Object.keys(items).length === 0)) {
    out['items'] = { type: 'string' };
  }
}

function isUnion(value: JsonObject): boolean {
  return Array.isArray(value['anyOf']) || Array.isArray(value['oneOf']);
}

function convertUnion(value: JsonObject, out: JsonObject, conversion: Conversion, depth: number): void {
  const union = Array.isArray(value['anyOf']) ? value['anyOf'] : value['oneOf'];
  if (!Array.isArray(union)) return;
  const members = union.filter((member) => !(isObject(member) && member['type'] === 'null'));
  if (members.length < union.length) out['nullable'] = true;
  const converted = members.map((member) => convert(member, conversion, depth + 1));
  const [only] = converted;
  if (converted.length === 1 && only !== undefined) {
    for (const [key, child] of Object.entries(only)) {
      if (out[key] === undefined && child !== undefined) out[key] = child;
    }
  } else if (converted.length > 1) {
    out['anyOf'] = converted;
  }
}

/**
 * Vertex refuses other fields beside `anyOf`: type and description move into the members, and where
 * the schema has properties of its own those say more than a union of requirements.
 */
function settleUnion(out: JsonObject, conversion: Conversion): JsonObject {
  const union = out['anyOf'];
  if (!Array.isArray(union)) return out;
  if (out['properties'] !== undefined) {
    conversion.dropped.add('anyOf beside properties');
    const { anyOf: _, ...rest } = out;
    return rest;
  }
  const shared: JsonObject = {};
  for (const key of ['type', 'description']) {
    if (out[key] !== undefined) shared[key] = out[key];
  }
  const settled: JsonObject = { anyOf: union.map((member) => (isObject(member) ? { ...shared, ...member } : member)) };
  if (out['nullable'] === true) settled['nullable'] = true;
  return settled;
}

function invalid(conversion: Conversion, what: string): GatewayError {
  return new GatewayError('invalid_request', `The JSON schema of ${conversion.where} ${what}.`, {
    param: conversion.where,
  });
}
