import type { SqlStatement, SqlValue } from '../database/sql-database.ts';
import { boundId } from './bounds.ts';
import type { UsageFigures } from './usage-figures.ts';

/** What every row has. */
const ALWAYS = ['id', 'time_ms', 'context', 'duration_ms', 'input', 'output', 'cost_nano_usd'] as const;
/** What few rows have: to bind a value costs as much as to store it, so that a row is given only the groups that it needs. */
const OPTIONAL = [
  ['request_id', 'end_user'],
  ['first_token_ms'],
  ['cache_read', 'reasoning'],
  [
    'cache_write',
    'cache_write_1h',
    'input_audio',
    'output_audio',
    'input_image',
    'output_image',
    'images',
    'seconds',
    'characters',
    'search_units',
  ],
] as const;
const NAMED = 1;
const STREAMED = 2;
const CACHED = 4;
const SPECIAL = 8;

/** How many rows one call of a statement inserts; the rest goes by smaller ones, of which each is prepared once. */
const ROWS_AT_ONCE = [50, 10, 1] as const;

// Places in `UsageFigures.counts`.
const INPUT = 0;
const CACHE_READ = 1;
const CACHE_WRITE = 2;
const CACHE_WRITE_1H = 3;
const OUTPUT = 4;
const REASONING = 5;
const FIRST_UNUSUAL = 6;

interface Shape {
  readonly width: number;
  /** By the places of ROWS_AT_ONCE. */
  readonly statements: readonly string[];
}

function insertSql(columns: readonly string[], rows: number): string {
  const values = Array.from(
    { length: rows },
    (_, row) => `(${columns.map((_, index) => `$${row * columns.length + index + 1}`).join(', ')})`,
  );
  return `INSERT INTO aigw_usage_row (${columns.join(', ')}) VALUES ${values.join(', ')}`;
}

/** By the groups of a row, as bits. */
const SHAPES: readonly Shape[] = Array.from({ length: 1 << OPTIONAL.length }, (_, groups) => {
  const columns = [...ALWAYS, ...OPTIONAL.filter((_, index) => (groups & (1 << index)) !== 0).flat()];
  return { width: columns.length, statements: ROWS_AT_ONCE.map((rows) => insertSql(columns, rows)) };
});

function groupsOf(ids: RecordIds, { counts, endUser, firstTokenMs }: UsageFigures): number {
  let groups = 0;
  if (endUser !== '' || ids.requestId !== ids.id) groups |= NAMED;
  if (firstTokenMs !== null) groups |= STREAMED;
  if (counts[CACHE_READ] !== 0 || counts[REASONING] !== 0) groups |= CACHED;
  if (counts[CACHE_WRITE] !== 0 || counts[CACHE_WRITE_1H] !== 0) groups |= SPECIAL;
  for (let index = FIRST_UNUSUAL; index < counts.length; index++) if (counts[index] !== 0) groups |= SPECIAL;
  return groups;
}

/** By which a row is known. */
export interface RecordIds {
  readonly id: string;
  readonly requestId: string;
  readonly context: number;
}

/** The rows of `aigw_usage_row` of one batch, sorted by what they have. */
export class UsageRowBatch {
  readonly #values: (SqlValue[] | undefined)[] = SHAPES.map(() => undefined);

  /** Adds the row of one record. */
  add(ids: RecordIds, figures: UsageFigures): void {
    const { id, requestId, context } = ids;
    const { counts } = figures;
    const groups = groupsOf(ids, figures);
    let values = this.#values[groups];
    if (values === undefined) {
      values = [];
      this.#values[groups] = values;
    }
    values.push(
      boundId(id),
      figures.timeMs,
      context,
      figures.durationMs,
      counts[INPUT] as number,
      counts[OUTPUT] as number,
      figures.costNanoUsd,
    );
    if ((groups & NAMED) !== 0) {
      values.push(requestId === id ? null : boundId(requestId), figures.endUser);
    }
    if ((groups & STREAMED) !== 0) values.push(figures.firstTokenMs);
    if ((groups & CACHED) !== 0) values.push(counts[CACHE_READ] as number, counts[REASONING] as number);
    if ((groups & SPECIAL) !== 0) {
      values.push(counts[CACHE_WRITE] as number, counts[CACHE_WRITE_1H] as number, ...counts.slice(FIRST_UNUSUAL));
    }
  }

  /** The statements that insert them. A row whose id is known already makes them fail with a `conflict`. */
  statements(): SqlStatement[] {
    const statements: SqlStatement[] = [];
    SHAPES.forEach(({ width, statements: texts }, groups) => {
      const values = this.#values[groups];
      if (values === undefined) return;
      let at = 0;
      ROWS_AT_ONCE.forEach((rows, index) => {
        const length = rows * width;
        const many: SqlValue[][] = [];
        for (; at + length <= values.length; at += length) many.push(values.slice(at, at + length));
        if (many.length > 0) statements.push({ sql: texts[index] as string, many });
      });
    });
    return statements;
  }
}
