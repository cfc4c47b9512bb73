import type { SqlStatement, SqlValue } from '../database/sql-database.ts';
import { bindableJson } from '../database/sql-text.ts';
import { addSums, ROLLUPS, SUM_NAMES } from './rollup-sql.ts';
import type { UsageBatch } from './usage-batch.ts';
import { HOUR_MS, ROLLUP_DIMENSIONS, ROLLUP_SUMS, USAGE_COLUMNS } from './usage-columns.ts';
import { toUsageRow } from './usage-row.ts';

const COLUMNS = USAGE_COLUMNS.map(([name]) => name).join(', ');
const SUM_EXPRESSIONS = ROLLUP_SUMS.map(([, expression]) => `SUM(${expression})`).join(', ');
const DIMENSIONS = ROLLUP_DIMENSIONS.join(', ');
const TIME_INDEX = USAGE_COLUMNS.findIndex(([name]) => name === 'time_ms');
const KEPT_FROM = "(SELECT value FROM aigw_counter WHERE name = 'usage_kept_from_ms')";

/**
 * All in one statement, the sums from the rows that the insert returns. Rows are taken in one order everywhere, so that
 * processes that touch the same hours wait for each other instead of locking each other out.
 */
const APPEND = `
WITH inserted AS (
  INSERT INTO aigw_usage (${COLUMNS})
  SELECT ${USAGE_COLUMNS.map(([, type], index) => valueSql(index, type)).join(', ')}
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

function valueSql(index: number, type: string): string {
  if (type === 'text') return `row->>${index}`;
  return `(row->>${index})::${type === 'int' ? 'bigint' : 'double precision'}`;
}

/** The statement that appends records to PostgreSQL; the rows it changes are the records that are new. */
export function postgresAppend(batch: UsageBatch): SqlStatement {
  const rows: SqlValue[][] = [];
  for (let index = 0; index < batch.length; index++) {
    rows.push(toUsageRow(batch, index));
  }
  return { sql: APPEND, params: [bindableJson(rows)] };
}
