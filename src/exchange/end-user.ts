import type { ScannedObject } from '../json/scan.ts';
import { isObject } from '../json/types.ts';
import { readField } from './read-field.ts';

/** Longer names are cut: they go into counters and records. */
const MAX_END_USER = 256;

/** A name as it is kept; undefined when it is none. */
export function toEndUser(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_END_USER) : undefined;
}

/**
 * The application's own user as its API names it: OpenAI's `safety_identifier` or `user`, Anthropic's `metadata.user_id`;
 * undefined when the request names none, or in a way that is not JSON: the provider will say so.
 */
export function readEndUser(body: Uint8Array, { fields }: ScannedObject): string | undefined {
  try {
    return named(body, fields);
  } catch {
    return undefined;
  }
}

function named(body: Uint8Array, fields: ScannedObject['fields']): string | undefined {
  const user = toEndUser(readField(body, fields['safety_identifier'])) ?? toEndUser(readField(body, fields['user']));
  if (user !== undefined || fields['metadata'] === undefined) return user;
  const metadata = readField(body, fields['metadata']);
  return isObject(metadata) ? toEndUser(metadata['user_id']) : undefined;
}
