import type { JsonValue } from '../../json/types.ts';
import { decodeCursor, encodeCursor, pageLimit } from '../database/page-cursor.ts';
import type { SqlDatabase, SqlRow, SqlSession, SqlValue } from '../database/sql-database.ts';
import { SqlParams } from '../database/sql-text.ts';
import type { AuditEntry, AuditLog, AuditPage, AuditQuery } from './audit-log.ts';

const COLUMNS = 'id, time_ms, actor, role, action, target, before_json, after_json, request_id, source_ip';
const SHAPE = 'audit';

/** The audit log in a database that `openStore` has opened. */
export function createAuditLog(database: SqlDatabase): AuditLog {
  return {
    append: (entry) => appendAudit(database, entry),
    list: (query = {}) => list(database, query),
  };
}

/** Adds an entry, also inside a transaction together with the change that it tells of. */
export async function appendAudit(session: SqlSession, entry: AuditEntry): Promise<void> {
  await session.execute(
    `INSERT INTO aigw_audit (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
    [
      entry.id,
      entry.timeMs,
      entry.actor,
      entry.role,
      entry.action,
      entry.target,
      jsonText(entry.before),
      jsonText(entry.after),
      entry.requestId,
      entry.sourceIp,
    ],
  );
}

async function list(database: SqlDatabase, query: AuditQuery): Promise<AuditPage> {
  const limit = pageLimit(query.limit);
  const params = new SqlParams();
  const given: readonly (readonly [string, SqlValue | undefined])[] = [
    ['actor =', query.actor],
    ['action =', query.action],
    ['target =', query.target],
    ['time_ms >=', query.fromMs],
    ['time_ms <', query.toMs],
  ];
  const conditions = given.map(([test, value]) => (value === undefined ? '' : ` AND ${test} ${params.add(value)}`));
  if (query.after !== undefined) {
    conditions.push(` AND (time_ms, id) < (${params.list(decodeCursor(SHAPE, query.after, ['number', 'text']))})`);
  }
  const rows = await database.query(
    `SELECT ${COLUMNS} FROM aigw_audit WHERE 1 = 1${conditions.join('')} ORDER BY time_ms DESC, id DESC LIMIT ${params.add(limit + 1)}`,
    params.values,
    { long: true },
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    entries: shown.map(entryOf),
    next: more ? encodeCursor(SHAPE, [last['time_ms'] ?? 0, last['id'] ?? '']) : undefined,
  };
}

function entryOf(row: SqlRow): AuditEntry {
  const text = (name: string) => String(row[name] ?? '');
  return {
    id: text('id'),
    timeMs: Number(row['time_ms'] ?? 0),
    actor: text('actor'),
    role: text('role'),
    action: text('action'),
    target: text('target'),
    before: jsonOf(row['before_json']),
    after: jsonOf(row['after_json']),
    requestId: text('request_id'),
    sourceIp: text('source_ip'),
  };
}

function jsonText(value: JsonValue): string | null {
  return value === null ? null : JSON.stringify(value);
}

function jsonOf(text: SqlValue | undefined): JsonValue {
  return typeof text === 'string' ? (JSON.parse(text) as JsonValue) : null;
}
