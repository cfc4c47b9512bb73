import { z } from 'zod';
import { type AdminAnswer, jsonAnswer } from './answer.ts';
import type { AdminPort } from './port.ts';
import type { AdminRoute } from './route.ts';

const health = z.strictObject({ status: z.literal('ok') });
const readiness = z.strictObject({ ready: z.boolean(), reason: z.string().optional() });
const version = z.strictObject({ version: z.string() });

/** The routes of probes and scrapers, who may add parameters of their own. */
export const MONITOR_ROUTES: readonly AdminRoute[] = [
  {
    method: 'GET',
    path: '/metrics',
    access: 'monitor',
    operationId: 'getMetrics',
    summary: 'Metrics in the Prometheus text format',
    tag: 'monitoring',
    answers: { 200: { description: 'The metrics', contentType: 'text/plain' } },
    handle: (port) => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: port.metricsText(),
    }),
  },
  {
    method: 'GET',
    path: '/healthz',
    access: 'monitor',
    operationId: 'getLiveness',
    summary: 'Answers while the process lives',
    tag: 'monitoring',
    answers: { 200: { description: 'It lives', schema: health } },
    handle: answerHealth,
  },
  {
    method: 'GET',
    // The reference system's name for it.
    path: '/health',
    access: 'monitor',
    operationId: 'getHealth',
    summary: 'The same as /healthz',
    tag: 'monitoring',
    answers: { 200: { description: 'It lives', schema: health } },
    handle: answerHealth,
  },
  {
    method: 'GET',
    path: '/readyz',
    access: 'monitor',
    operationId: 'getReadiness',
    summary: 'Whether the gateway takes requests',
    tag: 'monitoring',
    answers: {
      200: { description: 'It does', schema: readiness },
      503: { description: 'It does not, and why', schema: readiness },
    },
    handle: answerReadiness,
  },
  {
    method: 'GET',
    path: '/api/v1/version',
    access: 'monitor',
    operationId: 'getVersion',
    summary: 'Version of the program',
    tag: 'monitoring',
    answers: { 200: { description: 'The version', schema: version } },
    handle: (port) => jsonAnswer(200, { version: port.version }),
  },
];

function answerHealth(): AdminAnswer {
  return jsonAnswer(200, { status: 'ok' });
}

function answerReadiness(port: AdminPort): AdminAnswer {
  const { ready, reason } = port.ready();
  return ready ? jsonAnswer(200, { ready: true }) : jsonAnswer(503, { ready: false, reason: reason ?? 'not ready' });
}
