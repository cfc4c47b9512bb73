import { decodeCursor, encodeCursor, pageLimit } from '../database/page-cursor.ts';
import type { SqlDatabase, SqlRow, SqlSession } from '../database/sql-database.ts';
import { SqlParams } from '../database/sql-text.ts';
import type { IssuedKey, LimitOverride, NewKey, NewOverride } from './issued-key.ts';
import {
  fromKeyRow,
  fromOverrideRow,
  KEY_COLUMNS,
  OVERRIDE_COLUMNS,
  patchKey,
  toKeyRow,
  toOverrideRow,
} from './key-row.ts';
import type { KeyChange, KeyChanges, KeyPage, KeyQuery, KeyStore, OverridePage, OverrideQuery } from './key-store.ts';

const INSERT_KEY = `INSERT INTO aigw_key (${KEY_COLUMNS.join(', ')}) VALUES (${placeholders(KEY_COLUMNS)})`;
const INSERT_OVERRIDE = `INSERT INTO aigw_limit_override (${OVERRIDE_COLUMNS.join(', ')}) VALUES (${placeholders(OVERRIDE_COLUMNS)})`;
// All but the id, which is the first value and finds the row.
const UPDATE_KEY = `UPDATE aigw_key SET ${KEY_COLUMNS.slice(1)
  .map((name, index) => `${name} = $${index + 2}`)
  .join(', ')} WHERE id = $1`;

/** The key store in a database that `openStore` has opened. */
export function createKeyStore(database: SqlDatabase): KeyStore {
  return {
    insert: (key) => database.transaction(async (session) => addKey(session, key, null)),
    get: (id) => findKey(database, id),
    findByHash: async (hash) => {
      const [row] = await database.query('SELECT * FROM aigw_key WHERE hash = $1', [hash]);
      return row === undefined ? undefined : fromKeyRow(row);
    },
    list: (query = {}) => listKeys(database, query),
    update: (id, version, patch) => changeKey(database, { id, version }, (key) => patchKey(key, patch)),
    revoke: (id, revokedMs) =>
      changeKey(database, { id }, (key) => (key.revokedMs === null ? { ...key, revokedMs } : undefined)),
    rotate: (old, key, overlapUntilMs) => rotate(database, { old, key, overlapUntilMs }),
    insertOverride: (override) => database.transaction((session) => addOverride(session, override)),
    endOverride: (id, endedMs) => database.transaction((session) => endOverride(session, id, endedMs)),
    listOverrides: (query = {}) => listOverrides(database, query),
    changesSince: (sequence, limit = 1000) => changesSince(database, sequence, pageLimit(limit)),
  };
}

/**
 * The next number of the sequence. Taking it locks the counter until the transaction ends: on PostgreSQL the next one
 * to change anything waits, so a smaller number can never become visible after a larger one. Administrators change
 * keys rarely enough for that.
 */
async function nextSequence(session: SqlSession): Promise<number> {
  await session.execute("UPDATE aigw_counter SET value = value + 1 WHERE name = 'key_sequence'");
  return await lastSequence(session);
}

async function lastSequence(session: SqlSession): Promise<number> {
  const [row] = await session.query("SELECT value FROM aigw_counter WHERE name = 'key_sequence'");
  return Number(row?.['value'] ?? 0);
}

async function findKey(session: SqlSession, id: string): Promise<IssuedKey | undefined> {
  const [row] = await session.query('SELECT * FROM aigw_key WHERE id = $1', [id]);
  return row === undefined ? undefined : fromKeyRow(row);
}

async function addKey(session: SqlSession, key: NewKey, rotatedFrom: string | null): Promise<IssuedKey> {
  const sequence = await nextSequence(session);
  const stored: IssuedKey = { ...key, revokedMs: null, rotatedFrom, overlapUntilMs: null, version: 1, sequence };
  await session.execute(INSERT_KEY, toKeyRow(stored));
  return stored;
}

/** Changes a key in one transaction. `change` returns undefined to leave it as it is. */
function changeKey(
  database: SqlDatabase,
  wanted: { id: string; version?: number },
  change: (key: IssuedKey) => IssuedKey | undefined,
): Promise<KeyChange> {
  return database.transaction((session) => changeIn(session, wanted, change));
}

async function changeIn(
  session: SqlSession,
  wanted: { id: string; version?: number },
  change: (key: IssuedKey) => IssuedKey | undefined,
): Promise<KeyChange> {
  // First the counter: from here on nobody else changes a key, so what is read stays true.
  const sequence = await nextSequence(session);
  const key = await findKey(session, wanted.id);
  if (key === undefined) return { ok: false, reason: 'not-found' };
  if (wanted.version !== undefined && wanted.version !== key.version) return { ok: false, reason: 'version', key };
  const changed = change(key);
  if (changed === undefined) return { ok: true, key };
  const stored: IssuedKey = { ...changed, version: key.version + 1, sequence };
  await session.execute(UPDATE_KEY, toKeyRow(stored));
  return { ok: true, key: stored };
}

interface Rotation {
  old: { id: string; version: number };
  key: NewKey;
  overlapUntilMs: number;
}

function rotate(database: SqlDatabase, { old, key, overlapUntilMs }: Rotation): Promise<KeyChange> {
  return database.transaction(async (session) => {
    const change = await changeIn(session, old, (found) => ({ ...found, overlapUntilMs }));
    return change.ok ? { ok: true, key: await addKey(session, key, old.id) } : change;
  });
}

async function listKeys(database: SqlDatabase, query: KeyQuery): Promise<KeyPage> {
  const params = new SqlParams();
  const owner = [
    ['organization', query.organization],
    ['team', query.team],
    ['user_name', query.user],
  ] as const;
  const conditions = owner.map(([column, value]) =>
    value === undefined ? '' : ` AND ${column} = ${params.add(value)}`,
  );
  if (query.activeAtMs !== undefined) {
    const at = params.add(query.activeAtMs);
    conditions.push(
      ` AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ${at}) AND (overlap_until_ms IS NULL OR overlap_until_ms > ${at})`,
    );
  }
  const { rows, next } = await page(database, 'aigw_key', {
    conditions,
    params,
    limit: query.limit,
    after: query.after,
  });
  return { keys: rows.map(fromKeyRow), next };
}

async function addOverride(session: SqlSession, override: NewOverride): Promise<LimitOverride> {
  const sequence = await nextSequence(session);
  await session.execute(INSERT_OVERRIDE, toOverrideRow(override, sequence));
  return { ...override, endedMs: null, sequence };
}

async function endOverride(session: SqlSession, id: string, endedMs: number): Promise<LimitOverride | undefined> {
  const sequence = await nextSequence(session);
  await session.execute(
    'UPDATE aigw_limit_override SET ended_ms = $2, sequence = $3 WHERE id = $1 AND ended_ms IS NULL',
    [id, endedMs, sequence],
  );
  const [row] = await session.query('SELECT * FROM aigw_limit_override WHERE id = $1', [id]);
  return row === undefined ? undefined : fromOverrideRow(row);
}

async function listOverrides(database: SqlDatabase, query: OverrideQuery): Promise<OverridePage> {
  const params = new SqlParams();
  const conditions = [query.scope === undefined ? '' : ` AND scope = ${params.add(query.scope)}`];
  if (query.activeAtMs !== undefined) {
    const at = params.add(query.activeAtMs);
    conditions.push(` AND from_ms <= ${at} AND until_ms > ${at} AND (ended_ms IS NULL OR ended_ms > ${at})`);
  }
  const { rows, next } = await page(database, 'aigw_limit_override', {
    conditions,
    params,
    limit: query.limit,
    after: query.after,
  });
  return { overrides: rows.map(fromOverrideRow), next };
}

interface PageOptions {
  conditions: readonly string[];
  params: SqlParams;
  limit: number | undefined;
  after: string | undefined;
}

/** One page of a table, newest first. */
async function page(
  database: SqlDatabase,
  table: 'aigw_key' | 'aigw_limit_override',
  { conditions, params, limit: wanted, after }: PageOptions,
): Promise<{ rows: SqlRow[]; next: string | undefined }> {
  const limit = pageLimit(wanted);
  const rest =
    after === undefined
      ? ''
      : ` AND (created_ms, id) < (${params.list(decodeCursor(table, after, ['number', 'text']))})`;
  const rows = await database.query(
    `SELECT * FROM ${table} WHERE 1 = 1${conditions.join('')}${rest} ORDER BY created_ms DESC, id DESC LIMIT ${params.add(limit + 1)}`,
    params.values,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { rows: shown, next: more ? encodeCursor(table, [last['created_ms'] ?? 0, last['id'] ?? '']) : undefined };
}

async function changesSince(database: SqlDatabase, since: number, limit: number): Promise<KeyChanges> {
  // The mark is read first: a change that comes between the reads is found now or the next time.
  const latest = await lastSequence(database);
  if (since > latest) return { keys: [], overrides: [], sequence: 0, more: true, reset: true };
  const after = (table: 'aigw_key' | 'aigw_limit_override') =>
    database.query(`SELECT * FROM ${table} WHERE sequence > $1 ORDER BY sequence LIMIT ${limit}`, [since]);
  const keys = (await after('aigw_key')).map(fromKeyRow);
  const overrides = (await after('aigw_limit_override')).map(fromOverrideRow);
  const full = [keys, overrides].filter((rows) => rows.length === limit);
  if (full.length === 0) {
    const sequence = Math.max(since, latest);
    return { keys, overrides, sequence, more: false, reset: false };
  }
  // Beyond the last row of a full page nothing is certain yet.
  const sequence = Math.min(...full.map((rows) => rows.at(-1)?.sequence ?? since));
  return {
    keys: keys.filter((key) => key.sequence <= sequence),
    overrides: overrides.filter((override) => override.sequence <= sequence),
    sequence,
    more: true,
    reset: false,
  };
}

function placeholders(columns: readonly string[]): string {
  return columns.map((_, index) => `$${index + 1}`).join(', ');
}
