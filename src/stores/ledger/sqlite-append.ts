import { DatabaseError } from '../database/database-error.ts';
import type { SqlDatabase, SqlSession, SqlStatement } from '../database/sql-database.ts';
import { storableText } from '../database/sql-text.ts';
import { boundId, boundTime } from './bounds.ts';
import { CommonPool } from './common-pool.ts';
import { insertBodies } from './insert-bodies.ts';
import { notWhole } from './not-whole.ts';
import type { UsageBatch, UsageRecords } from './usage-batch.ts';
import { HOUR_MS } from './usage-columns.ts';
import { CONTEXT_COLUMNS, createUsageContexts, type UsageContext, type UsageContexts } from './usage-contexts.ts';
import { readFigures } from './usage-figures.ts';
import type { UsageRecord } from './usage-record.ts';
import { UsageRowBatch } from './usage-row-batch.ts';
import { UsageTotals } from './usage-totals.ts';

/** Numbers of contexts come from the database in spans of so many. */
const SPAN = 2 ** 20;

const NEXT_SPAN = "UPDATE aigw_counter SET value = value + 1 WHERE name = 'usage_context_spans' RETURNING value";

const INSERT_CONTEXT = `INSERT INTO aigw_usage_context (id, ${CONTEXT_COLUMNS.join(', ')})
VALUES (${placeholders(CONTEXT_COLUMNS.length + 1)}) ON CONFLICT (id) DO NOTHING`;

/** Fails with a `conflict` when the records of this time are forgotten already. */
const CHECK_KEPT = `INSERT INTO aigw_counter (name, value)
SELECT name, value FROM aigw_counter WHERE name = 'usage_kept_from_ms' AND value > $1`;

const KEPT_FROM = "SELECT value FROM aigw_counter WHERE name = 'usage_kept_from_ms'";

const KNOWN = 'SELECT id FROM aigw_usage_row WHERE id IN (SELECT value FROM json_each($1))';

function placeholders(length: number): string {
  return Array.from({ length }, (_, index) => `$${index + 1}`).join(', ');
}

/** Appends records to SQLite; resolves to the number of those that are new. */
export type SqliteAppend = (records: UsageRecords) => Promise<number>;

/** One batch, ready to be sent. */
interface Batch {
  readonly statements: SqlStatement[];
  /** Those whose rows it inserts. */
  readonly fresh: readonly UsageContext[];
}

function encode(batch: UsageBatch, contexts: UsageContexts): Batch {
  const rows = new UsageRowBatch();
  const totals = new UsageTotals();
  let oldestMs = Number.MAX_SAFE_INTEGER;
  for (let index = 0; index < batch.length; index++) {
    const figures = readFigures(batch, index);
    const { timeMs } = figures;
    if (timeMs < oldestMs) oldestMs = timeMs;
    const context = contexts.of(figures.common, timeMs - (timeMs % HOUR_MS), figures.estimated);
    rows.add({ id: batch.idAt(index), requestId: batch.requestIdAt(index), context: context.id }, figures);
    totals.add(context, figures);
  }
  const fresh = [...totals.contexts()].filter(({ stored }) => !stored);
  const statements: SqlStatement[] = [{ sql: CHECK_KEPT, params: [oldestMs] }];
  if (fresh.length > 0) statements.push({ sql: INSERT_CONTEXT, many: fresh.map(({ id, values }) => [id, ...values]) });
  statements.push(...rows.statements(), ...totals.statements(), ...insertBodies(batch.withBodies()));
  return { statements, fresh };
}

/** Those of the records that are not stored, each once, and whose time is not forgotten. */
async function newOnes(session: SqlSession, records: UsageRecords): Promise<UsageRecord[]> {
  const keptFromMs = Number((await session.query(KEPT_FROM))[0]?.['value'] ?? 0);
  const byId = new Map<string, UsageRecord>();
  for (const record of records) {
    const id = storableText(boundId(record.id));
    if (boundTime(record.timeMs) >= keptFromMs && !byId.has(id)) byId.set(id, record);
  }
  const known = await session.query(KNOWN, [JSON.stringify([...byId.keys()])]);
  for (const { id } of known) byId.delete(String(id));
  return [...byId.values()];
}

async function runAll(session: SqlSession, statements: readonly SqlStatement[]): Promise<void> {
  for (const { sql, params, many } of statements) {
    for (const values of many ?? [params ?? []]) await session.execute(sql, values);
  }
}

/**
 * The way of a batch into SQLite. The rows go in as if all of them were new, together with their hourly sums, which are added up
 * here. Where one is not, nothing of that stays, and the batch is looked through for what is new.
 *
 * What records have in common is stored once as a context and named by its number: rows stay narrow, and of a record little more
 * has to be bound than its figures.
 */
export function createSqliteAppend(database: SqlDatabase): SqliteAppend {
  let left = 0;
  let lastId = 0;
  const pool = new CommonPool();
  const contexts = createUsageContexts(() => {
    left--;
    lastId++;
    return lastId;
  });

  function encodeWhole(records: UsageRecords): Batch {
    try {
      return encode(pool.pack(records), contexts);
    } catch (error) {
      throw notWhole(error);
    }
  }

  /** Makes sure that each of so many records could get a number. */
  async function reserve(numbers: number): Promise<void> {
    if (left >= numbers) return;
    const rows = await database.query(NEXT_SPAN);
    lastId = Number(rows[0]?.['value'] ?? 0) * SPAN;
    left = SPAN - 1;
  }

  async function appendNew(records: UsageRecords): Promise<number> {
    return await database.transaction(async (session) => {
      const fresh = await newOnes(session, records);
      if (fresh.length > 0) await runAll(session, encodeWhole(fresh).statements);
      return fresh.length;
    });
  }

  return async (records) => {
    await reserve(2 * records.length);
    const { statements, fresh } = encodeWhole(records);
    try {
      await database.batch(statements);
    } catch (error) {
      if (DatabaseError.kindOf(error) === 'conflict') return await appendNew(records);
      throw error;
    }
    for (const context of fresh) context.stored = true;
    return records.length;
  };
}
