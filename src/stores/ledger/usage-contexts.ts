import type { SqlValue } from '../database/sql-database.ts';
import { HOUR_MS, ROLLUP_DIMENSIONS } from './usage-columns.ts';
import type { UsageRecord } from './usage-record.ts';
import { boundText, count, sentTo, tagsText } from './usage-row.ts';

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
/** Longest names of models of what is remembered. */
const MAX_MODEL = 256;
const NONE: readonly UsageContext[] = [];

/**
 * What many records of one hour have in common: one row of `aigw_usage_context`. It belongs to its hour, so that it can be
 * forgotten together with the records of that hour.
 */
export interface UsageContext {
  readonly id: number;
  /** A record that it was made for, to compare others with. */
  readonly sample: UsageRecord;
  readonly hourMs: number;
  readonly estimated: boolean;
  /** In the order of CONTEXT_COLUMNS. */
  readonly values: readonly SqlValue[];
  /** Whether a transaction that holds its row was committed. */
  stored: boolean;
}

/** The contexts that one process has given numbers to. */
export interface UsageContexts {
  /** The context of a record that came in the hour `hourMs`. */
  of(record: UsageRecord, hourMs: number, estimated: boolean): UsageContext;
}

/** Compares what the caller's key and the model asked for leave open, what differs most often first. */
function isAlike(sample: UsageRecord, record: UsageRecord): boolean {
  return (
    sample.status === record.status &&
    sample.cluster === record.cluster &&
    sample.route === record.route &&
    sample.sentModel === record.sentModel &&
    sample.answeredModel === record.answeredModel &&
    sample.operation === record.operation &&
    sample.clientDialect === record.clientDialect &&
    sample.stream === record.stream &&
    sample.attempts === record.attempts &&
    sample.errorCode === record.errorCode &&
    sample.kind === record.kind &&
    sample.priced === record.priced &&
    sample.provider === record.provider &&
    sample.service === record.service &&
    sample.organization === record.organization &&
    sample.team === record.team &&
    sample.user === record.user &&
    sample.keyName === record.keyName &&
    (sample.tags === record.tags || tagsText(sample.tags) === tagsText(record.tags))
  );
}

function valuesOf(record: UsageRecord, hourMs: number, estimated: boolean): SqlValue[] {
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

/**
 * Finds what records have in common again, by caller and model and then by looking: a busy gateway has few contexts, and texts
 * that are alike are mostly the same object. `nextId` gives numbers that no other process uses.
 */
export function createUsageContexts(nextId: () => number): UsageContexts {
  let sinceHourMs = Number.NEGATIVE_INFINITY;
  let size = 0;
  let byKey = new Map<string, Map<string, UsageContext[]>>();

  function alikeOf(record: UsageRecord): readonly UsageContext[] {
    return byKey.get(record.keyId)?.get(record.requestedModel) ?? NONE;
  }

  function remember(context: UsageContext): void {
    const { keyId, requestedModel, answeredModel } = context.sample;
    // What is kept must be small, whatever clients and providers send.
    if (requestedModel.length > MAX_MODEL || answeredModel.length > MAX_MODEL) return;
    let byModel = byKey.get(keyId);
    if (byModel === undefined) {
      byModel = new Map();
      byKey.set(keyId, byModel);
    }
    const alike = byModel.get(requestedModel);
    if (alike === undefined) byModel.set(requestedModel, [context]);
    else alike.push(context);
    size++;
  }

  return {
    of(record, hourMs, estimated) {
      // Requests that began in the hour before may still end.
      if (hourMs > sinceHourMs + HOUR_MS || size >= MAX_CONTEXTS) {
        sinceHourMs = hourMs;
        size = 0;
        byKey = new Map();
      }
      for (const context of alikeOf(record)) {
        if (context.hourMs === hourMs && context.estimated === estimated && isAlike(context.sample, record))
          return context;
      }
      const values = valuesOf(record, hourMs, estimated);
      const sample = { ...record, id: '', endUser: '', bodies: undefined };
      const context: UsageContext = { id: nextId(), sample, hourMs, estimated, values, stored: false };
      remember(context);
      return context;
    },
  };
}
