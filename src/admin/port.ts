import type { OrganizationConfig } from '../config/model.ts';
import type { JsonValue } from '../json/types.ts';
import type { PriceBook } from '../prices/price-book.ts';
import type { ClusterPort } from './cluster-port.ts';
import type { KeyAdministration } from './keys/key-port.ts';
import type { LimitAdministration } from './limits/limit-port.ts';
import type { UsageReports } from './usage/usage-port.ts';

/** One configuration the gateway has seen. */
export interface ConfigVersion {
  /** Counts up from 1 within one process. */
  revision: number;
  /** Hex digest of the configuration's content, secrets aside; equal configurations have equal hashes. */
  hash: string;
  /** When it was read, applied or rejected, in milliseconds since the epoch. */
  timeMs: number;
  /** Files it came from, or other origins such as `environment`. */
  sources: readonly string[];
}

/** What was asked for, what runs, and what was refused. */
export interface ConfigStatus {
  /** The newest configuration offered, whether or not it runs. */
  desired?: ConfigVersion | undefined;
  /** The one in force. */
  applied?: ConfigVersion | undefined;
  /** The newest one refused, until a newer one is applied; `errors` say where and how to mend. */
  rejected?: (ConfigVersion & { errors: readonly string[] }) | undefined;
  /** What in the applied configuration has no effect. */
  warnings: readonly string[];
}

/** What became of a configuration that was handed in. */
export type ConfigChange =
  | { ok: true; applied: ConfigVersion; warnings: readonly string[] }
  /** Another configuration is in force than the one that the caller knows. */
  | { ok: false; reason: 'stale'; applied: ConfigVersion | undefined }
  /** It is not valid, or could not be put in force; each line says where and how to mend. */
  | { ok: false; reason: 'invalid'; errors: readonly string[] };

/** Takes configurations from outside. */
export interface ConfigAdministration {
  /**
   * Loads, checks, compiles and applies the text of a gateway file, or changes nothing. With `expectedHash` only while the
   * configuration in force has this hash: compared in the same turn in which the new one takes its place.
   */
  put(text: string, options: { expectedHash: string | undefined; actor: string }): Promise<ConfigChange>;
}

/** One administrative change, or the attempt at one. `before` and `after` hold no secret. */
export interface AuditEntry {
  id: string;
  timeMs: number;
  /** Name of the token. */
  actor: string;
  role: string;
  /** What was done, such as `key.revoke`; `key.revoke.refused` and `key.revoke.failed` for what was not. */
  action: string;
  /** To what, such as `key:0Ab…`. */
  target: string;
  before: JsonValue;
  after: JsonValue;
  requestId: string;
  sourceIp: string;
}

/** Which entries of the audit log to list, newest first. */
export interface AuditQuery {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  /** Included. */
  fromMs?: number | undefined;
  /** Not included. */
  toMs?: number | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

/** Where changes are written down: the ledger's database. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  list(query: AuditQuery): Promise<{ entries: readonly AuditEntry[]; next: string | undefined }>;
}

/**
 * All that the admin server knows of the rest of the program. What may be left out answers undefined, or is not there, while the
 * configuration in force does not provide it; the answer then names what to configure.
 */
export interface AdminPort {
  /** Version of the program. */
  readonly version: string;
  status(): ConfigStatus;
  /** The applied configuration as plain data, secrets as `Secret`; `undefined` before the first. */
  appliedConfig(): unknown;
  /** Whether new requests should come here; `reason` says why not, for people. */
  ready(): { ready: boolean; reason?: string | undefined };
  /** The metrics in the Prometheus text format 0.0.4, in pieces. */
  metricsText(): AsyncIterable<string>;
  /** `organizations` of the configuration in force. */
  organizations?(): readonly OrganizationConfig[];
  /** Needs `issued_keys` and `stores.ledger`. */
  keys?(): KeyAdministration | undefined;
  /** Needs `stores.ledger`. Rejects while the database is away. */
  usage?(): Promise<UsageReports> | undefined;
  limits?(): LimitAdministration | undefined;
  /** Undefined before the first configuration. */
  clusters?(): ClusterPort | undefined;
  config?(): ConfigAdministration | undefined;
  /** Needs `stores.ledger`. Rejects while the database is away. */
  audit?(): Promise<AuditLog> | undefined;
  /** The prices in force. */
  prices?(): Pick<PriceBook, 'find'> | undefined;
}
