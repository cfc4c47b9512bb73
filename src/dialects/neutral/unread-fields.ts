import type { JsonObject } from '../../json/types.ts';

const MAX_NAME = 64;

/**
 * Names the fields of an object in a client's request that have no place in the neutral request: those outside `known`.
 * `at` is the object's path. A field without a value says nothing.
 */
export function warnOfUnread(
  object: JsonObject,
  known: readonly string[],
  to: { at: string; warn: ((warning: string) => void) | undefined },
): void {
  if (to.warn === undefined) return;
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (known.includes(name) || value === undefined || value === null) continue;
    const path = `${to.at}.${name}`.slice(0, MAX_NAME).replace(/[^!-~]/g, '?');
    to.warn(`The field '${path}' was left out: it is not known here.`);
  }
}
