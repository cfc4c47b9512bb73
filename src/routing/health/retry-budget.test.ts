import assert from 'node:assert/strict';
import test from 'node:test';
import { RetryBudget } from './retry-budget.ts';
import { RollingWindow } from './rolling-window.ts';

test('retries stay a share of the traffic', () => {
  const budget = new RetryBudget({ percent: 20, minRetriesPerSecond: 0, windowMs: 10_000 });
  assert.equal(budget.tryRetry(0), false);
  for (let count = 0; count < 100; count++) budget.request(count);
  let allowed = 0;
  for (let count = 0; count < 100; count++) if (budget.tryRetry(100)) allowed++;
  assert.equal(allowed, 20);
  assert.equal(budget.refused, 81);
  assert.equal(budget.tryRetry(12_000), false, 'the requests have left the window, and so has their share');
});

test('little traffic may retry too', () => {
  const budget = new RetryBudget({ percent: 20, minRetriesPerSecond: 1, windowMs: 10_000 });
  for (let count = 0; count < 10; count++) assert.equal(budget.tryRetry(0), true);
  assert.equal(budget.tryRetry(0), false);
  assert.equal(budget.tryRetry(10_000), true);
});

test('counts leave the window a tenth of it at a time', () => {
  const window = new RollingWindow(1000);
  for (let at = 0; at < 1000; at += 100) window.add(at, 1, 2);
  assert.deepEqual([window.first, window.second], [10, 20]);
  window.advance(1000);
  assert.deepEqual([window.first, window.second], [9, 18]);
  window.advance(1450);
  assert.deepEqual([window.first, window.second], [5, 10]);
  window.add(1460, 1, 0);
  window.advance(1200);
  assert.deepEqual([window.first, window.second], [6, 10], 'an older time takes nothing back');
  window.advance(1e9);
  assert.deepEqual([window.first, window.second], [0, 0]);
});
