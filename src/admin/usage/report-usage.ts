import { readTime } from '../time-text.ts';
import { showRecords, showUsagePage } from './usage-json.ts';
import type { UsageFilter, UsageReports } from './usage-port.ts';
import type { RecordsQueryFields, ShownRecordPage, ShownUsagePage, UsageQueryFields } from './usage-schemas.ts';

/** Answers the query of `GET /usage`; `aigw usage` asks the same of a ledger without a gateway. */
export async function reportUsage(
  reports: UsageReports,
  fields: UsageQueryFields,
  nowMs: number,
): Promise<ShownUsagePage> {
  const { by = [], from, to, order, limit, after, ...filter } = fields;
  const page = await reports.query({ by, ...readRange(from, to, nowMs), filter: given(filter), order, limit, after });
  return showUsagePage(page, by);
}

/** Answers the query of `GET /usage/records`. */
export async function listUsageRecords(
  reports: UsageReports,
  fields: RecordsQueryFields,
  nowMs: number,
): Promise<ShownRecordPage> {
  const { from, to, failed, limit, after, ...filter } = fields;
  const { records, next } = await reports.records({
    ...readRange(from, to, nowMs),
    filter: given(filter),
    failed: failed === undefined ? undefined : failed === 'true',
    limit,
    after,
  });
  return showRecords(records, next);
}

function readRange(from: string | undefined, to: string | undefined, nowMs: number) {
  return { fromMs: readTime('from', from, nowMs), toMs: readTime('to', to, nowMs) };
}

/** The filters that were given. */
function given(filter: { readonly [name: string]: unknown }): UsageFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as UsageFilter;
}
