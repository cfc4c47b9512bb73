import { isObject } from '../json/types.ts';
import { readField } from './admit.ts';
import type { ExchangeState } from './state.ts';

/** Longer names are cut: they go into counters and records. */
const MAX_END_USER = 256;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_END_USER) : undefined;
}

/**
 * The application's own user as its API names it: OpenAI's `safety_identifier` or `user`, Anthropic's `metadata.user_id`;
 * undefined when the request names none.
 */
export function readEndUser(state: ExchangeState): string | undefined {
  const { body, scanned } = state;
  if (body === undefined || scanned === undefined) return undefined;
  const { fields } = scanned;
  const named = text(readField(body, fields['safety_identifier'])) ?? text(readField(body, fields['user']));
  if (named !== undefined || fields['metadata'] === undefined) return named;
  const metadata = readField(body, fields['metadata']);
  return isObject(metadata) ? text(metadata['user_id']) : undefined;
}
