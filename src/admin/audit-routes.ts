import { z } from 'zod';
import { jsonAnswer } from './answer.ts';
import { answerTime, line, pageAfter, pageLimit, pageNext, queryTime } from './fields.ts';
import { provided } from './needs.ts';
import type { AuditEntry } from './port.ts';
import { type AdminRoute, defineRoute } from './route.ts';
import { isoTime, readTime } from './time-text.ts';

const query = z.strictObject({
  actor: line.optional().describe('Name of a token'),
  action: line.optional().describe('Such as `key.issue` or `key.issue.refused`'),
  target: line.optional().describe('Such as `key:0Ab…`'),
  from: queryTime.optional(),
  to: queryTime.optional(),
  limit: pageLimit.optional(),
  after: pageAfter.optional(),
});

const entry = z.strictObject({
  id: z.string(),
  time: answerTime,
  actor: z.string(),
  role: z.string(),
  action: z.string(),
  target: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  request_id: z.string(),
  source_ip: z.string(),
});

/** The route of the audit log. */
export const AUDIT_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/audit',
    access: 'viewer',
    operationId: 'listAudit',
    summary: 'Administrative changes and refused attempts, newest first',
    tag: 'audit',
    query,
    answers: {
      200: {
        description: 'A page of entries',
        schema: z.strictObject({ entries: z.array(entry), next: pageNext }),
      },
    },
    async handle(port, { query: fields, nowMs }) {
      const log = await provided(port.audit?.(), 'audit log', '`stores.ledger`');
      const { from, to, ...rest } = fields;
      const { entries, next } = await log.list({
        ...rest,
        fromMs: readTime('from', from, nowMs),
        toMs: readTime('to', to, nowMs),
      });
      return jsonAnswer(200, { entries: entries.map(showEntry), next: next ?? null });
    },
  }),
];

function showEntry(shown: AuditEntry): z.output<typeof entry> {
  const { id, timeMs, actor, role, action, target, before, after, requestId, sourceIp } = shown;
  const time = isoTime(timeMs);
  return { id, time, actor, role, action, target, before, after, request_id: requestId, source_ip: sourceIp };
}
