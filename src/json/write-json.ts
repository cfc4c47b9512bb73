import type { JsonObject, JsonValue } from './types.ts';

/** Control characters, and surrogates, which stand for themselves only in pairs. */
const UNUSUAL = /[^ -\ud7ff\ue000-\uffff]/;
/** The same but for the line feed. */
const UNUSUAL_IN_LINES = /[^\n -\ud7ff\ue000-\uffff]/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const FIRST_SURROGATE = 0xd800;

/** Up to this length a text is looked at character by character, which is cheaper than several native searches. */
const SHORT = 24;
/** From this length on a text is worth writing apart from the object it stands in. */
const LONG = 128;
/** How deep long texts are looked for: message, parts, part, and one level more. */
const LEVELS = 5;
/** In lists of more items each is looked at before it is taken apart. */
const FEW = 4;

/** Whether a text stands in a JSON string as it is: neither quotes, backslashes nor control characters, no surrogates. */
export function isPlainJson(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < SPACE || code === QUOTE || code === BACKSLASH || code >= FIRST_SURROGATE) return false;
  }
  return true;
}

/**
 * A text as a JSON string, the same that `JSON.stringify` gives. That looks at one character after the other; here native
 * searches tell texts that need no escapes, or none but line feeds, and those are taken over whole.
 */
export function quoteJson(text: string): string {
  if (text.length < SHORT) return isPlainJson(text) ? `"${text}"` : JSON.stringify(text);
  if (text.indexOf('"') !== -1 || text.indexOf('\\') !== -1) return JSON.stringify(text);
  if (!UNUSUAL.test(text)) return `"${text}"`;
  return UNUSUAL_IN_LINES.test(text) ? JSON.stringify(text) : `"${text.replaceAll('\n', '\\n')}"`;
}

/** Whether a long text stands in the value, no more than `levels` levels deep. */
function holdsLongText(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value === 'string') return value.length >= LONG;
  if (typeof value !== 'object' || value === null || levels === 0) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (holdsLongText(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) if (holdsLongText(value[key], levels - 1)) return true;
  return false;
}

function writeList(list: JsonValue[], levels: number): string {
  const many = list.length > FEW;
  if (list.length === 0 || levels === 0 || (many && !holdsLongText(list, levels))) return JSON.stringify(list);
  let text = '';
  for (const item of list) {
    const written = many && !holdsLongText(item, levels - 1) ? nativeJson(item) : writeValue(item, levels - 1);
    text += text === '' ? `[${written}` : `,${written}`;
  }
  return `${text}]`;
}

/** As an item of a list, where `undefined` is written as null. */
function nativeJson(value: JsonValue | undefined): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

function writeObject(object: JsonObject, levels: number): string {
  if (levels === 0) return JSON.stringify(object);
  let text = '';
  // The one loop over fields that engines read values in without looking each key up; JSON has no inherited ones.
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const written = typeof value === 'string' ? quoteJson(value) : writeValue(value, levels - 1);
    const name = isPlainJson(key) ? key : JSON.stringify(key).slice(1, -1);
    text += `${text === '' ? '{"' : ',"'}${name}":${written}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function writeValue(value: JsonValue | undefined, levels: number): string {
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value !== 'object' || value === null) return nativeJson(value);
  return Array.isArray(value) ? writeList(value, levels) : writeObject(value, levels);
}

/**
 * The JSON text of an object, the same that `JSON.stringify` gives. Bodies of models' APIs are mostly long texts, which
 * `quoteJson` writes faster; lists without any are left to `JSON.stringify`.
 */
export function writeJson(object: JsonObject): string {
  return writeObject(object, LEVELS);
}
