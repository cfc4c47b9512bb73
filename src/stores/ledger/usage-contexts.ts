import type { SqlValue } from '../database/sql-database.ts';
import { boundText, count, tagsText } from './bounds.ts';
import type { CommonFields } from './usage-batch.ts';
import { HOUR_MS, ROLLUP_DIMENSIONS } from './usage-columns.ts';
import { sentTo } from './usage-row.ts';

/** The columns of `aigw_usage_context` after `id`, in the order of `UsageContext.values`. */
export const CONTEXT_COLUMNS = [
  'hour_ms',
  'kind',
  ...ROLLUP_DIMENSIONS,
  'sent_model',
  'answered_model',
  'key_name',
  'client_dialect',
  'stream',
  'error_code',
  'attempts',
  'priced',
  'estimated',
  'tags',
] as const;

/** Contexts that are remembered; beyond them all are forgotten, which costs a few rows more and no more than that. */
const MAX_CONTEXTS = 10_000;

/**
 * What many records of one hour have in common: one row of `aigw_usage_context`. It belongs to its hour, so that it can be
 * forgotten together with the records of that hour.
 */
export interface UsageContext {
  readonly id: number;
  readonly hourMs: number;
  readonly estimated: boolean;
  /** In the order of CONTEXT_COLUMNS. */
  readonly values: readonly SqlValue[];
  /** Whether a transaction that holds its row was committed. */
  stored: boolean;
}

/** The contexts that one process has given numbers to. */
export interface UsageContexts {
  /** The context of a record that came in the hour `hourMs`; records that share one object share their context. */
  of(common: CommonFields, hourMs: number, estimated: boolean): UsageContext;
}

function valuesOf(record: CommonFields, hourMs: number, estimated: boolean): SqlValue[] {
  return [
    hourMs,
    record.kind,
    boundText(record.service),
    boundText(record.route),
    boundText(record.cluster),
    boundText(record.provider),
    boundText(sentTo(record)),
    boundText(record.requestedModel),
    boundText(record.organization),
    boundText(record.team),
    boundText(record.user),
    boundText(record.keyId),
    boundText(record.operation),
    count(record.status),
    boundText(record.sentModel),
    boundText(record.answeredModel),
    boundText(record.keyName),
    boundText(record.clientDialect),
    record.stream ? 1 : 0,
    boundText(record.errorCode),
    count(record.attempts),
    record.priced,
    estimated ? 1 : 0,
    tagsText(record.tags),
  ];
}

/** Gives numbers to what records have in common; `nextId` gives numbers that no other process uses. */
export function createUsageContexts(nextId: () => number): UsageContexts {
  let sinceHourMs = Number.NEGATIVE_INFINITY;
  let size = 0;
  let known = new Map<CommonFields, UsageContext[]>();
  return {
    of(common, hourMs, estimated) {
      // Requests that began in the hour before may still end.
      if (hourMs > sinceHourMs + HOUR_MS || size >= MAX_CONTEXTS) {
        sinceHourMs = hourMs;
        size = 0;
        known = new Map();
      }
      const contexts = known.get(common);
      if (contexts !== undefined) {
        for (const context of contexts) {
          if (context.hourMs === hourMs && context.estimated === estimated) return context;
        }
      }
      const values = valuesOf(common, hourMs, estimated);
      const context: UsageContext = { id: nextId(), hourMs, estimated, values, stored: false };
      size++;
      if (contexts === undefined) known.set(common, [context]);
      else contexts.push(context);
      return context;
    },
  };
}
