import { fileURLToPath } from 'node:url';
import { DatabaseError } from './database-error.ts';
import { migrate } from './migrate.ts';
import type { DatabaseLimits, SqlDatabase } from './sql-database.ts';

/**
 * Opens the database of an address without its tables: `postgres://…` or `postgresql://…`, `sqlite:PATH`,
 * `file:` URLs, or a plain path for SQLite. Only the library that is needed gets loaded.
 */
export async function openDatabase(address: string, limits: DatabaseLimits = {}): Promise<SqlDatabase> {
  if (/^postgres(ql)?:\/\//.test(address)) {
    const { openPostgres } = await import('./postgres-database.ts');
    return openPostgres(address, limits);
  }
  const { openSqlite } = await import('./sqlite-database.ts');
  return await openSqlite(sqlitePath(address), limits);
}

/** Opens the database and brings its tables up to date. It is closed again when that fails. */
export async function openStore(address: string, limits: DatabaseLimits = {}): Promise<SqlDatabase> {
  const database = await openDatabase(address, limits);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function sqlitePath(address: string): string {
  if (address.startsWith('file://')) return fileURLToPath(address);
  if (address.startsWith('sqlite:')) return address.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(address)) {
    const scheme = address.slice(0, address.indexOf(':'));
    throw new DatabaseError(
      'schema',
      `No database is known for ${scheme}: write postgres://…, sqlite:PATH or a file name.`,
    );
  }
  return address;
}
