import type { z } from 'zod';
import { AdminError, invalidInput } from '../admin-error.ts';
import { type AdminAnswer, jsonAnswer } from '../answer.ts';
import { provided } from '../needs.ts';
import type { AdminPort } from '../port.ts';
import { type AdminRoute, type CheckedRequest, defineRoute } from '../route.ts';
import { showLimit } from './limit-json.ts';
import type { LimitAdministration, ScopedLimit } from './limit-port.ts';
import { limitListQuery, limitPage, limitResetBody, limitStateQuery, shownLimit } from './limit-schemas.ts';
import { counterOf, type DimensionValues, peek, statesOf } from './limit-states.ts';

const TAG = 'limits';

/** The routes of limits and budgets. */
export const LIMIT_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/limits',
    access: 'viewer',
    operationId: 'listLimits',
    summary: 'Every rate limit and budget in force, and where it stands',
    tag: TAG,
    query: limitListQuery,
    answers: { 200: { description: 'A page of limits', schema: limitPage } },
    handle: list,
  }),
  defineRoute({
    method: 'GET',
    path: '/api/v1/limits/state',
    access: 'viewer',
    operationId: 'getLimitState',
    summary: 'Where a limit stands for given values of its dimensions',
    tag: TAG,
    query: limitStateQuery,
    answers: { 200: { description: 'The limit', schema: shownLimit } },
    handle: state,
  }),
  defineRoute({
    method: 'POST',
    path: '/api/v1/limits/reset',
    access: 'operator',
    operationId: 'resetLimit',
    summary: 'Sets a counter to nothing used',
    tag: TAG,
    action: 'limit.reset',
    body: limitResetBody,
    answers: { 200: { description: 'The limit as it is now', schema: shownLimit } },
    handle: reset,
  }),
];

type ListQuery = z.output<typeof limitListQuery>;
type StateQuery = z.output<typeof limitStateQuery>;
type ResetBody = z.output<typeof limitResetBody>;

/** What knows the limits in force, or AdminError 501. */
export function limitsOf(port: AdminPort): LimitAdministration {
  return provided(port.limits?.(), 'limits', '`rate_limit` or `budget`');
}

/** A limit by its id, or by its name when only one is called so. AdminError 404 or 409. */
export function findLimit(limits: LimitAdministration, wanted: string): ScopedLimit {
  const all = limits.limits();
  const byId = all.find(({ limit }) => limit.id === wanted);
  if (byId !== undefined) return byId;
  const named = all.filter(({ limit }) => limit.name === wanted);
  const [only] = named;
  if (only === undefined) {
    throw new AdminError(404, 'unknown_limit', {
      message: 'No limit in force has this id or name; GET /api/v1/limits lists them.',
      param: 'limit',
    });
  }
  if (named.length > 1) {
    const ids = named.slice(0, 5).map(({ limit }) => limit.id);
    throw new AdminError(409, 'ambiguous_limit', {
      message: `Several limits have this name; give the id of one: ${ids.join(', ')}`,
      param: 'limit',
    });
  }
  return only;
}

const DEFAULT_LIMIT = 100;

async function list(port: AdminPort, { query, nowMs }: CheckedRequest<ListQuery, unknown>): Promise<AdminAnswer> {
  const limits = limitsOf(port);
  const wanted = limits.limits().filter((one) => isWanted(one, query));
  const start = query.after === undefined ? 0 : positionAfter(wanted, query.after);
  const end = start + (query.limit ?? DEFAULT_LIMIT);
  const page = wanted.slice(start, end);
  const last = page.at(-1);
  const states = await statesOf(limits, page, nowMs);
  return jsonAnswer(200, {
    limits: page.map((one, index) =>
      showLimit(one, { state: states[index], increase: limits.extras.extra(one.limit.id, nowMs) }),
    ),
    next: end < wanted.length && last !== undefined ? cursor(last) : null,
  });
}

function isWanted({ scope, limit }: ScopedLimit, query: ListQuery): boolean {
  if (query.kind !== undefined && (limit.budget === undefined) !== (query.kind === 'rate_limit')) return false;
  if (query.scope === undefined || scope.path === query.scope) return true;
  return scope.path.startsWith(`${query.scope}/`) || scope.path.startsWith(`${query.scope}#`);
}

/** Pages follow the id of the last limit shown, so that a reload between two pages loses none that stays. */
function cursor({ limit }: ScopedLimit): string {
  return Buffer.from(limit.id).toString('base64url');
}

function positionAfter(wanted: readonly ScopedLimit[], after: string): number {
  const id = Buffer.from(after, 'base64url').toString();
  const index = wanted.findIndex(({ limit }) => limit.id === id);
  if (index !== -1) return index + 1;
  throw new AdminError(400, 'invalid_request', {
    message: 'after: the limit that the last page ended with is not in this listing; begin anew',
    param: 'after',
  });
}

async function state(port: AdminPort, { query, nowMs }: CheckedRequest<StateQuery, unknown>): Promise<AdminAnswer> {
  const pairs = (query.value ?? []).map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw invalidInput('value', `${JSON.stringify(pair)} is not of the form DIMENSION=VALUE`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return await answerState(limitsOf(port), { limit: query.id, values: Object.fromEntries(pairs) }, nowMs);
}

async function reset(port: AdminPort, request: CheckedRequest<unknown, ResetBody>): Promise<AdminAnswer> {
  const { body, nowMs, change } = request;
  change.target = `limit:${body.limit}`;
  const limits = limitsOf(port);
  const { limit } = findLimit(limits, body.limit);
  const values = body.values ?? {};
  const counter = counterOf(limits, limit, { values, nowMs });
  change.target = `limit:${limit.id}`;
  const [before] = await peek(limits, [counter], nowMs);
  change.before = { values, used: before?.used ?? null };
  await limits.reset(counter, nowMs);
  change.after = { values, used: 0 };
  return await answerState(limits, { limit: limit.id, values }, nowMs);
}

async function answerState(
  limits: LimitAdministration,
  { limit: wanted, values }: { limit: string; values: DimensionValues },
  nowMs: number,
): Promise<AdminAnswer> {
  const found = findLimit(limits, wanted);
  const counter = counterOf(limits, found.limit, { values, nowMs });
  const [shown] = await peek(limits, [counter], nowMs);
  return jsonAnswer(200, showLimit(found, { state: shown, increase: limits.extras.extra(found.limit.id, nowMs) }));
}
