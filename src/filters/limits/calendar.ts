/** Periods of the calendar that budgets are given for. */
export type CalendarUnit = 'hour' | 'day' | 'week' | 'month';

/** A period in epoch milliseconds: from `startMs` up to, not including, `endMs`. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Finds the period that a moment is in; remembers the last one, for moments come in order. */
export interface Calendar {
  periodAt(epochMs: number): Period;
}

/** A date of the calendar, without time. */
interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The default zone needs none of the tables that Intl brings into memory with its first format: several MiB. */
const UTC = 'UTC';

function createDateReader(timeZone: string): (epochMs: number) => CalendarDate {
  if (timeZone === UTC) {
    return (epochMs) => {
      const date = new Date(epochMs);
      return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
    };
  }
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (epochMs) => {
    const [year = 0, month = 1, day = 1] = format.format(epochMs).split('-').map(Number);
    return { year, month, day };
  };
}

function createOffsetReader(timeZone: string): (epochMs: number) => number {
  if (timeZone === UTC) return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (epochMs) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(epochMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(epochMs / 1000) * 1000;
  };
}

/** A calendar of periods in a time zone (IANA name). Days begin at its midnight, weeks on Monday. Throws RangeError for an unknown zone. */
export function createCalendar(unit: CalendarUnit, timeZone: string): Calendar {
  const dateAt = createDateReader(timeZone);
  const offsetAt = createOffsetReader(timeZone);

  /** The moment at which a date begins; after a change of the clocks, the first moment of it that there is. */
  function midnight(year: number, month: number, day: number): number {
    const asUtc = Date.UTC(year, month - 1, day);
    let moment = asUtc - offsetAt(asUtc);
    moment = asUtc - offsetAt(moment);
    const date = dateAt(moment);
    return date.day === new Date(asUtc).getUTCDate() ? moment : moment + HOUR_MS;
  }

  function compute(epochMs: number): Period {
    if (unit === 'hour') {
      const offset = offsetAt(epochMs);
      const startMs = Math.floor((epochMs + offset) / HOUR_MS) * HOUR_MS - offset;
      return { startMs, endMs: startMs + HOUR_MS };
    }
    const { year, month, day } = dateAt(epochMs);
    if (unit === 'day') return { startMs: midnight(year, month, day), endMs: midnight(year, month, day + 1) };
    if (unit === 'month') return { startMs: midnight(year, month, 1), endMs: midnight(year, month + 1, 1) };
    // Sunday is 0; a week begins on Monday.
    const sinceMonday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
    return { startMs: midnight(year, month, day - sinceMonday), endMs: midnight(year, month, day - sinceMonday + 7) };
  }

  let last: Period = { startMs: 0, endMs: 0 };
  return {
    periodAt(epochMs) {
      if (epochMs < last.startMs || epochMs >= last.endMs) last = compute(epochMs);
      return last;
    },
  };
}

/** Milliseconds of the periods that are given by name for sliding windows; a month is 30 days. */
export const PERIOD_MS: Readonly<Record<'second' | 'minute' | 'hour' | 'day' | 'week' | 'month', number>> = {
  second: 1000,
  minute: 60_000,
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
};
