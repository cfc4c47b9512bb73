import { ROLLUP_SUMS } from './usage-columns.ts';

/** A table of hourly sums. */
export interface Rollup {
  readonly table: string;
  /** The column beside the common dimensions, and its value for a record. */
  readonly extra: string;
  readonly extraExpression: string;
  /** Which records it sums. */
  readonly condition: string;
}

/** The hourly sums without and with the end user. */
export const ROLLUPS: readonly [Rollup, Rollup] = [
  {
    table: 'aigw_usage_hour',
    extra: 'has_end_user',
    extraExpression: "CASE WHEN end_user = '' THEN 0 ELSE 1 END",
    condition: '1 = 1',
  },
  { table: 'aigw_usage_hour_end_user', extra: 'end_user', extraExpression: 'end_user', condition: "end_user <> ''" },
];

/** The columns of sums, for an INSERT. */
export const SUM_NAMES = ROLLUP_SUMS.map(([name]) => name).join(', ');

/** What an INSERT of sums does where the row is there already: it adds those named, by default all. */
export function addSums(table: string, names: readonly string[] = ROLLUP_SUMS.map(([name]) => name)): string {
  return `DO UPDATE SET ${names.map((name) => `${name} = ${table}.${name} + excluded.${name}`).join(', ')}`;
}
