import type { SqlValue } from '../database/sql-database.ts';
import { ROLLUP_SUMS } from './usage-columns.ts';
import type { UsageContext } from './usage-contexts.ts';
import type { UsageRecord } from './usage-record.ts';
import { count } from './usage-row.ts';

/** Where the tokens and units begin among the sums; they have the order of `usageCounts`. */
const FIRST_COUNT = ROLLUP_SUMS.findIndex(([name]) => name === 'input');
const COST = ROLLUP_SUMS.findIndex(([name]) => name === 'cost_nano_usd');
/** Of the values of a context: the hour, and from here on the dimensions of a rollup. */
const FIRST_DIMENSION = 2;
const END_OF_DIMENSIONS = 14;

/** Sums in the order of ROLLUP_SUMS. */
type Sums = number[];

/** What is known of a record besides its text fields, each within its bounds. */
export interface UsageFigures {
  readonly durationMs: number;
  /** As `usageCounts` gives them. */
  readonly counts: readonly number[];
  readonly costNanoUsd: number | null;
  readonly estimated: boolean;
  /** Empty: none was named. */
  readonly endUser: string;
}

/** Rows of values for the two tables of hourly sums. */
export interface TotalRows {
  readonly hours: SqlValue[][];
  readonly endUserHours: SqlValue[][];
}

interface ContextTotals {
  /** Of records that name no end user, and of those that name one. */
  unnamed: Sums | undefined;
  named: Sums | undefined;
  byEndUser: Map<string, Sums> | undefined;
}

function noSums(): Sums {
  return new Array<number>(ROLLUP_SUMS.length).fill(0);
}

function addTo(sums: Sums, record: UsageRecord, { durationMs, counts, costNanoUsd, estimated }: UsageFigures): void {
  const add = (index: number, amount: number) => {
    sums[index] = (sums[index] as number) + amount;
  };
  if (record.kind === 'request') {
    add(0, 1);
    if (record.status >= 400 || record.errorCode !== '') add(1, 1);
    add(2, count(record.attempts));
    add(3, durationMs);
  }
  if (record.timeToFirstTokenMs !== null) {
    add(4, count(record.timeToFirstTokenMs));
    add(5, 1);
  }
  for (let index = 0; index < counts.length; index++) add(FIRST_COUNT + index, counts[index] as number);
  if (costNanoUsd === null) add(COST + 1, 1);
  else add(COST, costNanoUsd);
  if (estimated) add(COST + 2, 1);
}

function rowOf({ values }: UsageContext, extra: SqlValue, sums: Sums): SqlValue[] {
  return [values[0] as SqlValue, ...values.slice(FIRST_DIMENSION, END_OF_DIMENSIONS), extra, ...sums];
}

/** The hourly sums of one batch, added up before the database sees them. */
export class UsageTotals {
  readonly #totals = new Map<UsageContext, ContextTotals>();

  /** The contexts of all records, each once. */
  contexts(): Iterable<UsageContext> {
    return this.#totals.keys();
  }

  /** Adds one record. */
  add(record: UsageRecord, context: UsageContext, given: UsageFigures): void {
    let totals = this.#totals.get(context);
    if (totals === undefined) {
      totals = { unnamed: undefined, named: undefined, byEndUser: undefined };
      this.#totals.set(context, totals);
    }
    const { endUser } = given;
    if (endUser === '') {
      totals.unnamed ??= noSums();
      addTo(totals.unnamed, record, given);
      return;
    }
    totals.named ??= noSums();
    addTo(totals.named, record, given);
    totals.byEndUser ??= new Map();
    let sums = totals.byEndUser.get(endUser);
    if (sums === undefined) {
      sums = noSums();
      totals.byEndUser.set(endUser, sums);
    }
    addTo(sums, record, given);
  }

  /** The rows to add to the tables: the hour, the dimensions, the table's own one, the sums. */
  rows(): TotalRows {
    const rows: TotalRows = { hours: [], endUserHours: [] };
    for (const [context, { unnamed, named, byEndUser }] of this.#totals) {
      if (unnamed !== undefined) rows.hours.push(rowOf(context, 0, unnamed));
      if (named !== undefined) rows.hours.push(rowOf(context, 1, named));
      for (const [endUser, sums] of byEndUser ?? []) rows.endUserHours.push(rowOf(context, endUser, sums));
    }
    return rows;
  }
}
