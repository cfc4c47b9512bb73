import type { JsonValue } from '../../json/types.ts';

/** One administrative change. `before` and `after` must hold no secret: the caller redacts them. */
export interface AuditEntry {
  /** Unique; an entry that exists already is not added again. */
  id: string;
  timeMs: number;
  /** Who did it: the name of the admin token or account. */
  actor: string;
  role: string;
  /** What was done, such as `key.revoke`. */
  action: string;
  /** To what, such as `key:k_123`. */
  target: string;
  before: JsonValue;
  after: JsonValue;
  requestId: string;
  sourceIp: string;
}

/** Which entries to list, newest first. */
export interface AuditQuery {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  /** Included. */
  fromMs?: number | undefined;
  /** Not included. */
  toMs?: number | undefined;
  /** 1 to 1000; default 100. */
  limit?: number | undefined;
  after?: string | undefined;
}

/** One page of entries. */
export interface AuditPage {
  entries: AuditEntry[];
  next: string | undefined;
}

/** A log that only grows: the database itself refuses to change or remove an entry. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  list(query?: AuditQuery): Promise<AuditPage>;
}
