import { Worker } from 'node:worker_threads';
import { DatabaseError, type DatabaseErrorKind, messageOf } from './database-error.ts';
import type { SqliteAnswer, SqliteFailure, SqliteRequest, SqliteWorkerData } from './sqlite-messages.ts';

type Unnumbered<T> = T extends { id: number } ? Omit<T, 'id'> : never;

/** A request before it has its number. */
export type SqliteCall = Unnumbered<SqliteRequest>;

interface Waiting {
  resolve(answer: SqliteAnswer): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout | undefined;
}

/** One thread with one SQLite connection, asked by messages. A thread that dies fails what waits for it. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: DatabaseError | undefined;

  constructor(data: SqliteWorkerData) {
    this.#worker = new Worker(workerEntry(), { workerData: data });
    this.#worker.on('message', (answer: SqliteAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#end(`The SQLite thread failed: ${messageOf(error)}`));
    this.#worker.on('exit', () => this.#end('The SQLite thread has ended.'));
  }

  /** Resolves once the file is open. */
  async opened(): Promise<void> {
    await this.#wait(0, undefined);
  }

  /** Sends one request; rejects with a DatabaseError. After `timeoutMs` its outcome is unknown, not undone. */
  call(call: SqliteCall, timeoutMs?: number): Promise<SqliteAnswer> {
    this.#lastId++;
    const answer = this.#wait(this.#lastId, timeoutMs);
    if (this.#ended === undefined) this.#worker.postMessage({ ...call, id: this.#lastId });
    return answer;
  }

  /** Closes the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    await this.call({ kind: 'close' });
    this.#end('The database is closed.');
    await this.#worker.terminate();
  }

  #wait(id: number, timeoutMs: number | undefined): Promise<SqliteAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const expire = () => this.#fail(id, new DatabaseError('timeout', `SQLite took longer than ${timeoutMs} ms.`));
      const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      // The thread must be able to answer before the process may end.
      this.#worker.ref();
    });
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    // An open database alone does not keep the process alive.
    if (this.#waiting.size === 0) this.#worker.unref();
    return waiting;
  }

  #settle(answer: SqliteAnswer): void {
    const waiting = this.#take(answer.id);
    if (answer.failure === undefined) waiting?.resolve(answer);
    else waiting?.reject(errorOf(answer.failure));
  }

  #fail(id: number, error: DatabaseError): void {
    this.#take(id)?.reject(error);
  }

  #end(message: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new DatabaseError('unavailable', message);
    for (const id of [...this.#waiting.keys()]) this.#fail(id, this.#ended);
  }
}

/** The thread's program: built it is a plain file; the sources need their loader registered in the thread once more. */
function workerEntry(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./sqlite-worker.js', import.meta.url);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const program = JSON.stringify(import.meta.resolve('./sqlite-worker.ts'));
  const text = `import { register } from ${loader}; register(); await import(${program});`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}

// Primary result codes (https://www.sqlite.org/rescode.html), the low byte of the extended ones.
const KIND_BY_CODE: Readonly<Record<number, DatabaseErrorKind>> = {
  5: 'unavailable', // BUSY
  6: 'unavailable', // LOCKED
  7: 'unavailable', // NOMEM
  8: 'unavailable', // READONLY
  10: 'unavailable', // IOERR
  11: 'unavailable', // CORRUPT
  13: 'unavailable', // FULL
  14: 'unavailable', // CANTOPEN
  18: 'refused', // TOOBIG
  19: 'refused', // CONSTRAINT
  20: 'refused', // MISMATCH
  26: 'unavailable', // NOTADB
};
// SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY.
const UNIQUE_CODES: readonly number[] = [2067, 1555];

function errorOf(failure: SqliteFailure): DatabaseError {
  const message = `SQLite: ${failure.message}`;
  if (UNIQUE_CODES.includes(failure.rawCode)) return new DatabaseError('conflict', message);
  // Opening fails without a code, with the reason in the text.
  if (failure.message.startsWith('ConnectionFailed')) return new DatabaseError('unavailable', message);
  return new DatabaseError(KIND_BY_CODE[failure.rawCode & 0xff] ?? 'internal', message);
}
