import assert from 'node:assert/strict';
import test from 'node:test';
import { EventQueue } from './event-queue.ts';
import {
  AFFINITY_STRATEGIES,
  measureAffinity,
  measureTimes,
  SCENARIOS,
  STRATEGIES,
  type TimesRow,
} from './scenarios.ts';

const RUN = { requests: 4_000, seeds: [11] };

test('events run in order of time, then of arrival', () => {
  const events = new EventQueue();
  const order: string[] = [];
  for (const at of [5, 3, 9, 3, 1, 7]) events.at(at, (nowMs) => order.push(`${nowMs}#${order.length}`));
  events.at(2, () => events.at(0, (nowMs) => order.push(`late ${nowMs}`)));
  events.drain();
  assert.deepEqual(order, ['1#0', 'late 2', '3#2', '3#3', '5#4', '7#5', '9#6']);
});

for (const scenario of SCENARIOS) {
  test(`auto is the best at the 99th percentile or within 5 % of it: ${scenario.name}`, () => {
    const rows = STRATEGIES.map((strategy): [string, TimesRow] => [
      strategy.name,
      measureTimes(scenario, strategy, RUN),
    ]);
    const auto = rows.at(-1)?.[1].ttftP99Ms ?? Number.NaN;
    for (const [name, row] of rows) assert.ok(auto <= row.ttftP99Ms * 1.05, `${name}: ${row.ttftP99Ms}, auto: ${auto}`);
  });
}

test('the same seed gives the same result', () => {
  const [scenario] = SCENARIOS;
  const strategy = STRATEGIES.at(-1);
  assert.ok(scenario && strategy);
  assert.deepEqual(measureTimes(scenario, strategy, RUN), measureTimes(scenario, strategy, RUN));
});

test('affinity keeps conversations together and the load even', () => {
  const [spread] = AFFINITY_STRATEGIES;
  const affinity = AFFINITY_STRATEGIES.at(-1);
  assert.ok(spread && affinity);
  const row = measureAffinity(affinity, RUN);
  assert.ok(row.together >= 0.95, `together: ${row.together}`);
  assert.ok(row.mostLoad <= 1.25, `most load: ${row.mostLoad}`);
  const even = measureAffinity(spread, RUN);
  assert.ok(even.together < 0.5);
  assert.ok(row.ttftP99Ms < even.ttftP99Ms, 'the prompt caches are worth it');
});
