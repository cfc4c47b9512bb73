import pg from 'pg';
import { DatabaseError, type DatabaseErrorKind, messageOf } from './database-error.ts';
import {
  type DatabaseLimits,
  databaseLimits,
  type QueryOptions,
  type SqlDatabase,
  type SqlRow,
  type SqlSession,
  type SqlStatement,
  type SqlValue,
} from './sql-database.ts';
import { bindable } from './sql-text.ts';

// Statements whose text is put together per call are not worth a name; the fixed ones are far fewer than this.
const MAX_NAMES = 200;
const BATCH_TRIES = 3;
const INT8 = 20;
const NUMERIC = 1700;

/**
 * A bounded pool for a `postgres://` address. Nothing is connected yet: the server may come later. A connection whose
 * statement timed out or broke is thrown away, never reused.
 */
export function openPostgres(url: string, options: DatabaseLimits = {}): SqlDatabase {
  return new PostgresDatabase(url, databaseLimits(options));
}

/** Whole numbers arrive as numbers: exact up to 2^53. All other types the store uses are texts and doubles already. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

interface PostgresCall {
  sql: string;
  params: readonly SqlValue[];
  timeoutMs: number;
  /** Not worth keeping prepared. */
  unnamed?: boolean;
}

class PostgresDatabase implements SqlDatabase {
  readonly dialect = 'postgres';
  readonly #pool: pg.Pool;
  readonly #limits: Required<DatabaseLimits>;
  readonly #names = new Map<string, string>();
  #closing: Promise<void> | undefined;

  constructor(url: string, limits: Required<DatabaseLimits>) {
    this.#limits = limits;
    this.#pool = new pg.Pool({
      connectionString: url,
      max: limits.maxConnections,
      connectionTimeoutMillis: limits.connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: 'aigw',
      types,
      // The server ends what the client no longer waits for. Poolers refuse settings at the start of a session.
      ...(limits.pooler
        ? {}
        : {
            statement_timeout: limits.longTimeoutMs,
            idle_in_transaction_session_timeout: limits.longTimeoutMs,
          }),
    });
    // Idle connections that break are replaced by the pool; without a listener the process would end.
    this.#pool.on('error', () => undefined);
  }

  execute(sql: string, params: readonly SqlValue[] = []): Promise<number> {
    return this.#withClient((client) => this.#execute(client, sql, params));
  }

  query(sql: string, params: readonly SqlValue[] = [], options: QueryOptions = {}): Promise<SqlRow[]> {
    const { statementTimeoutMs, longTimeoutMs } = this.#limits;
    const call: PostgresCall = options.long
      ? { sql, params, timeoutMs: longTimeoutMs, unnamed: true }
      : { sql, params, timeoutMs: statementTimeoutMs };
    return this.#withClient(async (client) => (await this.#send(client, call)).rows);
  }

  async batch(statements: readonly SqlStatement[]): Promise<number[]> {
    const [first] = statements;
    const work = async (client: pg.PoolClient): Promise<number[]> => {
      const changes: number[] = [];
      for (const statement of statements) changes.push(await this.#runStatement(client, statement));
      return changes;
    };
    // A single statement is a transaction of its own.
    const alone = statements.length === 1 && first?.many === undefined;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#withClient(alone ? work : (client) => this.#transact(client, () => work(client)));
      } catch (error) {
        if (tries === BATCH_TRIES || !isRetryable(error)) throw error;
      }
    }
  }

  transaction<T>(work: (session: SqlSession) => Promise<T>, timeoutMs?: number): Promise<T> {
    const limitMs = timeoutMs ?? this.#limits.statementTimeoutMs;
    return this.#withClient((client) =>
      this.#transact(client, async () => {
        if (timeoutMs !== undefined)
          await this.#execute(client, `SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`);
        return await work({
          dialect: 'postgres',
          execute: async (sql, params = []) =>
            (await this.#send(client, { sql, params, timeoutMs: limitMs })).rowCount ?? 0,
          query: async (sql, params = []) => (await this.#send(client, { sql, params, timeoutMs: limitMs })).rows,
        });
      }),
    );
  }

  async close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    await this.#closing;
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw errorOf(error, 'unavailable');
    }
    let broken: unknown;
    // A connection that breaks between two statements says so here; the next statement reports it.
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      if (isBroken(error)) broken = error;
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken !== undefined);
    }
  }

  async #transact<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
    await this.#execute(client, 'BEGIN');
    try {
      const result = await work();
      await this.#execute(client, 'COMMIT');
      return result;
    } catch (error) {
      // A broken connection is about to be dropped, and its transaction with it.
      if (!isBroken(error)) await this.#execute(client, 'ROLLBACK');
      throw error;
    }
  }

  async #runStatement(client: pg.PoolClient, statement: SqlStatement): Promise<number> {
    if (statement.many === undefined) return await this.#execute(client, statement.sql, statement.params);
    let changes = 0;
    for (const values of statement.many) changes += await this.#execute(client, statement.sql, values);
    return changes;
  }

  async #execute(client: pg.PoolClient, sql: string, params: readonly SqlValue[] = []): Promise<number> {
    return (await this.#send(client, { sql, params, timeoutMs: this.#limits.statementTimeoutMs })).rowCount ?? 0;
  }

  async #send(client: pg.PoolClient, call: PostgresCall): Promise<pg.QueryResult<SqlRow>> {
    const name = call.unnamed === true || call.params.length === 0 ? undefined : this.#name(call.sql);
    const config: pg.QueryConfig & { query_timeout: number } = {
      text: call.sql,
      values: bindable(call.params),
      query_timeout: call.timeoutMs,
      ...(name === undefined ? {} : { name }),
    };
    try {
      return await client.query<SqlRow>(config);
    } catch (error) {
      throw errorOf(error, 'internal');
    }
  }

  #name(sql: string): string | undefined {
    if (this.#limits.pooler) return undefined;
    let name = this.#names.get(sql);
    if (name === undefined && this.#names.size < MAX_NAMES) {
      name = `aigw_${this.#names.size + 1}`;
      this.#names.set(sql, name);
    }
    return name;
  }
}

// Error classes and codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
const RETRYABLE_CODES: readonly string[] = ['40001', '40P01'];
const KIND_BY_CLASS: Readonly<Record<string, DatabaseErrorKind>> = {
  '08': 'unavailable', // connection exception
  '22': 'refused', // data exception
  '23': 'refused', // integrity constraint violation
  '25': 'unavailable', // invalid transaction state: read-only after a failover
  '28': 'unavailable', // invalid authorization
  '40': 'unavailable', // transaction rollback
  '53': 'unavailable', // insufficient resources
  '54': 'refused', // program limit exceeded
  '55': 'unavailable', // object not in prerequisite state: lock not available
  '57': 'unavailable', // operator intervention
  '58': 'unavailable', // system error
};
const KIND_BY_CODE: Readonly<Record<string, DatabaseErrorKind>> = {
  '23505': 'conflict',
  '3D000': 'unavailable', // database does not exist
  '57014': 'timeout',
};

function errorOf(error: unknown, otherwise: DatabaseErrorKind): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = (error as { code?: unknown } | null)?.code;
  // Only the primary message: the detail of an error may repeat the values of a row.
  const message = `PostgreSQL: ${messageOf(error)}`;
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) {
    return new DatabaseError(KIND_BY_CODE[code] ?? KIND_BY_CLASS[code.slice(0, 2)] ?? 'internal', message, error);
  }
  if (typeof code === 'string') return new DatabaseError('unavailable', `${message} (${code})`, error);
  if (/read timeout/i.test(message)) return new DatabaseError('timeout', message, error);
  // The library's own words for a lost or ended connection carry no code.
  if (/connection|connect|pool|client has|not queryable/i.test(message))
    return new DatabaseError('unavailable', message, error);
  return new DatabaseError(otherwise, message, error);
}

/** Whether the state of the connection is unknown after an error. */
function isBroken(error: unknown): boolean {
  return error instanceof DatabaseError && (error.kind === 'timeout' || error.kind === 'unavailable');
}

function isRetryable(error: unknown): boolean {
  const code = error instanceof DatabaseError ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' && RETRYABLE_CODES.includes(code);
}
