/** Deepest nesting that a body of the admin API may have. */
const MAX_DEPTH = 32;

/** Names that reach an object's prototype in careless code; no field or label is called so. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What is wrong with a JSON text beside its syntax; undefined for nothing. The text must have been parsed before. */
export function findJsonFault(text: string): string | undefined {
  /** The names of each open object; undefined stands for a list. */
  const open: (Set<string> | undefined)[] = [];
  let atName = false;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '{':
      case '[': {
        if (open.length >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
        atName = text[index] === '{';
        open.push(atName ? new Set() : undefined);
        break;
      }
      case '}':
      case ']':
        open.pop();
        atName = false;
        break;
      case ',':
        atName = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = stringEnd(text, index);
        const names = open.at(-1);
        if (atName && names !== undefined) {
          const fault = addName(names, JSON.parse(text.slice(index, end)) as string);
          if (fault !== undefined) return fault;
        }
        atName = false;
        index = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

function addName(names: Set<string>, name: string): string | undefined {
  if (FORBIDDEN_NAMES.has(name)) return `has a field "${name}", which no object may have`;
  if (names.has(name)) return `has the field ${JSON.stringify(name)} twice`;
  names.add(name);
  return undefined;
}

/** The offset behind the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}
