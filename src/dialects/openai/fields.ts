import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';

/**
 * Readers of request fields. Each answers `undefined` for an absent or null field and throws
 * `invalid_request` naming the field where the value is of another type. `at` is the path of the
 * object the field is in, empty for the body itself.
 */

/** The error for a field of the wrong form; `expected` completes the sentence "must be …". */
export function wrongField(param: string, expected: string): GatewayError {
  return new GatewayError('invalid_request', `Invalid request: '${param}' must be ${expected}.`, { param });
}

/** The path of a field inside the object at `at`. */
export function fieldPath(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`;
}

/** A text field. */
export function readString(object: JsonObject, key: string, at: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongField(fieldPath(at, key), 'a string');
  return value;
}

/** A text field that must be there. */
export function requireString(object: JsonObject, key: string, at: string): string {
  const value = readString(object, key, at);
  if (value === undefined) throw wrongField(fieldPath(at, key), 'a string; it is missing');
  return value;
}

/** A number field. */
export function readNumber(object: JsonObject, key: string, at: string): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw wrongField(fieldPath(at, key), 'a number');
  return value;
}

/** A field that counts something: a whole number of at least `least`. */
export function readCount(object: JsonObject, key: string, options: { at: string; least: number }): number | undefined {
  const value = readNumber(object, key, options.at);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || value < options.least) {
    throw wrongField(fieldPath(options.at, key), `a whole number of at least ${options.least}`);
  }
  return value;
}

/** A true/false field. */
export function readBoolean(object: JsonObject, key: string, at: string): boolean | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrongField(fieldPath(at, key), 'true or false');
  return value;
}

/** An object field. */
export function readObject(object: JsonObject, key: string, at: string): JsonObject | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongField(fieldPath(at, key), 'an object');
  return value;
}

/** A list field. */
export function readArray(object: JsonObject, key: string, at: string): JsonValue[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongField(fieldPath(at, key), 'an array');
  return value;
}

/** An element of a list that must be an object. */
export function requireObject(value: JsonValue | undefined, at: string): JsonObject {
  if (!isObject(value)) throw wrongField(at, 'an object');
  return value;
}

/** A list of texts; one text alone counts as a list of one. */
export function readStringList(object: JsonObject, key: string, at: string): string[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw wrongField(fieldPath(at, key), 'a string or an array of strings');
  return value.map((item, index) => {
    if (typeof item !== 'string') throw wrongField(`${fieldPath(at, key)}[${index}]`, 'a string');
    return item;
  });
}

/** The fields of `object` that are not in `known`; `undefined` when there are none. Null fields say nothing and are left out. */
export function otherFields(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  let rest: JsonObject | undefined;
  for (const key of Object.keys(object)) {
    const value = object[key];
    // `__proto__` as a key would set the copy's prototype.
    if (known.has(key) || value === undefined || value === null || key === '__proto__') continue;
    rest ??= {};
    rest[key] = value;
  }
  return rest;
}

/** Whether the object has a field with a value outside `known`. */
export function hasOtherFields(object: JsonObject, known: ReadonlySet<string>): boolean {
  for (const key of Object.keys(object)) {
    if (!known.has(key) && object[key] !== undefined && object[key] !== null) return true;
  }
  return false;
}

/** A value of a provider's answer as text: lenient, anything else is `undefined`. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A value of a provider's answer as a token count: lenient, anything but a positive finite number is 0. */
export function countOf(value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

/** A value of a provider's answer as an object: lenient, anything else is `undefined`. */
export function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}
