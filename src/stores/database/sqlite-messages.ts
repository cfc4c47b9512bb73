import type { SqlRow, SqlValue } from './sql-database.ts';

/** One statement for the SQLite thread. `many` is the JSON text of a list of value lists: cheaper to pass than arrays. */
export interface SqliteStatement {
  sql: string;
  params?: readonly SqlValue[];
  many?: string;
}

/** What the SQLite thread is asked: rows of one statement, or the change counts of several in one transaction. */
export type SqliteRequest =
  | { id: number; kind: 'query'; statement: SqliteStatement; keep: boolean }
  | { id: number; kind: 'run'; statement: SqliteStatement }
  | { id: number; kind: 'batch'; statements: readonly SqliteStatement[] }
  | { id: number; kind: 'close' };

/** A failure as plain data. */
export interface SqliteFailure {
  code: string;
  rawCode: number;
  message: string;
}

/** The answer to the request of the same `id`; id 0 tells that the database is open. */
export interface SqliteAnswer {
  id: number;
  rows?: SqlRow[];
  changes?: number[];
  failure?: SqliteFailure;
}

/** What the SQLite thread is started with. */
export interface SqliteWorkerData {
  /** File name, or `:memory:`. */
  path: string;
  /** How long to wait for another process's lock, in milliseconds. */
  busyTimeoutMs: number;
}
