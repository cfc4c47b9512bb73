import type { SqlStatement, SqlValue } from '../database/sql-database.ts';
import { USAGE_COLUMNS } from './usage-columns.ts';

/** Rows of one statement. To bind a value costs as much as to store it, and what rows share is bound once for all of them. */
const ROWS = 50;

type ColumnName = (typeof USAGE_COLUMNS)[number][0];

/** What hardly two rows have in common. */
const OWN: readonly ColumnName[] = [
  'id',
  'request_id',
  'time_ms',
  'duration_ms',
  'status',
  'input',
  'output',
  'cost_nano_usd',
];
const WHO: readonly ColumnName[] = ['organization', 'team', 'user_name', 'key_id', 'key_name', 'end_user', 'tags'];
const WHERE: readonly ColumnName[] = [
  'service',
  'route',
  'cluster',
  'provider',
  'model',
  'requested_model',
  'sent_model',
  'answered_model',
  'operation',
  'client_dialect',
  'stream',
  'first_token_ms',
];

/** Columns that rows share, or have of their own, together: few groups make few statements, which are prepared once each. */
const GROUP_OF: readonly number[] = USAGE_COLUMNS.map(([name]) => {
  if (OWN.includes(name)) return 0;
  if (WHO.includes(name)) return 1;
  return WHERE.includes(name) ? 2 : 3;
});

const COLUMNS = USAGE_COLUMNS.map(([name]) => name).join(', ');
const TIME_INDEX = USAGE_COLUMNS.findIndex(([name]) => name === 'time_ms');

/** For each group whether all these rows have the same values in it. */
function sharedGroups(rows: readonly SqlValue[][]): readonly boolean[] {
  const [first] = rows;
  const shared = [false, true, true, true];
  for (const row of rows) {
    for (let index = 0; index < row.length; index++) {
      if (row[index] !== first?.[index]) shared[GROUP_OF[index] as number] = false;
    }
  }
  return shared;
}

/** The statement that inserts so many rows: what they share comes first among its values, then each row's own. */
function insertSql(isShared: (index: number) => boolean, rowCount: number): string {
  let shared = 0;
  let own = 0;
  const expressions = USAGE_COLUMNS.map((_, index) => (isShared(index) ? `$${++shared}` : `given.column${++own}`));
  const row = (at: number) => `(${Array.from({ length: own }, (_, index) => `$${at + index + 1}`).join(', ')})`;
  const rows = Array.from({ length: rowCount }, (_, index) => row(shared + index * own)).join(', ');
  return `INSERT INTO aigw_usage (${COLUMNS}) SELECT ${expressions.join(', ')} FROM (VALUES ${rows}) AS given
   WHERE ${expressions[TIME_INDEX]} >= (SELECT value FROM aigw_counter WHERE name = 'usage_kept_from_ms')
   ON CONFLICT (id) DO NOTHING`;
}

function valuesOf(rows: readonly SqlValue[][], isShared: (index: number) => boolean): SqlValue[] {
  const values = (rows[0] as SqlValue[]).filter((_, index) => isShared(index));
  for (const row of rows) {
    for (let index = 0; index < row.length; index++) if (!isShared(index)) values.push(row[index] as SqlValue);
  }
  return values;
}

/** Inserts rows, so many with each call of one statement. */
function insertBy(size: number, rows: readonly SqlValue[][], isShared: (index: number) => boolean): SqlStatement {
  const many: SqlValue[][] = [];
  for (let from = 0; from < rows.length; from += size) many.push(valuesOf(rows.slice(from, from + size), isShared));
  return { sql: insertSql(isShared, size), many };
}

/** The statements that insert rows of USAGE_COLUMNS into SQLite, where those whose id is known already are left out. */
export function sqliteInserts(rows: readonly SqlValue[][]): SqlStatement[] {
  const shared = sharedGroups(rows);
  const isShared = (index: number) => shared[GROUP_OF[index] as number] === true;
  const whole = rows.length - (rows.length % ROWS);
  const statements: SqlStatement[] = [];
  if (whole > 0) statements.push(insertBy(ROWS, rows.slice(0, whole), isShared));
  // One by one: a statement of every length would have to be prepared each time.
  if (whole < rows.length) statements.push(insertBy(1, rows.slice(whole), isShared));
  return statements;
}
