import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';

/** The string, or `''`. */
export function stringOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The number, or undefined. */
export function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The object, or an empty one. */
export function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** The array, or an empty one. */
export function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of an array; other entries and other values count as nothing. */
export function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return listOf(value).filter(isObject);
}

/** The strings of an array, or a single string as a list of one. */
export function stringsOf(value: JsonValue | undefined): string[] {
  if (typeof value === 'string') return [value];
  return listOf(value).filter((one): one is string => typeof one === 'string');
}
