import type { JsonValue } from '../json/types.ts';

/** Longest string written to a log, in UTF-16 units; clients choose names, agents and paths. */
export const MAX_LOG_STRING = 2048;

/** Text that stands in JSON as it is: printable ASCII but quote and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** What JSON allows unescaped and log readers trip over: DEL, C1 controls (terminal commands, NEL), Unicode's line breaks. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;

/** A JSON string on one line, safe for line readers and terminals; cut to MAX_LOG_STRING with `…` at the end. */
export function jsonString(text: string): string {
  const bounded = text.length > MAX_LOG_STRING ? `${text.slice(0, MAX_LOG_STRING)}…` : text;
  return PLAIN.test(bounded) ? `"${bounded}"` : escapeUnsafe(JSON.stringify(bounded));
}

/** Any log value as JSON text; what is absent or no number is `null`. */
export function jsonText(value: JsonValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return jsonString(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return 'null';
    default:
      return escapeUnsafe(JSON.stringify(value));
  }
}

function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
