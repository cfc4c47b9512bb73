import type { SqlValue } from '../database/sql-database.ts';
import { ROLLUP_DIMENSIONS, ROLLUP_SUMS } from './usage-columns.ts';
import { CONTEXT_COLUMNS, type UsageContext } from './usage-contexts.ts';
import type { UsageRecord } from './usage-record.ts';
import { count } from './usage-row.ts';

type SumName = (typeof ROLLUP_SUMS)[number][0];

function placeOf(sum: SumName): number {
  return ROLLUP_SUMS.findIndex(([name]) => name === sum);
}

const REQUESTS = placeOf('requests');
const ERRORS = placeOf('errors');
const ATTEMPTS = placeOf('attempts');
const DURATION = placeOf('duration_ms');
const FIRST_TOKEN = placeOf('first_token_ms');
const FIRST_TOKENS = placeOf('first_tokens');
/** Tokens and units follow in the order of `usageCounts`. */
const FIRST_COUNT = placeOf('input');
const COST = placeOf('cost_nano_usd');
const UNPRICED = placeOf('unpriced');
const ESTIMATED = placeOf('estimated');
/** Where the dimensions of a rollup lie in the values of a context. */
const FIRST_DIMENSION = CONTEXT_COLUMNS.indexOf(ROLLUP_DIMENSIONS[0]);
const END_OF_DIMENSIONS = FIRST_DIMENSION + ROLLUP_DIMENSIONS.length;

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

function add(sums: Sums, index: number, amount: number): void {
  sums[index] = (sums[index] as number) + amount;
}

function addTo(sums: Sums, record: UsageRecord, figures: UsageFigures): void {
  const { counts, costNanoUsd } = figures;
  if (record.kind === 'request') {
    add(sums, REQUESTS, 1);
    if (record.status >= 400 || record.errorCode !== '') add(sums, ERRORS, 1);
    add(sums, ATTEMPTS, count(record.attempts));
    add(sums, DURATION, figures.durationMs);
  }
  if (record.timeToFirstTokenMs !== null) {
    add(sums, FIRST_TOKEN, count(record.timeToFirstTokenMs));
    add(sums, FIRST_TOKENS, 1);
  }
  for (let index = 0; index < counts.length; index++) {
    if (counts[index] !== 0) add(sums, FIRST_COUNT + index, counts[index] as number);
  }
  if (costNanoUsd === null) add(sums, UNPRICED, 1);
  else add(sums, COST, costNanoUsd);
  if (figures.estimated) add(sums, ESTIMATED, 1);
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
