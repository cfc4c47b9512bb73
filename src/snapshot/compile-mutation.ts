import type { FieldEdit } from '../json/splice.ts';
import type { BodyMutationConfig, HeaderMutationConfig } from './config-types.ts';
import type { HeaderMutation } from './snapshot.ts';

/** Names that the gateway itself writes; mutations of them are ignored, as in the reference system. */
function isReserved(name: string): boolean {
  return name.startsWith(':') || name.startsWith('x-ai-eg-');
}

/**
 * Merges header mutations, the weakest first: a later `set` or `remove` of a name replaces an earlier one, and
 * within one mutation `remove` acts before `set`.
 */
export function mergeHeaderMutations(mutations: readonly (HeaderMutationConfig | undefined)[]): HeaderMutation {
  const set = new Map<string, string>();
  const remove = new Set<string>();
  for (const mutation of mutations) {
    for (const name of mutation?.remove ?? []) {
      if (isReserved(name)) continue;
      set.delete(name);
      remove.add(name);
    }
    for (const { name, value } of mutation?.set ?? []) {
      if (isReserved(name)) continue;
      set.set(name, value);
      remove.add(name);
    }
  }
  return { remove, set: [...set].flat() };
}

function jsonText(value: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}

/** Merges body mutations, the weakest first, into at most one edit for each field. */
export function mergeBodyMutations(mutations: readonly (BodyMutationConfig | undefined)[]): FieldEdit[] {
  const edits = new Map<string, FieldEdit>();
  for (const mutation of mutations) {
    for (const field of mutation?.remove ?? []) edits.set(field, { field, json: undefined });
    for (const { path, value } of mutation?.set ?? []) edits.set(path, { field: path, json: jsonText(value) });
  }
  return [...edits.values()];
}
