import type { IssuedKey, KeyPatch, LimitOverride, NewKey, NewOverride } from './issued-key.ts';

/** What became of a change: the key as it is now, or why nothing changed. */
export type KeyChange =
  | { ok: true; key: IssuedKey }
  | { ok: false; reason: 'not-found' }
  /** Somebody else changed it meanwhile: `key` is what they made of it. */
  | { ok: false; reason: 'version'; key: IssuedKey };

/** Which keys to list, newest first. */
export interface KeyQuery {
  organization?: string | undefined;
  team?: string | undefined;
  user?: string | undefined;
  /** Only keys that at this time are neither revoked nor expired nor replaced beyond their overlap. */
  activeAtMs?: number | undefined;
  /** 1 to 1000; default 100. */
  limit?: number | undefined;
  after?: string | undefined;
}

/** One page of keys. */
export interface KeyPage {
  keys: IssuedKey[];
  next: string | undefined;
}

/** Which overrides to list, newest first. */
export interface OverrideQuery {
  scope?: string | undefined;
  /** Only those that count at this time. */
  activeAtMs?: number | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

/** One page of overrides. */
export interface OverridePage {
  overrides: LimitOverride[];
  next: string | undefined;
}

/** What changed since a position, in the order of the changes: of each key and override its newest state. */
export interface KeyChanges {
  keys: IssuedKey[];
  overrides: LimitOverride[];
  /** The position to ask from next. */
  sequence: number;
  /** Whether there is more: ask again at once. */
  more: boolean;
  /**
   * Whether the position is not of this database, which was replaced by an older state: forget everything and ask from
   * 0 again.
   */
  reset: boolean;
}

/**
 * Where issued keys and limit overrides are kept. Failures of the database are `DatabaseError`s; a key whose id or hash
 * exists already is one of kind `conflict`.
 *
 * Every change takes the next number of one sequence and holds it until it is committed, so numbers become visible in
 * their order: whoever has seen number n has seen, or can no longer see, everything up to n.
 */
export interface KeyStore {
  insert(key: NewKey): Promise<IssuedKey>;
  get(id: string): Promise<IssuedKey | undefined>;
  /** The key of a hash, also one that is revoked or expired: the caller judges. */
  findByHash(hash: string): Promise<IssuedKey | undefined>;
  list(query?: KeyQuery): Promise<KeyPage>;
  /** Changes a key if its version is still `version`. */
  update(id: string, version: number, patch: KeyPatch): Promise<KeyChange>;
  /** Revokes a key for good, whatever its version; revoking again changes nothing. */
  revoke(id: string, revokedMs: number): Promise<KeyChange>;
  /** In one step stores the new key as the successor of an old one, which works until `overlapUntilMs`. */
  rotate(old: { id: string; version: number }, key: NewKey, overlapUntilMs: number): Promise<KeyChange>;
  insertOverride(override: NewOverride): Promise<LimitOverride>;
  /** Takes an override back; undefined when there is none of this id. Doing it again changes nothing. */
  endOverride(id: string, endedMs: number): Promise<LimitOverride | undefined>;
  listOverrides(query?: OverrideQuery): Promise<OverridePage>;
  /** Changes after a position, 0 for all; at most `limit` (default 1000) of each kind. */
  changesSince(sequence: number, limit?: number): Promise<KeyChanges>;
}
