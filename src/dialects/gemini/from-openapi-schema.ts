import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { camelKeys, numberField } from './wire.ts';

/** Bounds written as 64-bit integers, which protocol buffers spell as strings. */
const INTEGERS: readonly string[] = [
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
];

/**
 * Translates Google's Schema message (`parameters`, `responseSchema`) into JSON Schema: type names in
 * lower case, `nullable` as a `null` type, enum values in the type they belong to.
 */
export function fromOpenApiSchema(schema: JsonObject): JsonObject {
  const raw = camelKeys(schema);
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined || value === null || key === 'nullable') continue;
    if (key === 'type' && typeof value === 'string') {
      if (value !== 'TYPE_UNSPECIFIED') out['type'] = value.toLowerCase();
    } else if (key === 'properties' && isObject(value)) {
      const properties: JsonObject = {};
      for (const [name, child] of Object.entries(value)) {
        if (name !== '__proto__') properties[name] = fromChild(child);
      }
      out['properties'] = properties;
    } else if (key === 'items') {
      out['items'] = fromChild(value);
    } else if ((key === 'anyOf' || key === 'prefixItems') && Array.isArray(value)) {
      out[key] = value.map(fromChild);
    } else if (INTEGERS.includes(key)) {
      out[key] = numberField(raw, key) ?? value;
    } else if (!(key === 'format' && value === 'enum')) {
      out[key] = value;
    }
  }
  const type = out['type'];
  if (Array.isArray(out['enum']) && (type === 'integer' || type === 'number')) out['enum'] = out['enum'].map(toNumber);
  if (raw['nullable'] === true) addNull(out);
  return out;
}

function fromChild(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? fromOpenApiSchema(value) : {};
}

function toNumber(value: JsonValue): JsonValue {
  return typeof value === 'string' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

function addNull(out: JsonObject): void {
  if (typeof out['type'] === 'string') out['type'] = [out['type'], 'null'];
  else if (Array.isArray(out['anyOf'])) out['anyOf'] = [...out['anyOf'], { type: 'null' }];
  if (Array.isArray(out['enum'])) out['enum'] = [...out['enum'], null];
}
