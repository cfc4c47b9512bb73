import type { OrganizationConfig } from '../../config/model.ts';
import type { JsonObject } from '../../json/types.ts';

/** An issued key as it is stored: never its text. Times in milliseconds since 1970; empty lists confine nothing. */
export interface KeyRecord {
  /** The eleven characters that name the key in its text. */
  id: string;
  /** What `KeyAdministration.hash` made of its text. */
  hash: string;
  prefix: string;
  name: string;
  organization: string;
  /** Empty for a key of no team, or no single user. */
  team: string;
  user: string;
  createdMs: number;
  expiresMs: number | null;
  revokedMs: number | null;
  /** Id of the key that this one replaces. */
  rotatedFrom: string | null;
  /** Until when a key that was replaced still works. */
  overlapUntilMs: number | null;
  allowedModels: readonly string[];
  /** Operations such as `chat`. */
  allowedEndpoints: readonly string[];
  allowedRoutes: readonly string[];
  allowedIps: readonly string[];
  /** `{ rate_limit: [...] }` as in the configuration. */
  limits: JsonObject;
  /** `{ budget: [...] }` as in the configuration. */
  budget: JsonObject;
  /** Labels, all of them texts. */
  metadata: JsonObject;
  /** Counts the changes of the key from 1. */
  version: number;
}

/** A key to be stored. */
export type NewKeyRecord = Omit<KeyRecord, 'version' | 'revokedMs' | 'rotatedFrom' | 'overlapUntilMs'>;

/** What of a key may be changed. */
export type KeyRecordPatch = Partial<
  Pick<
    KeyRecord,
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

/** What became of a change. */
export type KeyRecordChange =
  | { ok: true; key: KeyRecord }
  | { ok: false; reason: 'not-found' }
  | { ok: false; reason: 'version'; key: KeyRecord };

/** Which keys to list, newest first. */
export interface KeyRecordQuery {
  organization?: string | undefined;
  team?: string | undefined;
  user?: string | undefined;
  /** Only keys that work at this time. */
  activeAtMs?: number | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

/** Where issued keys are stored. */
export interface KeyRecords {
  insert(key: NewKeyRecord): Promise<KeyRecord>;
  get(id: string): Promise<KeyRecord | undefined>;
  list(query: KeyRecordQuery): Promise<{ keys: readonly KeyRecord[]; next: string | undefined }>;
  /** Changes a key if its version is still `version`. */
  update(id: string, version: number, patch: KeyRecordPatch): Promise<KeyRecordChange>;
  revoke(id: string, revokedMs: number): Promise<KeyRecordChange>;
  /** Stores the successor of a key, which itself works until `overlapUntilMs`; answers with the successor. */
  rotate(old: { id: string; version: number }, key: NewKeyRecord, overlapUntilMs: number): Promise<KeyRecordChange>;
}

/** What issuing keys needs. */
export interface KeyAdministration {
  /** Rejects while the database is away. */
  store(): Promise<KeyRecords>;
  /** Hashes the text of a key with `issued_keys.hmac_secret`, as authentication does. */
  hash(text: string): string;
  /** `organizations` of the configuration in force. */
  readonly organizations: readonly OrganizationConfig[];
  /** Told after every change, so that this process need not wait for its next refresh. */
  changed(): void;
}
