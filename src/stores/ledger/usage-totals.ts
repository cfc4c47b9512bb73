import type { SqlStatement, SqlValue } from '../database/sql-database.ts';
import { count } from './bounds.ts';
import { addSums, ROLLUPS, type Rollup, SUM_NAMES } from './rollup-sql.ts';
import { ROLLUP_DIMENSIONS, ROLLUP_SUMS } from './usage-columns.ts';
import type { UsageContext } from './usage-contexts.ts';
import type { UsageFigures } from './usage-figures.ts';

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
/** Tokens and units follow in the order of `UsageFigures.counts`. */
const FIRST_COUNT = placeOf('input');
const COST = placeOf('cost_nano_usd');
const UNPRICED = placeOf('unpriced');
const ESTIMATED = placeOf('estimated');
/** Sums that most batches add to; the others have a statement of their own, for a value that is bound costs as much as one stored. */
const USUAL: readonly SumName[] = [
  'requests',
  'attempts',
  'duration_ms',
  'first_token_ms',
  'first_tokens',
  'input',
  'cache_read',
  'output',
  'reasoning',
  'cost_nano_usd',
];
const USUAL_PLACES = USUAL.map(placeOf);
const UNUSUAL_PLACES = ROLLUP_SUMS.map(([name]) => placeOf(name)).filter((place) => !USUAL_PLACES.includes(place));

/** The statement that adds sums for the dimensions of the context `$1` and the table's own one `$2`. */
function addSql({ table, extra }: Rollup, sums: readonly SumName[]): string {
  const key = `hour_ms, ${ROLLUP_DIMENSIONS.join(', ')}, ${extra}`;
  const values = ROLLUP_SUMS.map(([name]) => (sums.includes(name) ? `$${sums.indexOf(name) + 3}` : '0'));
  return `INSERT INTO ${table} (${key}, ${SUM_NAMES})
SELECT hour_ms, ${ROLLUP_DIMENSIONS.join(', ')}, $2, ${values.join(', ')} FROM aigw_usage_context WHERE id = $1
ON CONFLICT (${key}) ${addSums(table, sums)}`;
}

interface AddStatements {
  readonly usual: string;
  readonly all: string;
}

function addStatements(rollup: Rollup): AddStatements {
  const all = ROLLUP_SUMS.map(([name]) => name);
  return { usual: addSql(rollup, USUAL), all: addSql(rollup, all) };
}

const ADD_HOURS = addStatements(ROLLUPS[0]);
const ADD_END_USER_HOURS = addStatements(ROLLUPS[1]);

/** Sums in the order of ROLLUP_SUMS. */
type Sums = number[];

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

function addTo(sums: Sums, figures: UsageFigures): void {
  const { common, counts, costNanoUsd } = figures;
  if (common.kind === 'request') {
    add(sums, REQUESTS, 1);
    if (common.status >= 400 || common.errorCode !== '') add(sums, ERRORS, 1);
    add(sums, ATTEMPTS, count(common.attempts));
    add(sums, DURATION, figures.durationMs);
  }
  if (figures.firstTokenMs !== null) {
    add(sums, FIRST_TOKEN, figures.firstTokenMs);
    add(sums, FIRST_TOKENS, 1);
  }
  for (let index = 0; index < counts.length; index++) {
    if (counts[index] !== 0) add(sums, FIRST_COUNT + index, counts[index] as number);
  }
  if (costNanoUsd === null) add(sums, UNPRICED, 1);
  else add(sums, COST, costNanoUsd);
  if (figures.estimated) add(sums, ESTIMATED, 1);
}

/** What is added to one table. */
class TableTotals {
  readonly #usual: SqlValue[][] = [];
  readonly #all: SqlValue[][] = [];

  add({ id }: UsageContext, extra: SqlValue, sums: Sums): void {
    if (UNUSUAL_PLACES.some((place) => sums[place] !== 0)) this.#all.push([id, extra, ...sums]);
    else this.#usual.push([id, extra, ...USUAL_PLACES.map((place) => sums[place] as number)]);
  }

  statements({ usual, all }: AddStatements): SqlStatement[] {
    return [
      ...(this.#usual.length === 0 ? [] : [{ sql: usual, many: this.#usual }]),
      ...(this.#all.length === 0 ? [] : [{ sql: all, many: this.#all }]),
    ];
  }
}

/** The hourly sums of one batch, added up before the database sees them. */
export class UsageTotals {
  readonly #totals = new Map<UsageContext, ContextTotals>();

  /** The contexts of all records, each once. */
  contexts(): Iterable<UsageContext> {
    return this.#totals.keys();
  }

  /** Adds one record. */
  add(context: UsageContext, given: UsageFigures): void {
    let totals = this.#totals.get(context);
    if (totals === undefined) {
      totals = { unnamed: undefined, named: undefined, byEndUser: undefined };
      this.#totals.set(context, totals);
    }
    const { endUser } = given;
    if (endUser === '') {
      totals.unnamed ??= noSums();
      addTo(totals.unnamed, given);
      return;
    }
    totals.named ??= noSums();
    addTo(totals.named, given);
    totals.byEndUser ??= new Map();
    let sums = totals.byEndUser.get(endUser);
    if (sums === undefined) {
      sums = noSums();
      totals.byEndUser.set(endUser, sums);
    }
    addTo(sums, given);
  }

  /** The statements that add them to the tables, where the contexts are stored before. */
  statements(): SqlStatement[] {
    const hours = new TableTotals();
    const endUserHours = new TableTotals();
    for (const [context, { unnamed, named, byEndUser }] of this.#totals) {
      if (unnamed !== undefined) hours.add(context, 0, unnamed);
      if (named !== undefined) hours.add(context, 1, named);
      for (const [endUser, sums] of byEndUser ?? []) endUserHours.add(context, endUser, sums);
    }
    return [...hours.statements(ADD_HOURS), ...endUserHours.statements(ADD_END_USER_HOURS)];
  }
}
