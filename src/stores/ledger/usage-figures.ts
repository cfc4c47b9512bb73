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
  common: CommonFields;
  timeMs: number;
  durationMs: number;
  firstTokenMs: number | null;
  /** Tokens and units in the order of their columns. */
  readonly counts: number[];
  costNanoUsd: number | null;
  estimated: boolean;
  /** Empty: none was named. */
  endUser: string;
}

// Places of the counts that may have a fraction.
const SECONDS = 11;
const SEARCH_UNITS = 13;

const NOTHING: CommonFields = {
  kind: 'request',
  service: '',
  route: '',
  cluster: '',
  provider: '',
  requestedModel: '',
  sentModel: '',
  answeredModel: '',
  organization: '',
  team: '',
  user: '',
  keyId: '',
  keyName: '',
  operation: '',
  clientDialect: '',
  stream: false,
  status: 0,
  errorCode: '',
  attempts: 0,
  priced: 'unknown',
  estimated: false,
  tags: {},
};

/** Figures to be read into. */
export function noFigures(): UsageFigures {
  return {
    common: NOTHING,
    timeMs: 0,
    durationMs: 0,
    firstTokenMs: null,
    counts: new Array<number>(COUNT_OF_COUNTS).fill(0),
    costNanoUsd: null,
    estimated: false,
    endUser: '',
  };
}

/** Whether all counts of a record, added up, were kept: a fraction of a token that was rounded away does not matter. */
function isSameSum(given: number, kept: number): boolean {
  return Math.abs(given - kept) <= COUNT_OF_COUNTS;
}

/** Reads the figures of a record within bounds; counts out of bounds are clamped and the record marked estimated. */
export function readFigures(batch: UsageBatch, index: number, into: UsageFigures): void {
  const { figures } = batch;
  const { counts } = into;
  const at = index * WIDTH;
  let given = 0;
  let kept = 0;
  for (let place = 0; place < COUNT_OF_COUNTS; place++) {
    const value = figures[at + COUNTS + place] as number;
    const bounded = place === SECONDS || place === SEARCH_UNITS ? amount(value) : count(value);
    given += value;
    kept += bounded;
    counts[place] = bounded;
  }
  const firstToken = figures[at + FIRST_TOKEN] as number;
  const cost = figures[at + COST] as number;
  into.common = batch.commonAt(index);
  into.timeMs = boundTime(figures[at + TIME] as number);
  into.durationMs = count(figures[at + DURATION] as number);
  into.firstTokenMs = Number.isNaN(firstToken) ? null : count(firstToken);
  into.costNanoUsd = Number.isNaN(cost) ? null : boundCost(cost);
  into.estimated = into.common.estimated || !isSameSum(given, kept);
  into.endUser = boundText(batch.endUserAt(index));
}
