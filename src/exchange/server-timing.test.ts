import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverTiming } from './server-timing.ts';
import type { Attempt } from './state.ts';

test('times have one digit behind the point, rounded', () => {
  const cases: [ms: number, text: string][] = [
    [0, '0.0'],
    [0.04, '0.0'],
    [0.06, '0.1'],
    [0.96, '1.0'],
    [9.94, '9.9'],
    [12.3, '12.3'],
    [1234.56, '1234.6'],
    [600_000, '600000.0'],
  ];
  for (const [ms, text] of cases) {
    const state = { runtime: { monotonic: () => ms }, startedMonotonic: 0 };
    const attempt = { state, startedMonotonic: 0 } as unknown as Attempt;
    assert.equal(serverTiming(attempt), `upstream;dur=${text}, total;dur=${text}`);
  }
});
