/**
 * What kind of failure a database reported:
 * `unavailable` cannot be reached, is full, busy or shutting down; `timeout` took too long, the outcome is unknown;
 * `conflict` a unique value exists already; `refused` this data cannot be stored, trying again is in vain;
 * `schema` its tables are not those of this program; `internal` anything else, such as a missing privilege.
 */
export type DatabaseErrorKind = 'unavailable' | 'timeout' | 'conflict' | 'refused' | 'schema' | 'internal';

/** The one error of the durable stores. Its message is for operators: it holds no values of the statement. */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DatabaseError';
    this.kind = kind;
  }

  /** The kind of any error; what is not a DatabaseError counts as `internal`. */
  static kindOf(error: unknown): DatabaseErrorKind {
    return error instanceof DatabaseError ? error.kind : 'internal';
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
