import type { ScannedObject } from '../json/scan.ts';
import { isObject } from '../json/types.ts';
import { readField } from './read-field.ts';

/** Longer names are cut: they go into counters and records. */
const MAX_END_USER = 256;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_END_USER) : undefined;
}

/**
 * The application's own user as its API names it: OpenAI's `safety_identifier` or `user`, Anthropic's `metadata.user_id`;
 * undefined when the request names none.
 */
export function readEndUser(body: Uint8Array, { fields }: ScannedObject): string | undefined {
  const named = text(readField(body, fields['safety_identifier'])) ?? text(readField(body, fields['user']));
  if (named !== undefined || fields['metadata'] === undefined) return named;
  const metadata = readField(body, fields['metadata']);
  return isObject(metadata) ? text(metadata['user_id']) : undefined;
}
