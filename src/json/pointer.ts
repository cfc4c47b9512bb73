import { isObject, type JsonValue } from './types.ts';

/**
 * Takes a JSON pointer (RFC 6901) apart into its steps; the empty text is the whole document. Throws Error for a text that
 * is none.
 */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new Error('a JSON pointer begins with "/"');
  return pointer
    .slice(1)
    .split('/')
    .map((step) => {
      if (/~(?![01])/.test(step)) throw new Error('"~" is written "~0" in a JSON pointer, and "/" within a name "~1"');
      return step.replaceAll('~1', '/').replaceAll('~0', '~');
    });
}

const INDEX = /^(?:0|-?[1-9][0-9]*)$/;

/**
 * What stands at the end of the steps; undefined when nothing does. In a list a step is an index from 0, or counts from
 * the end when it is negative: `-1` is the last.
 */
export function valueAtPointer(root: JsonValue | undefined, steps: readonly string[]): JsonValue | undefined {
  let value = root;
  for (const step of steps) {
    if (Array.isArray(value)) value = INDEX.test(step) ? value.at(Number(step)) : undefined;
    else if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined;
    else return undefined;
  }
  return value;
}
