import type { z } from 'zod';
import type { Report } from './report.ts';
import type { ResourceHead, ResourcePath } from './resource.ts';
import type { bodyMutation, headerMutation } from './schema-parts.ts';

/** Where a mutation stands. */
export interface MutationPlace {
  from: ResourceHead;
  path: ResourcePath;
  report: Report;
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names that the gateway sets itself; a mutation of them has no effect in the reference system either. */
function isReserved(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase().startsWith('x-ai-eg-');
}

function isUsable(name: string, place: MutationPlace): boolean {
  if (isReserved(name)) {
    place.report.warning(place.from, place.path, `${name} is set by the gateway and cannot be changed: ignored`);
    return false;
  }
  if (HEADER_NAME.test(name)) return true;
  place.report.error(place.from, place.path, `${JSON.stringify(name)} is not a header name`);
  return false;
}

/** The model's form of a `headerMutation`; undefined when there is none. */
export function translateHeaderMutation(
  mutation: z.output<typeof headerMutation> | undefined,
  place: MutationPlace,
): { set: { name: string; value: string }[]; remove: string[] } | undefined {
  if (mutation === undefined) return undefined;
  const at = (list: string, index: number) => ({ ...place, path: [...place.path, list, index] });
  const set = (mutation.set ?? []).filter((header, index) => isUsable(header.name, at('set', index)));
  const remove = (mutation.remove ?? []).filter((name, index) => isUsable(name, at('remove', index)));
  return { set: set.map(({ name, value }) => ({ name, value })), remove };
}

/** The model's form of a `bodyMutation`; undefined when there is none. */
export function translateBodyMutation(
  mutation: z.output<typeof bodyMutation> | undefined,
): { set: { path: string; value: string }[]; remove: string[] } | undefined {
  if (mutation === undefined) return undefined;
  return {
    set: (mutation.set ?? []).map(({ path, value }) => ({ path, value })),
    remove: [...(mutation.remove ?? [])],
  };
}
