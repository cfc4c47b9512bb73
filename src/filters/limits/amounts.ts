import { CounterName } from '../../stores/counters/counter-name.ts';
import type { CounterLimit } from '../../stores/counters/counter-store.ts';
import { type Calendar, type CalendarUnit, createCalendar } from './calendar.ts';
import type { CompiledLimit, LimitAmounts, LimitView } from './limit.ts';

/** Calendars by unit and zone, made when a budget first asks. */
export interface Calendars {
  get(unit: CalendarUnit, timeZone: string): Calendar;
}

/** Makes an empty set of calendars. */
export function createCalendars(): Calendars {
  const known = new Map<string, Map<CalendarUnit, Calendar>>();
  return {
    get(unit, timeZone) {
      let ofZone = known.get(timeZone);
      if (ofZone === undefined) {
        ofZone = new Map();
        known.set(timeZone, ofZone);
      }
      let calendar = ofZone.get(unit);
      if (calendar === undefined) {
        calendar = createCalendar(unit, timeZone);
        ofZone.set(unit, calendar);
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

/** The name of the counter that a request is counted by: the limit's one, the caller's own, or one made of the request. */
function counterName(limit: CompiledLimit, view: LimitView): CounterName | undefined {
  if (limit.counter !== undefined) return limit.counter;
  const names = limit.byCaller ? view.counterNames : undefined;
  const known = names?.get(limit);
  if (known !== undefined) return known;
  const key = counterKey(limit, view);
  if (key === undefined) return undefined;
  const name = new CounterName(key);
  names?.set(limit, name);
  return name;
}

/** A limit as a counter store takes it; undefined when it does not count this request. */
export function toCounter(
  limit: CompiledLimit,
  view: LimitView,
  options: { amounts: LimitAmounts; nowMs: number; calendars: Calendars; extras: LimitExtras },
): CounterLimit | undefined {
  if (limit.matches !== undefined && !limit.matches(view)) return undefined;
  const name = counterName(limit, view);
  if (name === undefined) return undefined;
  const { window } = limit;
  const period =
    window.kind === 'period' ? options.calendars.get(window.unit, window.timeZone).periodAt(options.nowMs) : undefined;
  // All of one shape, whatever their kind: what counts them sees no other.
  return {
    key: name.key,
    name,
    kind: window.kind,
    limit: Math.max(0, limit.limit + options.extras.extra(limit.id, options.nowMs)),
    windowMs: window.kind === 'window' || window.kind === 'bucket' ? window.windowMs : 0,
    burst: window.kind === 'bucket' ? window.burst : undefined,
    periodStartMs: period?.startMs,
    periodEndMs: period?.endMs,
    amount: amountOf(limit, options.amounts),
    enforce: limit.enforce,
  };
}
