import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseError, messageOf } from './database-error.ts';
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
import { bindable, bindableJson, dialectSql } from './sql-text.ts';
import type { SqliteStatement } from './sqlite-messages.ts';
import { SqliteThread } from './sqlite-thread.ts';

const IN_MEMORY = ':memory:';

/** How long the thread for long queries waits for another one: it holds about 18 MB, and a new one starts in a tenth of a second. */
const READER_IDLE_MS = 1000;

/**
 * Opens a SQLite file (made with mode 0600, its folder too), or `:memory:`. Statements run in a thread of their own;
 * long queries of a file in a second one, there while such queries come, so that a report never holds up a write.
 */
export async function openSqlite(path: string, options: DatabaseLimits = {}): Promise<SqlDatabase> {
  const file = path === IN_MEMORY ? path : makeFile(path);
  const limits = databaseLimits(options);
  const main = new SqliteThread({ path: file, busyTimeoutMs: limits.statementTimeoutMs });
  await main.opened();
  return new SqliteDatabase(file, main, limits);
}

function makeFile(path: string): string {
  const file = resolve(path);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw new DatabaseError('unavailable', `The SQLite file ${file} cannot be opened: ${messageOf(error)}`, error);
  }
  return file;
}

class SqliteDatabase implements SqlDatabase {
  readonly dialect = 'sqlite';
  readonly #path: string;
  readonly #main: SqliteThread;
  readonly #limits: Required<DatabaseLimits>;
  readonly #texts = new Map<string, string>();
  #reader: Promise<SqliteThread> | undefined;
  /** Long queries that run. */
  #reading = 0;
  #readerIdle: NodeJS.Timeout | undefined;
  /** Ends when the running transaction does: the connection is one, so everything else waits for it. */
  #turn: Promise<unknown> = Promise.resolve();
  #inTransaction = false;
  #closed = false;

  constructor(path: string, main: SqliteThread, limits: Required<DatabaseLimits>) {
    this.#path = path;
    this.#main = main;
    this.#limits = limits;
  }

  execute(sql: string, params: readonly SqlValue[] = []): Promise<number> {
    return this.#afterTransaction(() => this.#run({ sql: this.#text(sql), params: bindable(params) }));
  }

  async query(sql: string, params: readonly SqlValue[] = [], options: QueryOptions = {}): Promise<SqlRow[]> {
    if (options.long !== true || this.#path === IN_MEMORY) {
      return await this.#afterTransaction(() => this.#rows({ sql: this.#text(sql), params: bindable(params) }));
    }
    const statement = { sql: dialectSql('sqlite', sql), params: bindable(params) };
    if (options.alone === true) return await this.#afterTransaction(() => this.#long(this.#main, statement));
    return await this.#read(statement);
  }

  batch(statements: readonly SqlStatement[]): Promise<number[]> {
    const ready = statements.map((statement): SqliteStatement => {
      const sql = this.#text(statement.sql);
      if (statement.many === undefined) return { sql, params: bindable(statement.params ?? []) };
      return { sql, many: bindableJson(statement.many) };
    });
    return this.#afterTransaction(async () => {
      const answer = await this.#main.call({ kind: 'batch', statements: ready }, this.#limits.longTimeoutMs);
      return answer.changes ?? [];
    });
  }

  transaction<T>(work: (session: SqlSession) => Promise<T>, timeoutMs?: number): Promise<T> {
    const done = this.#turn.then(() => this.#transact(work, timeoutMs));
    this.#turn = done.catch(() => {
      // The caller gets the failure; whoever waits for the connection only needs to know that it is free.
    });
    return done;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#turn;
    await this.#main.close();
    await this.#closeReader();
  }

  async #transact<T>(work: (session: SqlSession) => Promise<T>, timeoutMs: number | undefined): Promise<T> {
    // From here on nothing else may be sent: it would run inside this transaction.
    this.#inTransaction = true;
    try {
      await this.#run({ sql: 'BEGIN IMMEDIATE' });
      const result = await work({
        dialect: 'sqlite',
        execute: (sql, params = []) => this.#run({ sql: this.#text(sql), params: bindable(params) }, timeoutMs),
        query: (sql, params = []) => this.#rows({ sql: this.#text(sql), params: bindable(params) }, timeoutMs),
      });
      await this.#run({ sql: 'COMMIT' }, timeoutMs);
      return result;
    } catch (error) {
      // When even this fails the connection is gone, and the transaction with it.
      await this.#run({ sql: 'ROLLBACK' }).catch(() => undefined);
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  async #afterTransaction<T>(work: () => Promise<T>): Promise<T> {
    while (this.#inTransaction) await this.#turn;
    return await work();
  }

  async #run(statement: SqliteStatement, timeoutMs = this.#deadlineMs()): Promise<number> {
    const answer = await this.#main.call({ kind: 'run', statement }, timeoutMs);
    return answer.changes?.[0] ?? 0;
  }

  async #rows(statement: SqliteStatement, timeoutMs = this.#deadlineMs()): Promise<SqlRow[]> {
    const answer = await this.#main.call({ kind: 'query', statement, keep: true }, timeoutMs);
    return answer.rows ?? [];
  }

  /** The thread itself may wait for a lock as long as one statement may take. */
  #deadlineMs(): number {
    return this.#limits.statementTimeoutMs * 2;
  }

  async #read(statement: SqliteStatement): Promise<SqlRow[]> {
    this.#reading++;
    clearTimeout(this.#readerIdle);
    try {
      return await this.#long(await this.#openReader(), statement);
    } finally {
      this.#reading--;
      if (this.#reading === 0 && !this.#closed) {
        this.#readerIdle = setTimeout(() => void this.#closeReader(), READER_IDLE_MS);
        this.#readerIdle.unref();
      }
    }
  }

  async #long(thread: SqliteThread, statement: SqliteStatement): Promise<SqlRow[]> {
    const answer = await thread.call({ kind: 'query', statement, keep: false }, this.#limits.longTimeoutMs);
    return answer.rows ?? [];
  }

  async #closeReader(): Promise<void> {
    clearTimeout(this.#readerIdle);
    const closing = this.#reader;
    this.#reader = undefined;
    // A thread that did not start or has died has nothing left to close.
    await closing?.then((reader) => reader.close()).catch(() => undefined);
  }

  #openReader(): Promise<SqliteThread> {
    if (this.#closed) throw new DatabaseError('unavailable', 'The database is closed.');
    this.#reader ??= this.#startReader();
    return this.#reader;
  }

  async #startReader(): Promise<SqliteThread> {
    const thread = new SqliteThread({ path: this.#path, busyTimeoutMs: this.#limits.statementTimeoutMs });
    try {
      await thread.opened();
      return thread;
    } catch (error) {
      this.#reader = undefined;
      throw error;
    }
  }

  #text(sql: string): string {
    let text = this.#texts.get(sql);
    if (text === undefined) {
      if (this.#texts.size >= 500) this.#texts.clear();
      text = dialectSql('sqlite', sql);
      this.#texts.set(sql, text);
    }
    return text;
  }
}
