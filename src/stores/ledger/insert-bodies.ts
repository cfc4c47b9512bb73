import type { SqlStatement } from '../database/sql-database.ts';
import type { UsageRecord } from './usage-record.ts';
import { toBodyRow } from './usage-row.ts';

const INSERT_BODY = `
INSERT INTO aigw_usage_body (id, time_ms, request, response)
SELECT $1, CAST($2 AS BIGINT), $3, $4 WHERE EXISTS (SELECT 1 FROM aigw_usage WHERE id = $1)
ON CONFLICT (id) DO NOTHING`;

/** The statement that stores the texts of requests and answers after their records; none when there are none. */
export function insertBodies(recordsWithBodies: Iterable<UsageRecord>): SqlStatement[] {
  const rows = Array.from(recordsWithBodies, toBodyRow);
  return rows.length === 0 ? [] : [{ sql: INSERT_BODY, many: rows }];
}
