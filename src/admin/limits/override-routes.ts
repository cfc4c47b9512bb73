import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { parseQuantity } from '../../config/units.ts';
import type { LimitMeasure } from '../../filters/limits/limit.ts';
import { AdminError, invalidInput } from '../admin-error.ts';
import { type AdminAnswer, jsonAnswer } from '../answer.ts';
import { parseUsd } from '../money.ts';
import { provided } from '../needs.ts';
import type { AdminPort } from '../port.ts';
import { type AdminRequest, type AdminRoute, type CheckedRequest, defineRoute } from '../route.ts';
import { readEnd, readTime } from '../time-text.ts';
import { overrideUnit, showOverride } from './limit-json.ts';
import type { OverrideRecords } from './limit-port.ts';
import { findLimit, limitsOf } from './limit-routes.ts';
import { newOverrideBody, overrideListQuery, overridePage, shownOverride } from './limit-schemas.ts';

const TAG = 'limits';
const PATH = '/api/v1/limits/overrides';

/** The routes of temporary increases. */
export const OVERRIDE_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: PATH,
    access: 'viewer',
    operationId: 'listLimitOverrides',
    summary: 'Temporary increases of limits and budgets, newest first',
    tag: TAG,
    query: overrideListQuery,
    answers: { 200: { description: 'A page of increases', schema: overridePage } },
    handle: list,
  }),
  defineRoute({
    method: 'POST',
    path: PATH,
    access: 'operator',
    operationId: 'increaseLimit',
    summary: 'Increases a limit or budget for a time',
    tag: TAG,
    action: 'limit.increase',
    body: newOverrideBody,
    answers: { 201: { description: 'The increase', schema: shownOverride } },
    handle: increase,
  }),
  defineRoute({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    access: 'operator',
    operationId: 'endLimitOverride',
    summary: 'Takes an increase back before its time; doing it again changes nothing',
    tag: TAG,
    action: 'limit.increase.end',
    answers: { 200: { description: 'The increase, ended', schema: shownOverride } },
    handle: end,
  }),
];

type ListQuery = z.output<typeof overrideListQuery>;
type NewOverrideBody = z.output<typeof newOverrideBody>;

const MAX_SPAN_MS = 366 * 86_400_000;

function storeOf(port: AdminPort): Promise<OverrideRecords> {
  return provided(limitsOf(port).overrides(), 'store for temporary increases', '`stores.ledger`');
}

async function list(port: AdminPort, { query, nowMs }: CheckedRequest<ListQuery, unknown>): Promise<AdminAnswer> {
  const { overrides, next } = await (await storeOf(port)).listOverrides({
    scope: query.limit_id,
    activeAtMs: query.active === undefined ? undefined : nowMs,
    limit: query.limit,
    after: query.after,
  });
  return jsonAnswer(200, { overrides: overrides.map((one) => showOverride(one, nowMs)), next: next ?? null });
}

async function increase(port: AdminPort, request: CheckedRequest<unknown, NewOverrideBody>): Promise<AdminAnswer> {
  const { body, nowMs, actor, change } = request;
  change.target = `limit:${body.limit}`;
  const limits = limitsOf(port);
  const { limit } = findLimit(limits, body.limit);
  change.target = `limit:${limit.id}`;
  const fromMs = readTime('from', body.from, nowMs) ?? nowMs;
  const untilMs = readEnd('until', body.until, nowMs);
  if (untilMs <= fromMs) throw invalidInput('until', 'must be after `from`');
  if (untilMs - fromMs > MAX_SPAN_MS) {
    throw invalidInput('until', 'must be within 366 days; change the limit itself for longer');
  }
  const store = await storeOf(port);
  const override = await store.insertOverride({
    id: randomUUID(),
    scope: limit.id,
    unit: overrideUnit(limit.measure),
    amount: readAmount(limit.measure, body.amount),
    fromMs,
    untilMs,
    reason: body.reason,
    createdBy: actor.name,
    createdMs: nowMs,
  });
  limits.changed();
  const shown = showOverride(override, nowMs);
  change.after = shown;
  return jsonAnswer(201, shown, { location: `${PATH}/${override.id}` });
}

async function end(port: AdminPort, { params, nowMs, change }: AdminRequest): Promise<AdminAnswer> {
  const id = params['id'] ?? '';
  change.target = `override:${id}`;
  const override = await (await storeOf(port)).endOverride(id, nowMs);
  if (override === undefined) {
    throw new AdminError(404, 'unknown_override', { message: `No temporary increase has the id ${id}.` });
  }
  limitsOf(port).changed();
  const shown = showOverride(override, nowMs);
  change.after = shown;
  return jsonAnswer(200, shown);
}

/** An amount in the unit of its limit. */
function readAmount(measure: LimitMeasure, amount: string | number): number {
  const text = String(amount);
  const value = measure === 'usd' ? parseUsd(text) : parseQuantity(text);
  if (value !== undefined && value > 0) return value;
  const form = measure === 'usd' ? 'an amount of dollars such as 500 or "12.50"' : 'a count above 0 such as 600 or 50K';
  throw invalidInput('amount', `${JSON.stringify(amount)} is not ${form}`);
}
