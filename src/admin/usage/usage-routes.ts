import { jsonAnswer } from '../answer.ts';
import { provided } from '../needs.ts';
import type { AdminPort } from '../port.ts';
import { type AdminRoute, defineRoute } from '../route.ts';
import { listUsageRecords, reportUsage } from './report-usage.ts';
import type { UsageReports } from './usage-port.ts';
import { recordPage, recordsQuery, usagePage, usageQuery } from './usage-schemas.ts';

/** The routes of usage. */
export const USAGE_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/usage',
    access: 'viewer',
    operationId: 'reportUsage',
    summary: 'Sums of usage, split by what you ask for',
    tag: 'usage',
    query: usageQuery,
    answers: { 200: { description: 'A page of sums', schema: usagePage } },
    handle: async (port, { query, nowMs }) => jsonAnswer(200, await reportUsage(await usageOf(port), query, nowMs)),
  }),
  defineRoute({
    method: 'GET',
    path: '/api/v1/usage/records',
    access: 'viewer',
    operationId: 'listUsageRecords',
    summary: 'Single requests, newest first, without their bodies',
    tag: 'usage',
    query: recordsQuery,
    answers: { 200: { description: 'A page of records', schema: recordPage } },
    handle: async (port, { query, nowMs }) =>
      jsonAnswer(200, await listUsageRecords(await usageOf(port), query, nowMs)),
  }),
];

function usageOf(port: AdminPort): Promise<UsageReports> {
  return provided(port.usage?.(), 'ledger', '`stores.ledger`');
}
