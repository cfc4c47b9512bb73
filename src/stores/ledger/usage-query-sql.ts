import { GatewayError } from '../../errors/gateway-error.ts';
import { decodeCursor, encodeCursor } from '../database/page-cursor.ts';
import type { SqlDialect, SqlRow, SqlValue } from '../database/sql-database.ts';
import { SqlParams } from '../database/sql-text.ts';
import { USAGE_DIMENSIONS, type UsageDimension, type UsageFilter, type UsageQuery, type UsageRange } from './ledger.ts';
import { HOUR_MS, ROLLUP_SUMS } from './usage-columns.ts';

const MAX_FILTER_VALUES = 100;

interface Dimension {
  type: 'text' | 'number';
  /** The SQL of its value, given the SQL of the time in milliseconds. */
  sql: (timeMs: string, dialect: SqlDialect) => string;
  /** The value as it is shown. */
  show?: (value: number) => string;
}

const column = (name: string, type: Dimension['type'] = 'text'): Dimension => ({ type, sql: () => name });

const DIMENSIONS: Readonly<Record<UsageDimension, Dimension>> = {
  service: column('service'),
  route: column('route'),
  cluster: column('cluster'),
  provider: column('provider'),
  model: column('model'),
  requested_model: column('requested_model'),
  organization: column('organization'),
  team: column('team'),
  user: column('user_name'),
  key: column('key_id'),
  end_user: column('end_user'),
  operation: column('operation'),
  status: column('status', 'number'),
  hour: { type: 'number', sql: (time) => `${time} / ${HOUR_MS}`, show: (hour) => `${iso(hour * HOUR_MS, 16)}Z` },
  day: { type: 'number', sql: (time) => `${time} / ${24 * HOUR_MS}`, show: (day) => iso(day * 24 * HOUR_MS, 10) },
  month: {
    type: 'number',
    sql: (time, dialect) =>
      dialect === 'sqlite'
        ? `CAST(strftime('%Y%m', ${time} / 1000, 'unixepoch') AS INTEGER)`
        : `CAST(to_char(to_timestamp(${time} / 1000) AT TIME ZONE 'UTC', 'YYYYMM') AS BIGINT)`,
    show: (month) => `${Math.floor(month / 100)}-${String(month % 100).padStart(2, '0')}`,
  },
};

const ORDERS = {
  group: '',
  cost: 'cost_nano_usd',
  requests: 'requests',
  tokens: 'input + cache_read + cache_write + cache_write_1h + output',
} as const;

/** A query as text and values, and how its rows are read. */
export interface CompiledQuery {
  sql: string;
  params: readonly SqlValue[];
  group(row: SqlRow): Partial<Record<UsageDimension, string | number>>;
  cursor(row: SqlRow): string;
}

/** Puts a report together. All identifiers come from the tables above; what the caller gives is checked or bound. */
export function compileUsageQuery(dialect: SqlDialect, query: UsageQuery, limit: number): CompiledQuery {
  const by = checkDimensions(query.by);
  const order = query.order ?? 'group';
  if (!Object.hasOwn(ORDERS, order)) throw invalid('order', 'order must be group, cost, requests or tokens.');
  const params = new SqlParams();
  const endUsers = by.includes('end_user') || query.filter?.end_user !== undefined;
  const parts = sources(dialect, query, endUsers).map((source) => partSql(source, { by, dialect, params, query }));
  const groups = by.map((_, index) => `g${index}`);
  const sums = ROLLUP_SUMS.map(([name]) => `SUM(${name}) AS ${name}`).join(', ');
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  const select = `SELECT ${[...groups, sums].join(', ')} FROM (${parts.join(' UNION ALL ')}) AS part${grouped}`;
  const rank = ORDERS[order];
  const ranked = rank === '' ? select : `SELECT ranked.*, ${rank} AS place FROM (${select}) AS ranked`;
  const types = by.map((name) => DIMENSIONS[name].type);
  const shape = `usage:${by.join(',')}:${order}`;
  const after = query.after === undefined ? '' : afterSql(query.after, { shape, types, ranked: rank !== '', params });
  const sorted = [...(rank === '' ? [] : ['place DESC']), ...groups].join(', ');
  const tail = `${sorted === '' ? '' : ` ORDER BY ${sorted}`} LIMIT ${params.add(limit)}`;
  return {
    sql: `SELECT * FROM (${ranked}) AS page${after}${tail}`,
    params: params.values,
    group: (row) =>
      Object.fromEntries(
        by.map((name, index) => {
          const value = row[`g${index}`] ?? '';
          const { show } = DIMENSIONS[name];
          return [name, show === undefined ? value : show(Number(value))];
        }),
      ),
    cursor: (row) =>
      encodeCursor(shape, [...(rank === '' ? [] : [row['place'] ?? 0]), ...groups.map((name) => row[name] ?? '')]),
  };
}

/** The conditions of a filter, each starting with ` AND `. */
export function filterSql(filter: UsageFilter | undefined, params: SqlParams): string {
  let sql = '';
  for (const [name, given] of Object.entries(filter ?? {})) {
    if (given === undefined) continue;
    const dimension = isDimension(name) ? DIMENSIONS[name] : undefined;
    if (dimension === undefined || dimension.show !== undefined) throw unknownDimension('filter', name);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    const wanted = dimension.type === 'text' ? 'string' : 'number';
    if (values.length > MAX_FILTER_VALUES)
      throw invalid('filter', `filter.${name} has more than ${MAX_FILTER_VALUES} values.`);
    if (values.some((value) => typeof value !== wanted))
      throw invalid('filter', `filter.${name} must be a ${wanted} or a list of them.`);
    // An empty list means none of them, not all.
    sql +=
      values.length === 0
        ? ' AND 1 = 0'
        : ` AND ${dimension.sql('', 'sqlite')} IN (${params.list(values as SqlValue[])})`;
  }
  return sql;
}

/** Throws unless both ends are whole milliseconds and not the wrong way round. */
export function checkRange({ fromMs, toMs }: UsageRange): void {
  for (const [name, value] of [
    ['from', fromMs],
    ['to', toMs],
  ] as const) {
    if (value !== undefined && !Number.isSafeInteger(value))
      throw invalid(name, `${name} is not a time in milliseconds.`);
  }
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) throw invalid('from', 'from is later than to.');
}

interface Source {
  table: string;
  /** Whether these are single records instead of hourly sums. */
  records: boolean;
  fromMs: number | undefined;
  toMs: number | undefined;
}

/** Whole hours come from rollups, the cut ones at either end from records. */
function sources(dialect: SqlDialect, { fromMs, toMs }: UsageRange, endUsers: boolean): Source[] {
  const noName = dialect === 'sqlite' ? "''" : `'' COLLATE "C"`;
  const firstHour = fromMs === undefined ? undefined : Math.ceil(fromMs / HOUR_MS) * HOUR_MS;
  const lastHour = toMs === undefined ? undefined : Math.floor(toMs / HOUR_MS) * HOUR_MS;
  const records = (from: number | undefined, to: number | undefined): Source => ({
    table: 'aigw_usage',
    records: true,
    fromMs: from,
    toMs: to,
  });
  if (firstHour !== undefined && lastHour !== undefined && firstHour >= lastHour) return [records(fromMs, toMs)];
  const rollups = endUsers
    ? [
        { table: 'aigw_usage_hour_end_user' },
        // Who named no end user, under the empty name.
        { table: `(SELECT *, ${noName} AS end_user FROM aigw_usage_hour WHERE has_end_user = 0) AS unnamed` },
      ]
    : [{ table: 'aigw_usage_hour' }];
  return [
    ...(fromMs === firstHour ? [] : [records(fromMs, firstHour)]),
    ...rollups.map((rollup) => ({ ...rollup, records: false, fromMs: firstHour, toMs: lastHour })),
    ...(toMs === lastHour ? [] : [records(lastHour, toMs)]),
  ];
}

interface PartOptions {
  by: readonly UsageDimension[];
  dialect: SqlDialect;
  params: SqlParams;
  query: UsageQuery;
}

function partSql(source: Source, { by, dialect, params, query }: PartOptions): string {
  const time = source.records ? 'time_ms' : 'hour_ms';
  const groups = by.map((name) => DIMENSIONS[name].sql(time, dialect));
  const selected = groups.map((sql, index) => `${sql} AS g${index}`);
  const sums = ROLLUP_SUMS.map(([name, expression]) => `SUM(${source.records ? expression : name}) AS ${name}`);
  const conditions = [
    source.fromMs === undefined ? '' : ` AND ${time} >= ${params.add(source.fromMs)}`,
    source.toMs === undefined ? '' : ` AND ${time} < ${params.add(source.toMs)}`,
    filterSql(query.filter, params),
  ].join('');
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  return `SELECT ${[...selected, ...sums].join(', ')} FROM ${source.table} WHERE 1 = 1${conditions}${grouped}`;
}

interface AfterOptions {
  shape: string;
  types: readonly ('text' | 'number')[];
  ranked: boolean;
  params: SqlParams;
}

function afterSql(cursor: string, { shape, types, ranked, params }: AfterOptions): string {
  const values = decodeCursor(shape, cursor, ranked ? ['number', ...types] : types);
  if (types.length === 0) throw invalid('after', 'A report without groups has one page.');
  const names = types.map((_, index) => `g${index}`).join(', ');
  if (!ranked) return ` WHERE (${names}) > (${params.list(values)})`;
  const [place = 0, ...rest] = values;
  return ` WHERE place < ${params.add(place)} OR (place = ${params.add(place)} AND (${names}) > (${params.list(rest)}))`;
}

function checkDimensions(by: readonly string[]): UsageDimension[] {
  const checked = by.map((name) => {
    if (!isDimension(name)) throw unknownDimension('by', name);
    return name;
  });
  if (new Set(checked).size !== checked.length) throw invalid('by', 'by names a dimension twice.');
  return checked;
}

function isDimension(name: string): name is UsageDimension {
  return Object.hasOwn(DIMENSIONS, name);
}

function unknownDimension(param: string, name: string): GatewayError {
  return invalid(param, `${param} has no "${name.slice(0, 40)}". It may be: ${USAGE_DIMENSIONS.join(', ')}.`);
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { param });
}

function iso(timeMs: number, length: number): string {
  return new Date(timeMs).toISOString().slice(0, length);
}
