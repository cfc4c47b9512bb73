import type { SqlDialect, SqlStatement, SqlValue } from '../database/sql-database.ts';
import { bindableJson } from '../database/sql-text.ts';
import { sqliteInserts } from './sqlite-inserts.ts';
import { HOUR_MS, ROLLUP_DIMENSIONS, ROLLUP_SUMS, USAGE_COLUMNS } from './usage-columns.ts';

const COLUMNS = USAGE_COLUMNS.map(([name]) => name).join(', ');
const SUM_NAMES = ROLLUP_SUMS.map(([name]) => name).join(', ');
const SUM_EXPRESSIONS = ROLLUP_SUMS.map(([, expression]) => `SUM(${expression})`).join(', ');
const DIMENSIONS = ROLLUP_DIMENSIONS.join(', ');
const TIME_INDEX = USAGE_COLUMNS.findIndex(([name]) => name === 'time_ms');
const KEPT_FROM = "(SELECT value FROM aigw_counter WHERE name = 'usage_kept_from_ms')";

interface Rollup {
  table: string;
  /** The column beside the common dimensions, and its value for a record. */
  extra: string;
  extraExpression: string;
  condition: string;
}

const ROLLUPS: readonly Rollup[] = [
  {
    table: 'aigw_usage_hour',
    extra: 'has_end_user',
    extraExpression: "CASE WHEN end_user = '' THEN 0 ELSE 1 END",
    condition: '1 = 1',
  },
  { table: 'aigw_usage_hour_end_user', extra: 'end_user', extraExpression: 'end_user', condition: "end_user <> ''" },
];

function addSums(table: string): string {
  return `DO UPDATE SET ${ROLLUP_SUMS.map(([name]) => `${name} = ${table}.${name} + excluded.${name}`).join(', ')}`;
}

/**
 * SQLite has one writer at a time and counts its rows upwards, so the new rows are those above a mark that moves in the
 * same transaction.
 */
const SQLITE_ROLLUPS: readonly SqlStatement[] = [
  ...ROLLUPS.map(
    ({ table, extra, extraExpression, condition }) =>
      `INSERT INTO ${table} (hour_ms, ${DIMENSIONS}, ${extra}, ${SUM_NAMES})
       SELECT time_ms / ${HOUR_MS} * ${HOUR_MS}, ${DIMENSIONS}, ${extraExpression}, ${SUM_EXPRESSIONS}
       FROM aigw_usage
       WHERE seq > (SELECT value FROM aigw_counter WHERE name = 'usage_rolled_up') AND ${condition}
       GROUP BY time_ms / ${HOUR_MS}, ${DIMENSIONS}, ${extraExpression}
       ON CONFLICT (hour_ms, ${DIMENSIONS}, ${extra}) ${addSums(table)}`,
  ),
  `UPDATE aigw_counter SET value = MAX(value, (SELECT COALESCE(MAX(seq), 0) FROM aigw_usage))
   WHERE name = 'usage_rolled_up'`,
].map((sql) => ({ sql }));

/**
 * PostgreSQL does it in one statement, from the rows that the insert returns. Rows are taken in one order everywhere,
 * so that processes that touch the same hours wait for each other instead of locking each other out.
 */
const POSTGRES_STATEMENT = `
WITH inserted AS (
  INSERT INTO aigw_usage (${COLUMNS})
  SELECT ${USAGE_COLUMNS.map(([, type], index) => postgresValue(index, type)).join(', ')}
  FROM jsonb_array_elements($1::jsonb) AS given(row)
  WHERE (row->>${TIME_INDEX})::bigint >= ${KEPT_FROM}
  ORDER BY row->>0
  ON CONFLICT (id) DO NOTHING
  RETURNING *
), ${ROLLUPS.map(
  ({ table, extra, extraExpression, condition }) => `sum_${extra} AS (
  INSERT INTO ${table} (hour_ms, ${DIMENSIONS}, ${extra}, ${SUM_NAMES}, dimensions_hash)
  SELECT time_ms / ${HOUR_MS} * ${HOUR_MS}, ${DIMENSIONS}, ${extraExpression}, ${SUM_EXPRESSIONS},
    sha256(convert_to(ROW(${DIMENSIONS}, ${extraExpression})::text, 'UTF8')) AS dimensions_hash
  FROM inserted WHERE ${condition}
  GROUP BY time_ms / ${HOUR_MS}, ${DIMENSIONS}, ${extraExpression}
  ORDER BY time_ms / ${HOUR_MS}, dimensions_hash
  ON CONFLICT (hour_ms, dimensions_hash) ${addSums(table)}
  RETURNING 1)`,
).join(', ')}
SELECT 1 FROM inserted`;

const BODY_STATEMENT = `
INSERT INTO aigw_usage_body (id, time_ms, request, response)
SELECT $1, CAST($2 AS BIGINT), $3, $4 WHERE EXISTS (SELECT 1 FROM aigw_usage WHERE id = $1)
ON CONFLICT (id) DO NOTHING`;

function postgresValue(index: number, type: string): string {
  if (type === 'text') return `row->>${index}`;
  return `(row->>${index})::${type === 'int' ? 'bigint' : 'double precision'}`;
}

/** What appends one batch. */
export interface AppendStatements {
  readonly statements: SqlStatement[];
  /** The changes of so many statements, from the first on, count the new records. */
  readonly inserts: number;
}

/** The statements that append rows of USAGE_COLUMNS and of bodies. */
export function appendStatements(
  dialect: SqlDialect,
  rows: readonly SqlValue[][],
  bodies: readonly SqlValue[][],
): AppendStatements {
  const inserts =
    dialect === 'sqlite' ? sqliteInserts(rows) : [{ sql: POSTGRES_STATEMENT, params: [bindableJson(rows)] }];
  const statements = dialect === 'sqlite' ? [...inserts, ...SQLITE_ROLLUPS] : [...inserts];
  if (bodies.length > 0) statements.push({ sql: BODY_STATEMENT, many: bodies });
  return { statements, inserts: inserts.length };
}
