import type { UsageRecords } from './usage-batch.ts';
import type { UsageBodies, UsageRecord, UsageTokens, UsageUnits } from './usage-record.ts';

/** What a report can be split by. Times are UTC. */
export const USAGE_DIMENSIONS = [
  'service',
  'route',
  'cluster',
  'provider',
  'model',
  'requested_model',
  'organization',
  'team',
  'user',
  'key',
  'end_user',
  'operation',
  'status',
  'hour',
  'day',
  'month',
] as const;

/** One thing a report can be split by; `model` is the one sent to the provider, else the one asked for. */
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** What reports and listings can be narrowed by: the value, or any of several. */
export type UsageFilter = {
  readonly [name in Exclude<UsageDimension, 'hour' | 'day' | 'month' | 'status'>]?: string | readonly string[];
} & { readonly status?: number | readonly number[] };

/** Added-up usage. */
export interface UsageSums {
  requests: number;
  /** Requests with a status of 400 or more, or an error of the gateway. */
  errors: number;
  /** Requests sent to providers. */
  attempts: number;
  durationMs: number;
  /** Sum over the `firstTokens` answers that had a first token. */
  timeToFirstTokenMs: number;
  firstTokens: number;
  tokens: UsageTokens;
  units: UsageUnits;
  /** Sum of the known costs in 1e-9 USD; exact up to 9 million USD. */
  costNanoUsd: number;
  /** Lines whose price is unknown: their cost is missing in `costNanoUsd`. */
  unpriced: number;
  /** Lines with estimated counts. */
  estimated: number;
}

/** A span of time: `fromMs` included, `toMs` not; either may be open. */
export interface UsageRange {
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

/** Which sums to report. */
export interface UsageQuery extends UsageRange {
  /** In the order in which groups are sorted; none gives one group with everything. */
  by: readonly UsageDimension[];
  filter?: UsageFilter | undefined;
  /** `group` (default): ascending by group; the others: the largest first. */
  order?: 'group' | 'cost' | 'requests' | 'tokens' | undefined;
  /** 1 to 1000; default 100. */
  limit?: number | undefined;
  /** `next` of the page before, for the same `by` and `order`. */
  after?: string | undefined;
  /** Nobody else asks the ledger meanwhile; see `QueryOptions` of the database. Default false. */
  alone?: boolean | undefined;
}

/** The sums of one group. */
export interface UsageGroup {
  /** A value for each dimension asked for: `2026-05-01T13:00Z`, `2026-05-01` and `2026-05` for times. */
  group: Partial<Record<UsageDimension, string | number>>;
  sums: UsageSums;
}

/** One page of a report. */
export interface UsagePage extends UsageRange {
  groups: UsageGroup[];
  /** The cursor of the next page; undefined on the last one. */
  next: string | undefined;
}

/** Which single records to list, newest first. */
export interface RecordsQuery extends UsageRange {
  filter?: UsageFilter | undefined;
  /** Only requests that failed, or only those that did not. */
  failed?: boolean | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

/** One page of records, without bodies. */
export interface RecordPage {
  records: UsageRecord[];
  next: string | undefined;
}

/** What became of appended records. */
export interface AppendResult {
  inserted: number;
  /** Known already, or older than the records still kept: not counted again. */
  ignored: number;
}

/** What is forgotten: bodies alone, records with their bodies (the sums stay), or sums. */
export type PruneTarget = 'bodies' | 'records' | 'rollups';

/** Where usage is kept. Failures of the database are `DatabaseError`s, wrong arguments `invalid_request`. */
export interface Ledger {
  /**
   * Stores the records and adds them to the hourly sums in one transaction. A record whose id is known is ignored, so
   * that anything uncertain may be sent again.
   */
  append(records: UsageRecords): Promise<AppendResult>;
  /**
   * Sums by groups, from the hourly sums; hours that the range cuts are summed from their records. Where those are
   * forgotten already the whole hour is taken: the page tells the range it covers.
   */
  query(query: UsageQuery): Promise<UsagePage>;
  /** Single records, newest first. */
  records(query: RecordsQuery): Promise<RecordPage>;
  /** One record with its bodies. */
  record(id: string): Promise<{ record: UsageRecord; bodies: UsageBodies | undefined } | undefined>;
  /** All sums of a range in one. */
  total(range?: UsageRange & Pick<UsageQuery, 'filter' | 'alone'>): Promise<UsageSums>;
  /**
   * Forgets what is older, in whole hours, in small steps; resolves to the number of rows. Records that come later for
   * a time whose records are forgotten are ignored, since whether they were counted is no longer known.
   */
  prune(beforeMs: number, target: PruneTarget): Promise<number>;
}
