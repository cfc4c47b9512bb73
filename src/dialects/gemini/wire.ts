import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';

/** This API in sentences about what of an answer it cannot show. */
export const GEMINI_ANSWER: AnswerApi = { dialect: 'gemini', title: 'Gemini' };

/**
 * Reading Google's JSON. Its messages are protocol buffers: every field may be spelled in camelCase
 * or snake_case, and `null` stands for the field's default (https://protobuf.dev/programming-guides/json/).
 */

/**
 * What stands in for the thought signature of a call that no Gemini model made: Gemini 3 refuses
 * calls without one (https://ai.google.dev/gemini-api/docs/thought-signatures, its questions and answers).
 */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator';

/** The same message with its own field names in camelCase; nested messages stay as they are. */
export function camelKeys(message: JsonObject): JsonObject {
  let snake = false;
  for (const key in message) {
    if (key.includes('_')) {
      snake = true;
      break;
    }
  }
  if (!snake) return message;
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(message)) {
    if (key !== '__proto__') out[camelName(key)] = value;
  }
  return out;
}

/** A message and all below it with field names in camelCase: only for messages without free-form maps. */
export function deepCamelKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(deepCamelKeys);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    if (key !== '__proto__' && child !== undefined) out[camelName(key)] = deepCamelKeys(child);
  }
  return out;
}

/** `max_output_tokens` → `maxOutputTokens`. */
export function camelName(name: string): string {
  if (!name.includes('_')) return name;
  const [head = '', ...rest] = name.split('_');
  return head + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** The field when it is a JSON object. */
export function objectField(message: JsonObject, name: string): JsonObject | undefined {
  const value = message[name];
  return isObject(value) ? value : undefined;
}

/** The field's members that are JSON objects; empty when it is no array. */
export function objectsField(message: JsonObject, name: string): JsonObject[] {
  const value = message[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The field when it is a string. */
export function stringField(message: JsonObject, name: string): string | undefined {
  const value = message[name];
  return typeof value === 'string' ? value : undefined;
}

/** The field when it is a number, or a number in a string as 64-bit integers are written. */
export function numberField(message: JsonObject, name: string): number | undefined {
  const value = message[name];
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Whether the message has a field beside those named. */
export function hasOtherKeys(message: JsonObject, known: readonly string[]): boolean {
  for (const key in message) {
    if (!known.includes(key)) return true;
  }
  return false;
}
