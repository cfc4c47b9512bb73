/** A value that both databases keep exactly. Booleans are stored as 0 and 1, times as milliseconds since 1970. */
export type SqlValue = string | number | null;

/** One row of an answer by column name. */
export type SqlRow = Record<string, SqlValue>;

/** Which SQL a text is written for. */
export type SqlDialect = 'sqlite' | 'postgres';

/**
 * One statement with its values. Placeholders are `$1`, `$2`, … in both dialects; values never become part of the
 * text. With `many` the statement runs once for each list of values.
 */
export interface SqlStatement {
  sql: string;
  params?: readonly SqlValue[];
  many?: readonly (readonly SqlValue[])[];
}

/** What may be done inside and outside a transaction. Every failure is a `DatabaseError`. */
export interface SqlSession {
  readonly dialect: SqlDialect;
  /** Runs a statement of the fixed tables and resolves to the number of rows it changed. */
  execute(sql: string, params?: readonly SqlValue[]): Promise<number>;
  /** Resolves to all rows of the answer: the statement bounds them by LIMIT. */
  query(sql: string, params?: readonly SqlValue[]): Promise<SqlRow[]>;
}

/** A query outside a transaction. */
export interface QueryOptions {
  /**
   * The statement may read much (reports): it gets the long deadline, runs beside the short ones and is not kept
   * prepared. Default false.
   */
  long?: boolean;
  /** With `long`: nothing waits for the database meanwhile, as at a start; SQLite then needs no second thread. Default false. */
  alone?: boolean;
}

/** One database: SQLite in a thread of its own, or a bounded pool of PostgreSQL connections. */
export interface SqlDatabase extends SqlSession {
  query(sql: string, params?: readonly SqlValue[], options?: QueryOptions): Promise<SqlRow[]>;
  /**
   * Runs the statements in one transaction and, where the database allows, in one round trip; resolves to the rows
   * changed by each. A deadlock or serialization failure is tried again, so the statements must not depend on each
   * other's answers.
   */
  batch(statements: readonly SqlStatement[]): Promise<number[]>;
  /**
   * Runs `work` in one transaction (SQLite: writers exclude each other); rolls back when it rejects. Each of its
   * statements may take `timeoutMs`, by default as long as any short statement.
   */
  transaction<T>(work: (session: SqlSession) => Promise<T>, timeoutMs?: number): Promise<T>;
  /** Ends after the running statements. Further calls reject. */
  close(): Promise<void>;
}

/** How long a database may take. */
export interface DatabaseLimits {
  /** Connecting, or waiting for a free connection, in milliseconds. Default 3000. */
  connectTimeoutMs?: number;
  /** One short statement, in milliseconds. Default 5000. SQLite waits this long for another process's write lock. */
  statementTimeoutMs?: number;
  /** One long query, in milliseconds. Default 30000. */
  longTimeoutMs?: number;
  /** PostgreSQL connections at once. Default 4. */
  maxConnections?: number;
  /** PostgreSQL through a pooler that shares sessions between clients: no prepared statements. Default false. */
  pooler?: boolean;
}

/** The limits with their defaults filled in. */
export function databaseLimits(limits: DatabaseLimits): Required<DatabaseLimits> {
  return {
    connectTimeoutMs: limits.connectTimeoutMs ?? 3000,
    statementTimeoutMs: limits.statementTimeoutMs ?? 5000,
    longTimeoutMs: limits.longTimeoutMs ?? 30_000,
    maxConnections: limits.maxConnections ?? 4,
    pooler: limits.pooler ?? false,
  };
}
