import assert from 'node:assert/strict';
import test from 'node:test';
import { DecayedAverage } from './decayed-average.ts';
import { DecayedHistogram } from './decayed-histogram.ts';
import { createLoadTicket, LoadStats, tokenClass } from './load-stats.ts';

/** One request that gets its first token after `ttftMs` and its last at once. */
function serve(stats: LoadStats, nowMs: number, { tokens, ttftMs }: { tokens: number; ttftMs: number }): void {
  const ticket = createLoadTicket(tokens);
  stats.started(ticket, nowMs);
  stats.firstToken(ticket, nowMs + ttftMs);
  stats.finished(ticket, nowMs + ttftMs, 1);
}

test('an average follows what comes, half of it in a half-life', () => {
  const average = new DecayedAverage(1000);
  assert.ok(Number.isNaN(average.value));
  average.add(0, 100);
  assert.equal(average.value, 100);
  average.add(1, 300);
  assert.ok(Math.abs(average.value - 200) < 1, 'two samples at once count alike');
  for (let at = 0; at < 1000; at++) average.add(1 + at * 10, 50);
  assert.ok(Math.abs(average.value - 50) < 1);
  average.add(1e9, 70);
  assert.equal(Math.round(average.value), 70, 'after a long silence the newest is all that counts');
});

test('quantiles are right to within a tenth, and old samples fade', () => {
  const histogram = new DecayedHistogram(1000);
  assert.ok(Number.isNaN(histogram.quantile(0.95)));
  for (let ms = 1; ms <= 10_000; ms++) histogram.add(0, ms);
  for (const q of [0.1, 0.5, 0.95]) assert.ok(Math.abs(histogram.quantile(q) / (q * 10_000) - 1) < 0.1, String(q));
  assert.equal(Math.round(histogram.samples(1000)), 5000);
  for (let count = 0; count < 100; count++) histogram.add(100_000, 20);
  assert.ok(histogram.quantile(0.95) < 25);
  assert.equal(Math.round(histogram.samples(100_000)), 100);
  histogram.add(1e9, 1e12);
  assert.ok(histogram.quantile(0.5) > 100_000, 'what is off the scale counts as its end');
});

test('classes of prompts', () => {
  assert.deepEqual([0, 999, 1000, 3999, 4000, 15_999, 16_000, 1e6].map(tokenClass), [0, 0, 1, 1, 2, 2, 3, 3]);
});

test('what is under way is counted, each request once', () => {
  const stats = new LoadStats();
  const a = createLoadTicket(100);
  const b = createLoadTicket(200);
  stats.started(a, 0);
  stats.started(b, 0);
  assert.deepEqual([stats.inFlight, stats.waiting], [2, 2]);
  stats.firstToken(a, 50);
  stats.firstToken(a, 60);
  assert.deepEqual([stats.inFlight, stats.waiting], [2, 1]);
  stats.finished(a, 2050, 40);
  stats.failed(a, 2060);
  assert.equal(stats.tokensPerSecond.value, 20);
  assert.equal(stats.failureShare(), 0);
  stats.aborted(b);
  assert.deepEqual([stats.inFlight, stats.waiting, stats.waitingWork], [0, 0, 0]);
  assert.equal(stats.ttftMs(100), 50);
});

test('the expected time grows with the prompt and with the work that waits', () => {
  const stats = new LoadStats();
  assert.ok(Number.isNaN(stats.predictTtftMs(500, 0)));
  assert.equal(stats.isUntried(0), true);
  serve(stats, 0, { tokens: 700, ttftMs: 100 });
  assert.equal(stats.isUntried(100), false);
  assert.equal(Math.round(stats.predictTtftMs(700, 100)), 100);
  assert.ok(stats.predictTtftMs(8000, 100) > 500, 'the nearest class stands in for one without figures');
  stats.started(createLoadTicket(700), 100);
  assert.equal(Math.round(stats.predictTtftMs(700, 100)), 150);
});

test('a silent candidate is expected to stay silent, an idle one is forgiven', () => {
  const stats = new LoadStats();
  serve(stats, 0, { tokens: 700, ttftMs: 100 });
  assert.equal(Math.round(stats.predictTtftMs(700, 60_100)), 50);
  const ticket = createLoadTicket(700);
  stats.started(ticket, 60_100);
  assert.equal(stats.predictTtftMs(700, 69_100), 9000);
  stats.failed(ticket, 69_100);
  assert.ok(stats.failureShare() > 0.5);
  assert.ok(stats.predictTtftMs(700, 69_100) > 100, 'failing fast is not being fast');
});

test('the delay for hedging needs samples', () => {
  const stats = new LoadStats();
  for (let count = 0; count < 19; count++) serve(stats, count * 10, { tokens: 500, ttftMs: 100 });
  assert.ok(Number.isNaN(stats.p95TtftMs(500, 200)));
  for (let count = 0; count < 20; count++) serve(stats, 200 + count * 10, { tokens: 500, ttftMs: 100 });
  const p95 = stats.p95TtftMs(500, 400);
  assert.ok(p95 > 90 && p95 < 120, String(p95));
  assert.ok(Number.isNaN(stats.p95TtftMs(5000, 400)), 'each class has its own');
});
