import type { CounterLimit } from '../../stores/counters/counter-store.ts';
import { type Calendar, createCalendar } from './calendar.ts';
import type { CompiledLimit, LimitAmounts, LimitView } from './limit.ts';

/** Calendars by unit and zone, made when a budget first asks. */
export interface Calendars {
  get(unit: Parameters<typeof createCalendar>[0], timeZone: string): Calendar;
}

/** Makes an empty set of calendars. */
export function createCalendars(): Calendars {
  const known = new Map<string, Calendar>();
  return {
    get(unit, timeZone) {
      const name = `${unit} ${timeZone}`;
      let calendar = known.get(name);
      if (calendar === undefined) {
        calendar = createCalendar(unit, timeZone);
        known.set(name, calendar);
      }
      return calendar;
    },
  };
}

/** Temporary changes of limits. */
export interface LimitExtras {
  /** What is added to a limit now, in its own unit. */
  extra(limitId: string, nowMs: number): number;
}

/** What a limit takes of these amounts, in its own unit. */
export function amountOf(limit: CompiledLimit, amounts: LimitAmounts): number {
  switch (limit.measure) {
    case 'requests':
    case 'concurrent':
      return 1;
    case 'tokens':
      return amounts.inputTokens + amounts.outputTokens;
    case 'input_tokens':
      return amounts.inputTokens;
    case 'output_tokens':
      return amounts.outputTokens;
    case 'usd':
      return amounts.nanoUsd;
    case 'cost':
      return limit.cost?.(amounts) ?? 0;
    default:
      return limit.measure satisfies never;
  }
}

/** Joins an id and values so that no two of them give the same key: values may hold anything a client writes. */
function counterKey(limit: CompiledLimit, view: LimitView): string | undefined {
  let key = limit.id;
  for (const dimension of limit.dimensions) {
    const value = dimension.read(view);
    if (value === undefined || value === '') return undefined;
    key += `|${value.length}:${value}`;
  }
  return key;
}

/** A limit as a counter store takes it; undefined when it does not count this request. */
export function toCounter(
  limit: CompiledLimit,
  view: LimitView,
  options: { amounts: LimitAmounts; nowMs: number; calendars: Calendars; extras: LimitExtras },
): CounterLimit | undefined {
  if (limit.matches !== undefined && !limit.matches(view)) return undefined;
  const key = counterKey(limit, view);
  if (key === undefined) return undefined;
  const amount = amountOf(limit, options.amounts);
  const { window, enforce } = limit;
  const most = Math.max(0, limit.limit + options.extras.extra(limit.id, options.nowMs));
  // Written out for each kind: an object that is spread into another is ten times as large as one written as a literal.
  switch (window.kind) {
    case 'concurrency':
      return { key, kind: 'concurrency', limit: most, windowMs: 0, amount, enforce };
    case 'window':
      return { key, kind: 'window', limit: most, windowMs: window.windowMs, amount, enforce };
    case 'bucket':
      return { key, kind: 'bucket', limit: most, windowMs: window.windowMs, burst: window.burst, amount, enforce };
    case 'period': {
      const { startMs, endMs } = options.calendars.get(window.unit, window.timeZone).periodAt(options.nowMs);
      return {
        key,
        kind: 'period',
        limit: most,
        windowMs: 0,
        periodStartMs: startMs,
        periodEndMs: endMs,
        amount,
        enforce,
      };
    }
    default:
      return window satisfies never;
  }
}
