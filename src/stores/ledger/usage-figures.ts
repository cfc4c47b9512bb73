import { amount, boundCost, boundText, boundTime, count } from './bounds.ts';
import {
  COST,
  COUNT_OF_COUNTS,
  COUNTS,
  type CommonFields,
  DURATION,
  FIRST_TOKEN,
  TIME,
  type UsageBatch,
  WIDTH,
} from './usage-batch.ts';

/** The figures of one record, each within its bounds, and what it shares with others. */
export interface UsageFigures {
  readonly common: CommonFields;
  readonly timeMs: number;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
  /** Tokens and units in the order of their columns. */
  readonly counts: readonly number[];
  readonly costNanoUsd: number | null;
  readonly estimated: boolean;
  /** Empty: none was named. */
  readonly endUser: string;
}

// Places of the counts that may have a fraction.
const SECONDS = 11;
const SEARCH_UNITS = 13;

/** Whether all counts of a record, added up, were kept: a fraction of a token that was rounded away does not matter. */
function isSameSum(given: number, kept: number): boolean {
  return Math.abs(given - kept) <= COUNT_OF_COUNTS;
}

/** Reads the figures of a record within bounds; counts out of bounds are clamped and the record marked estimated. */
export function readFigures(batch: UsageBatch, index: number): UsageFigures {
  const { figures } = batch;
  const common = batch.commonAt(index);
  const at = index * WIDTH;
  const counts: number[] = [];
  let given = 0;
  let kept = 0;
  for (let place = 0; place < COUNT_OF_COUNTS; place++) {
    const value = figures[at + COUNTS + place] as number;
    const bounded = place === SECONDS || place === SEARCH_UNITS ? amount(value) : count(value);
    given += value;
    kept += bounded;
    counts.push(bounded);
  }
  const firstToken = figures[at + FIRST_TOKEN] as number;
  const cost = figures[at + COST] as number;
  return {
    common,
    timeMs: boundTime(figures[at + TIME] as number),
    durationMs: count(figures[at + DURATION] as number),
    firstTokenMs: Number.isNaN(firstToken) ? null : count(firstToken),
    counts,
    costNanoUsd: Number.isNaN(cost) ? null : boundCost(cost),
    estimated: common.estimated || !isSameSum(given, kept),
    endUser: boundText(batch.endUserAt(index)),
  };
}
