// The thread that owns one SQLite connection. Everything in here may block: the gateway's event loop does not wait.
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';
import type { SqlRow, SqlValue } from './sql-database.ts';
import type {
  SqliteAnswer,
  SqliteFailure,
  SqliteRequest,
  SqliteStatement,
  SqliteWorkerData,
} from './sqlite-messages.ts';

const MAX_PREPARED = 100;
const SQLITE_MISMATCH = 20;

type Connection = InstanceType<typeof Database>;
type Statement = ReturnType<Connection['prepare']>;

function openConnection(data: SqliteWorkerData): Connection {
  const connection = new Database(data.path, { timeout: data.busyTimeoutMs });
  // A reader must not wait for a writer, and a commit not for the disk: what NORMAL may lose is the last commits
  // before a power failure, never the file.
  connection.exec('PRAGMA journal_mode = WAL');
  connection.exec('PRAGMA synchronous = NORMAL');
  connection.exec('PRAGMA temp_store = MEMORY');
  return connection;
}

function isBindable(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function failureOf(error: unknown): SqliteFailure {
  if (typeof error !== 'object' || error === null) return { code: '', rawCode: 0, message: String(error) };
  const { code, rawCode, message } = error as { code?: unknown; rawCode?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : '',
    rawCode: typeof rawCode === 'number' ? rawCode : 0,
    message: typeof message === 'string' ? message : 'unknown failure',
  };
}

function serve(connection: Connection, post: (answer: SqliteAnswer) => void): (request: SqliteRequest) => void {
  const prepared = new Map<string, Statement>();

  const prepare = (sql: string): Statement => {
    let statement = prepared.get(sql);
    if (statement !== undefined) return statement;
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    statement = connection.prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };

  const run = ({ sql, params, many }: SqliteStatement): number => {
    const statement = prepare(sql);
    if (many === undefined) return statement.run(params ?? []).changes;
    let changes = 0;
    for (const values of JSON.parse(many) as SqlValue[][]) {
      // The library ends the process over a value that it cannot bind.
      if (!values.every(isBindable))
        throw { rawCode: SQLITE_MISMATCH, message: 'a value is neither text, number nor null' };
      changes += statement.run(values).changes;
    }
    return changes;
  };

  const batch = (statements: readonly SqliteStatement[]): number[] => {
    connection.exec('BEGIN IMMEDIATE');
    try {
      const changes = statements.map(run);
      connection.exec('COMMIT');
      return changes;
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK');
      throw error;
    }
  };

  return (request) => {
    try {
      if (request.kind === 'query') {
        const { sql, params } = request.statement;
        const statement = request.keep ? prepare(sql) : connection.prepare(sql);
        post({ id: request.id, rows: statement.all(params ?? []) as SqlRow[] });
      } else if (request.kind === 'run') post({ id: request.id, changes: [run(request.statement)] });
      else if (request.kind === 'batch') post({ id: request.id, changes: batch(request.statements) });
      else {
        prepared.clear();
        connection.close();
        post({ id: request.id });
        parentPort?.close();
      }
    } catch (error) {
      post({ id: request.id, failure: failureOf(error) });
    }
  };
}

if (parentPort !== null) {
  const port = parentPort;
  const post = (answer: SqliteAnswer) => port.postMessage(answer);
  try {
    const handle = serve(openConnection(workerData as SqliteWorkerData), post);
    port.on('message', handle);
    post({ id: 0 });
  } catch (error) {
    post({ id: 0, failure: failureOf(error) });
  }
}
