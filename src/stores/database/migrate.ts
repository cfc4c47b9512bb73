import { DatabaseError } from './database-error.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import type { SqlDatabase, SqlDialect, SqlSession } from './sql-database.ts';

// Any number will do as long as every process uses the same: "aigw" in ASCII.
const ADVISORY_LOCK = 0x61696777;
// A step may rewrite a large table, or wait for another process that does.
const STEP_TIMEOUT_MS = 600_000;

const TYPES: Readonly<Record<SqlDialect, Readonly<Record<string, string>>>> = {
  sqlite: {
    text: 'TEXT',
    int: 'INTEGER',
    real: 'REAL',
    row: 'seq INTEGER PRIMARY KEY AUTOINCREMENT,',
    strict: 'STRICT',
    clustered: 'STRICT, WITHOUT ROWID',
  },
  // Byte order, as SQLite compares: pages of a listing come in the same order from both.
  postgres: { text: 'TEXT COLLATE "C"', int: 'BIGINT', real: 'DOUBLE PRECISION', row: '', strict: '', clustered: '' },
};

/**
 * Brings the tables to the newest version, each step in one transaction together with its row in
 * `aigw_schema_version`. Any number of processes may start at once: one at a time gets the lock, the others then find
 * nothing to do. Rejects with a DatabaseError `schema` when the database is newer than the program.
 */
export async function migrate(database: SqlDatabase, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const newest = migrations.at(-1)?.version ?? 0;
  await database.transaction(async (session) => {
    if (session.dialect === 'postgres') await session.query(`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`);
    await session.execute(
      fill(
        'CREATE TABLE IF NOT EXISTS aigw_schema_version (version {int} PRIMARY KEY, name {text} NOT NULL, applied_ms {int} NOT NULL)',
        session.dialect,
      ),
    );
    const rows = await session.query('SELECT COALESCE(MAX(version), 0) AS version FROM aigw_schema_version');
    const version = Number(rows[0]?.['version'] ?? 0);
    if (version > newest) {
      throw new DatabaseError(
        'schema',
        `The database has schema version ${version}, this program knows ${newest}: start a newer aigw, or point it at another database.`,
      );
    }
    for (const migration of migrations) if (migration.version > version) await apply(session, migration);
  }, STEP_TIMEOUT_MS);
}

async function apply(session: SqlSession, migration: Migration): Promise<void> {
  const { statements: given } = migration;
  const statements = typeof given === 'function' ? given(session.dialect) : given;
  for (const statement of statements) await session.execute(fill(statement, session.dialect));
  await session.execute('INSERT INTO aigw_schema_version (version, name, applied_ms) VALUES ($1, $2, $3)', [
    migration.version,
    migration.name,
    Date.now(),
  ]);
}

/** Puts the dialect's own words for `{text}`, `{int}`, … into a statement of the fixed table of migrations. */
function fill(statement: string, dialect: SqlDialect): string {
  return statement.replaceAll(/\{(\w+)\}/g, (_, word: string) => {
    const type = TYPES[dialect][word];
    if (type === undefined) throw new DatabaseError('internal', `No SQL type is called {${word}}.`);
    return type;
  });
}
