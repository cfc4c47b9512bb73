import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatResult, summarize } from './report.ts';
import type { Row } from './rows/row.ts';
import { median, spread } from './statistics.ts';

const ROW: Row = {
  name: 'chat',
  title: 'Chat',
  figures: [
    { key: 'cpu', title: 'CPU per request', unit: 'us', target: { times: 1.25 } },
    { key: 'cut', title: 'streams cut', unit: '', target: { atMost: 0 } },
  ],
  round: async () => ({}),
};

test('holds the median of the rounds against the target', () => {
  const results = summarize(ROW, [
    { envoy: { cpu: 40 }, gateway: { cpu: 90, cut: 0 } },
    { envoy: { cpu: 42 }, gateway: { cpu: 50, cut: 0 } },
    { envoy: { cpu: 41 }, gateway: { cpu: 49, cut: 1 } },
  ]);
  assert.deepEqual(
    results.map((result) => formatResult(result, false)),
    [
      '| Chat | CPU per request, us | 41.0 | - | 50.0 | 1.22 | ≤ 1.25 × Envoy | yes |',
      '| Chat | streams cut | - | - | 0 | - | ≤ 0 | yes |',
    ],
  );
});

test('says that a target is missed, and that it cannot be judged without Envoy', () => {
  const missed = summarize(ROW, [{ envoy: { cpu: 40 }, gateway: { cpu: 60 } }]);
  assert.equal(missed[0]?.met, false);
  const alone = summarize(ROW, [{ gateway: { cpu: 60 } }]);
  assert.equal(
    formatResult(alone[0] ?? assert.fail(), false),
    '| Chat | CPU per request, us | - | - | 60.0 | - | ≤ 1.25 × Envoy | ? |',
  );
});

test('prints the values of all rounds when asked', () => {
  const [result] = summarize(ROW, [{ gateway: { cpu: 60 } }, { gateway: { cpu: 101 } }]);
  assert.match(formatResult(result ?? assert.fail(), true), /\n\| \| all rounds \| {2}\| {2}\| 60\.0 101 \|/);
});

test('sums up values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.deepEqual(spread(Array.from({ length: 100 }, (_, index) => 99 - index)), { p50: 50, p99: 99, max: 99 });
});
