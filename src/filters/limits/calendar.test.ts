import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type CalendarUnit, createCalendar } from './calendar.ts';

function iso(unit: CalendarUnit, zone: string, at: string): [string, string] {
  const { startMs, endMs } = createCalendar(unit, zone).periodAt(Date.parse(at));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
}

test('months, weeks, days and hours begin where the calendar says', () => {
  assert.deepEqual(iso('month', 'UTC', '2026-02-14T12:00:00Z'), [
    '2026-02-01T00:00:00.000Z',
    '2026-03-01T00:00:00.000Z',
  ]);
  assert.deepEqual(iso('month', 'UTC', '2026-12-31T23:59:59Z'), [
    '2026-12-01T00:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ]);
  assert.deepEqual(iso('week', 'UTC', '2026-11-22T12:00:00Z'), [
    '2026-11-16T00:00:00.000Z',
    '2026-11-23T00:00:00.000Z',
  ]);
  assert.deepEqual(iso('day', 'Asia/Kolkata', '2026-11-22T20:00:00Z'), [
    '2026-11-22T18:30:00.000Z',
    '2026-11-23T18:30:00.000Z',
  ]);
  assert.deepEqual(iso('hour', 'Asia/Kolkata', '2026-11-22T20:10:00Z'), [
    '2026-11-22T19:30:00.000Z',
    '2026-11-22T20:30:00.000Z',
  ]);
});

test('days on which the clocks change have 23 or 25 hours', () => {
  const hours = (at: string) => {
    const { startMs, endMs } = createCalendar('day', 'Europe/Berlin').periodAt(Date.parse(at));
    return (endMs - startMs) / 3_600_000;
  };
  assert.equal(hours('2026-03-29T12:00:00Z'), 23);
  assert.equal(hours('2026-10-25T12:00:00Z'), 25);
  assert.equal(hours('2026-06-01T12:00:00Z'), 24);
});

test('a day that begins after midnight, for the clocks change then, begins at its first moment', () => {
  const [start] = iso('day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z');
  assert.equal(start, '2018-11-04T03:00:00.000Z');
});

test('every moment is in its period, and periods follow each other without a gap', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland'];
  fc.assert(
    fc.property(
      fc.constantFrom<CalendarUnit>('hour', 'day', 'week', 'month'),
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) }),
      (unit, zone, at) => {
        const calendar = createCalendar(unit, zone);
        const period = calendar.periodAt(at);
        assert.ok(period.startMs <= at && at < period.endMs);
        assert.equal(calendar.periodAt(period.endMs).startMs, period.endMs);
        assert.equal(calendar.periodAt(period.startMs - 1).endMs, period.startMs);
      },
    ),
    { numRuns: 300 },
  );
});

test('the periods of UTC are those of the same zone by its other name, which Intl reads', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<CalendarUnit>('hour', 'day', 'week', 'month'),
      fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2100, 0, 1) }),
      (unit, at) => {
        assert.deepEqual(createCalendar(unit, 'UTC').periodAt(at), createCalendar(unit, 'Etc/UTC').periodAt(at));
      },
    ),
  );
});
