import { GatewayError } from '../../errors/gateway-error.ts';
import { decodeCursor, encodeCursor, pageLimit } from '../database/page-cursor.ts';
import type { SqlDatabase, SqlDialect, SqlRow, SqlStatement } from '../database/sql-database.ts';
import { SqlParams } from '../database/sql-text.ts';
import { CommonPool } from './common-pool.ts';
import { insertBodies } from './insert-bodies.ts';
import type { Ledger, PruneTarget, RecordPage, RecordsQuery, UsagePage, UsageQuery, UsageRange } from './ledger.ts';
import { notWhole } from './not-whole.ts';
import { postgresAppend } from './postgres-append.ts';
import { createSqliteAppend } from './sqlite-append.ts';
import type { UsageRecords } from './usage-batch.ts';
import { HOUR_MS } from './usage-columns.ts';
import { checkRange, compileUsageQuery, filterSql } from './usage-query-sql.ts';
import type { UsageBodies, UsageRecord } from './usage-record.ts';
import { fromUsageRow, sumsOf } from './usage-row.ts';

const PRUNE_STEP = 5000;
const RECORDS_SHAPE = 'records';

/** The ledger in a database that `openStore` has opened. */
export function createLedger(database: SqlDatabase): Ledger {
  const append = database.dialect === 'sqlite' ? createSqliteAppend(database) : createPostgresAppend(database);
  return {
    async append(records) {
      if (records.length === 0) return { inserted: 0, ignored: 0 };
      const inserted = await append(records);
      return { inserted, ignored: records.length - inserted };
    },
    query: (query) => report(database, query),
    records: (query) => listRecords(database, query),
    record: (id) => findRecord(database, id),
    total: async (range = {}) => {
      const { groups } = await report(database, { ...range, by: [] });
      return groups[0]?.sums ?? sumsOf({});
    },
    prune: (beforeMs, target) => prune(database, beforeMs, target),
  };
}

/** Stores records; resolves to the number of those that are new. */
type Append = (records: UsageRecords) => Promise<number>;

function createPostgresAppend(database: SqlDatabase): Append {
  const pool = new CommonPool();
  const statementsOf = (records: UsageRecords): SqlStatement[] => {
    try {
      const batch = pool.pack(records);
      return [postgresAppend(batch), ...insertBodies(batch.withBodies())];
    } catch (error) {
      throw notWhole(error);
    }
  };
  return async (records) => (await database.batch(statementsOf(records)))[0] ?? 0;
}

async function report(database: SqlDatabase, query: UsageQuery): Promise<UsagePage> {
  checkRange(query);
  const limit = pageLimit(query.limit);
  const range = await coverableRange(database, query);
  const compiled = compileUsageQuery(database.dialect, { ...query, ...range }, limit + 1);
  const rows = await database.query(compiled.sql, compiled.params, { long: true, alone: query.alone === true });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    ...range,
    groups: page.map((row) => ({ group: compiled.group(row), sums: sumsOf(row) })),
    next: rows.length > limit && last !== undefined ? compiled.cursor(last) : undefined,
  };
}

/** The range, its ends moved out to whole hours where the records to cut the hour are forgotten. */
async function coverableRange(database: SqlDatabase, { fromMs, toMs }: UsageRange): Promise<UsageRange> {
  const cut = (time: number | undefined) => time !== undefined && time % HOUR_MS !== 0;
  if (!cut(fromMs) && !cut(toMs)) return { fromMs, toMs };
  const rows = await database.query("SELECT value FROM aigw_counter WHERE name = 'usage_kept_from_ms'");
  const keptFromMs = Number(rows[0]?.['value'] ?? 0);
  const forgotten = (time: number | undefined): time is number => time !== undefined && time < keptFromMs;
  return {
    fromMs: forgotten(fromMs) ? Math.floor(fromMs / HOUR_MS) * HOUR_MS : fromMs,
    toMs: forgotten(toMs) ? Math.ceil(toMs / HOUR_MS) * HOUR_MS : toMs,
  };
}

async function listRecords(database: SqlDatabase, query: RecordsQuery): Promise<RecordPage> {
  checkRange(query);
  const limit = pageLimit(query.limit);
  const params = new SqlParams();
  const conditions = [
    query.fromMs === undefined ? '' : ` AND time_ms >= ${params.add(query.fromMs)}`,
    query.toMs === undefined ? '' : ` AND time_ms < ${params.add(query.toMs)}`,
    query.failed === undefined ? '' : ` AND ${query.failed ? '' : 'NOT '}(status >= 400 OR error_code <> '')`,
    filterSql(query.filter, params),
    query.after === undefined
      ? ''
      : ` AND (time_ms, id) < (${params.list(decodeCursor(RECORDS_SHAPE, query.after, ['number', 'text']))})`,
  ].join('');
  const rows = await database.query(
    `SELECT * FROM aigw_usage WHERE 1 = 1${conditions} ORDER BY time_ms DESC, id DESC LIMIT ${params.add(limit + 1)}`,
    params.values,
    { long: true },
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    records: page.map(fromUsageRow),
    next: rows.length > limit && last !== undefined ? recordCursor(last) : undefined,
  };
}

function recordCursor(row: SqlRow): string {
  return encodeCursor(RECORDS_SHAPE, [row['time_ms'] ?? 0, row['id'] ?? '']);
}

async function findRecord(
  database: SqlDatabase,
  id: string,
): Promise<{ record: UsageRecord; bodies: UsageBodies | undefined } | undefined> {
  const [row] = await database.query('SELECT * FROM aigw_usage WHERE id = $1', [id]);
  if (row === undefined) return undefined;
  const [body] = await database.query('SELECT request, response FROM aigw_usage_body WHERE id = $1', [id]);
  const text = (name: string) => (body?.[name] === null ? null : String(body?.[name]));
  const bodies = body === undefined ? undefined : { request: text('request'), response: text('response') };
  return { record: fromUsageRow(row), bodies };
}

async function prune(database: SqlDatabase, beforeMs: number, target: PruneTarget): Promise<number> {
  if (!Number.isSafeInteger(beforeMs)) {
    throw new GatewayError('invalid_request', 'before is not a time in milliseconds.', { param: 'before' });
  }
  const hourMs = Math.floor(beforeMs / HOUR_MS) * HOUR_MS;
  if (target === 'bodies') return await pruneTable(database, BODIES, hourMs);
  if (target === 'rollups') {
    return (await pruneTable(database, HOURS, hourMs)) + (await pruneTable(database, END_USER_HOURS, hourMs));
  }
  // First the mark, so that nothing comes in behind the broom.
  const mark = "UPDATE aigw_counter SET value = $1 WHERE name = 'usage_kept_from_ms' AND value < $1";
  await database.execute(mark, [hourMs]);
  await pruneTable(database, BODIES, hourMs);
  const pruned = await pruneTable(database, RECORDS[database.dialect], hourMs);
  if (database.dialect === 'sqlite') await pruneTable(database, CONTEXTS, hourMs);
  return pruned;
}

interface PrunedTable {
  table: string;
  time: string;
  /** What tells the rows apart in SQLite; PostgreSQL has `ctid` for all tables. */
  sqliteKey: string;
}

const BODIES: PrunedTable = { table: 'aigw_usage_body', time: 'time_ms', sqliteKey: 'rowid' };
const RECORDS: Readonly<Record<SqlDialect, PrunedTable>> = {
  sqlite: { table: 'aigw_usage_row', time: 'time_ms', sqliteKey: 'id' },
  postgres: { table: 'aigw_usage', time: 'time_ms', sqliteKey: '' },
};
const CONTEXTS: PrunedTable = { table: 'aigw_usage_context', time: 'hour_ms', sqliteKey: 'id' };
// SQLite's rollups have no row number: they go hour by hour.
const HOURS: PrunedTable = { table: 'aigw_usage_hour', time: 'hour_ms', sqliteKey: 'hour_ms' };
const END_USER_HOURS: PrunedTable = { ...HOURS, table: 'aigw_usage_hour_end_user' };

/** Deletes in steps that hold locks only briefly. */
async function pruneTable(database: SqlDatabase, pruned: PrunedTable, beforeMs: number): Promise<number> {
  const { table, time, sqliteKey } = pruned;
  const oldest = (key: string, limit: number) =>
    `SELECT ${key} FROM ${table} WHERE ${time} < $1 ORDER BY ${time} LIMIT ${limit}`;
  const sql =
    database.dialect === 'sqlite'
      ? `DELETE FROM ${table} WHERE ${sqliteKey} IN (${oldest(sqliteKey, sqliteKey === time ? 1 : PRUNE_STEP)})`
      : `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${oldest('ctid', PRUNE_STEP)}))`;
  let total = 0;
  for (;;) {
    const changes = await database.execute(sql, [beforeMs]);
    total += changes;
    if (changes === 0) return total;
  }
}
