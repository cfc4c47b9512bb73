import type { JsonObject } from '../../json/types.ts';

/** An API key that was issued. Its text is shown once and kept nowhere: only its hash is. */
export interface IssuedKey {
  id: string;
  /** HMAC-SHA256 of the key's text in hex, computed by the caller; unique. */
  hash: string;
  /** The first characters of the key, for people to recognise it. */
  prefix: string;
  name: string;
  /** Whose key it is; empty when it belongs to no team or no single user. */
  organization: string;
  team: string;
  user: string;
  /** Times in milliseconds since 1970. */
  createdMs: number;
  expiresMs: number | null;
  revokedMs: number | null;
  /** Id of the key that this one replaces. */
  rotatedFrom: string | null;
  /** Until when a key that was replaced still works. */
  overlapUntilMs: number | null;
  /** What the key may be used for; empty: no limit of its own. */
  allowedModels: readonly string[];
  allowedEndpoints: readonly string[];
  allowedRoutes: readonly string[];
  /** Addresses and CIDR ranges. */
  allowedIps: readonly string[];
  limits: JsonObject;
  budget: JsonObject;
  metadata: JsonObject;
  /** Counts the changes of the key from 1: the ETag of the admin API. */
  version: number;
  /** Position of its last change among all changes. */
  sequence: number;
}

/** A key to be stored. */
export type NewKey = Omit<IssuedKey, 'version' | 'sequence' | 'revokedMs' | 'rotatedFrom' | 'overlapUntilMs'>;

/** What of a key may be changed. */
export type KeyPatch = Partial<
  Pick<
    IssuedKey,
    | 'name'
    | 'expiresMs'
    | 'allowedModels'
    | 'allowedEndpoints'
    | 'allowedRoutes'
    | 'allowedIps'
    | 'limits'
    | 'budget'
    | 'metadata'
  >
>;

/** A temporary change of a budget or limit. */
export interface LimitOverride {
  id: string;
  /** Whose limit: a level and its name, such as `team:acme/search`, in the words of the caller. */
  scope: string;
  /** What is counted, such as `usd_nano`, `tokens` or `requests`. */
  unit: string;
  /** What is added to the limit, in that unit; a whole number, below 0 to lower it. */
  amount: number;
  fromMs: number;
  untilMs: number;
  reason: string;
  createdBy: string;
  createdMs: number;
  /** When it was taken back before its time. */
  endedMs: number | null;
  sequence: number;
}

/** An override to be stored. */
export type NewOverride = Omit<LimitOverride, 'endedMs' | 'sequence'>;
