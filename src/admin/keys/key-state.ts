import type { KeyRecord } from './key-port.ts';

/** What a key is good for: `rotating` was replaced and still works, `rotated` does not any more. */
export const KEY_STATES = ['active', 'rotating', 'rotated', 'expired', 'revoked'] as const;

/** One of `KEY_STATES`. */
export type KeyState = (typeof KEY_STATES)[number];

/** The state of a key at a time: what ended it for good comes first. */
export function keyState(key: KeyRecord, nowMs: number): KeyState {
  if (key.revokedMs !== null) return 'revoked';
  if (key.expiresMs !== null && nowMs >= key.expiresMs) return 'expired';
  if (key.overlapUntilMs === null) return 'active';
  return nowMs >= key.overlapUntilMs ? 'rotated' : 'rotating';
}

/** Whether a key in this state opens anything. */
export function isWorking(state: KeyState): boolean {
  return state === 'active' || state === 'rotating';
}
