import { parseDuration } from '../config/units.ts';
import { invalidInput } from './admin-error.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const RELATIVE = /^now(?:([+-])(\S+))?$/;

/** What the documentation of a time says. */
export const TIME_TEXT = 'A day such as `2026-11-01` (UTC), a date and time with zone, `now`, or `now-7d`';

/** Milliseconds since 1970 of a time as people write it; undefined when it is none. `now-7d` counts from `nowMs`. */
export function parseTime(text: string, nowMs: number): number | undefined {
  if (DATE.test(text) || DATE_TIME.test(text)) {
    const timeMs = Date.parse(text);
    // JavaScript takes the 31st of February for the 3rd of March.
    const dayExists = Number.isNaN(timeMs) ? false : isDay(text.slice(0, 10));
    return dayExists ? timeMs : undefined;
  }
  const [whole, sign, length] = RELATIVE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  if (length === undefined) return nowMs;
  const span = parseDuration(length);
  if (span === undefined) return undefined;
  const timeMs = Math.round(sign === '-' ? nowMs - span : nowMs + span);
  return isShowable(timeMs) ? timeMs : undefined;
}

/** The same for a field of a request: AdminError 400 when it is none; undefined stays undefined. */
export function readTime(name: string, text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const timeMs = parseTime(text, nowMs);
  if (timeMs === undefined) {
    throw invalidInput(
      name,
      `${JSON.stringify(text)} is not a time; write one such as 2026-11-01, 2026-11-01T12:00:00Z, now or now-7d`,
    );
  }
  return timeMs;
}

/** When something ends: a time, or a duration from now such as `90d`. AdminError 400 unless it lies in the future. */
export function readEnd(name: string, text: string, nowMs: number): number {
  const span = parseDuration(text);
  const endMs = span === undefined ? parseTime(text, nowMs) : Math.round(nowMs + span);
  if (endMs === undefined || !isShowable(endMs)) {
    throw invalidInput(
      name,
      `${JSON.stringify(text)} is neither a time nor a duration; write one such as 90d or 2026-11-01T00:00:00Z`,
    );
  }
  if (endMs <= nowMs) throw invalidInput(name, `must be in the future; ${JSON.stringify(text)} is over`);
  return endMs;
}

/** A time in ISO 8601, in UTC. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The same where there may be none. */
export function isoTimeOrNull(timeMs: number | null | undefined): string | null {
  return timeMs === null || timeMs === undefined ? null : isoTime(timeMs);
}

function isDay(text: string): boolean {
  const timeMs = Date.parse(text);
  return !Number.isNaN(timeMs) && isoTime(timeMs).startsWith(text);
}

/** Years of four digits: what ISO 8601 writes without a sign. */
function isShowable(timeMs: number): boolean {
  return timeMs >= 0 && timeMs < Date.UTC(10_000, 0, 1);
}
