import { type Calendars, createCalendars, toCounter } from '../../filters/limits/amounts.ts';
import type { CompiledLimit } from '../../filters/limits/limit.ts';
import { NO_AMOUNTS, NO_REQUEST } from '../../filters/limits/no-request.ts';
import { AdminError, invalidInput } from '../admin-error.ts';
import type { CounterState, LimitAdministration, LimitCounter, ScopedLimit } from './limit-port.ts';

/** Values for the dimensions of a limit, by name. */
export type DimensionValues = Readonly<Record<string, string>>;

/** The counter of a limit for these values. AdminError 400 when a dimension has none, or a value no dimension. */
export function counterOf(
  { extras }: Pick<LimitAdministration, 'extras'>,
  limit: CompiledLimit,
  { values, nowMs, calendars = createCalendars() }: { values: DimensionValues; nowMs: number; calendars?: Calendars },
): LimitCounter {
  const names = limit.dimensions.map((dimension) => dimension.name);
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  const shown = names.length === 0 ? 'it has one count for all' : `it counts by ${names.join(', ')}`;
  if (unknown !== undefined) throw invalidInput('values', `the limit does not count by "${unknown}"; ${shown}`);
  const missing = names.find((name) => !Object.hasOwn(values, name) || values[name] === '');
  if (missing !== undefined) throw invalidInput('values', `has no ${missing}; ${shown}`);
  const counter = toCounter(
    {
      ...limit,
      matches: undefined,
      cost: undefined,
      dimensions: names.map((name) => ({ name, read: () => values[name] })),
    },
    NO_REQUEST,
    { amounts: NO_AMOUNTS, nowMs, calendars, extras },
  );
  if (counter === undefined) throw invalidInput('values', shown);
  // To look at a counter asks for nothing of it.
  return { ...counter, amount: 0 };
}

/** Where limits without dimensions stand, in order; undefined for the others. */
export async function statesOf(
  limits: LimitAdministration,
  wanted: readonly ScopedLimit[],
  nowMs: number,
): Promise<(CounterState | undefined)[]> {
  const plain = wanted.filter(({ limit }) => limit.dimensions.length === 0);
  if (plain.length === 0) return wanted.map(() => undefined);
  const calendars = createCalendars();
  const counters = plain.map(({ limit }) => counterOf(limits, limit, { values: {}, nowMs, calendars }));
  const states = await peek(limits, counters, nowMs);
  const byLimit = new Map(plain.map((one, index) => [one, states[index]]));
  return wanted.map((one) => byLimit.get(one));
}

/** Where counters stand. AdminError 503 when their store does not answer. */
export async function peek(
  limits: LimitAdministration,
  counters: readonly LimitCounter[],
  nowMs: number,
): Promise<readonly CounterState[]> {
  try {
    return await limits.peek(counters, nowMs);
  } catch {
    throw new AdminError(503, 'store_unavailable', { message: 'The counters of `stores.counters` do not answer.' });
  }
}
