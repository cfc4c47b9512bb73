import type { KeyRecord, KeyRecords } from './key-port.ts';
import type { KeyListQuery } from './key-schemas.ts';
import { isWorking, keyState } from './key-state.ts';

const DEFAULT_LIMIT = 100;
/** How often one request asks the store for more when hardly any key has the state that is wanted. */
const MAX_ROUNDS = 20;

/**
 * A page of keys in a state. The store knows working keys only; for the other states pages are read until one is full. It may hold
 * fewer keys than asked for, also none, and still have a `next`: states that few keys are in take several requests.
 */
export async function listKeys(
  store: KeyRecords,
  { organization, team, user, state, limit = DEFAULT_LIMIT, after }: KeyListQuery,
  nowMs: number,
): Promise<{ keys: KeyRecord[]; next: string | undefined }> {
  const works = state !== undefined && (state === 'working' || isWorking(state));
  const keys: KeyRecord[] = [];
  let next = after;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const page = await store.list({
      organization,
      team,
      user,
      activeAtMs: works ? nowMs : undefined,
      // Never more than there is room for: the store's cursor is behind the last key it gave.
      limit: limit - keys.length,
      after: next,
    });
    keys.push(...page.keys.filter((key) => isWanted(key, state, nowMs)));
    next = page.next;
    if (next === undefined || keys.length >= limit) break;
  }
  return { keys, next };
}

function isWanted(key: KeyRecord, state: KeyListQuery['state'], nowMs: number): boolean {
  if (state === undefined) return true;
  const current = keyState(key, nowMs);
  return state === 'working' ? isWorking(current) : current === state;
}
