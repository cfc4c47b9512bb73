import assert from 'node:assert/strict';
import test from 'node:test';
import { type BreakerPolicy, CircuitBreaker, DEFAULT_BREAKER } from './circuit-breaker.ts';

const POLICY: BreakerPolicy = {
  consecutiveErrors: 3,
  errorRate: { percent: 50, minRequests: 10, windowMs: 1000 },
  openMs: 100,
  maxOpenMs: 350,
  halfOpenProbes: 1,
  probeTimeoutMs: 1000,
  slowStartMs: 0,
};

function fail(breaker: CircuitBreaker, nowMs: number, times = 1): void {
  for (let count = 0; count < times; count++) breaker.failed(nowMs, breaker.started(nowMs));
}

function succeed(breaker: CircuitBreaker, nowMs: number, times = 1): void {
  for (let count = 0; count < times; count++) breaker.succeeded(nowMs, breaker.started(nowMs));
}

test('failures in a row open it, a success between them does not let them', () => {
  const breaker = new CircuitBreaker(POLICY);
  fail(breaker, 0, 2);
  succeed(breaker, 0);
  fail(breaker, 0, 2);
  assert.equal(breaker.state(0), 'closed');
  fail(breaker, 0);
  assert.equal(breaker.state(0), 'open');
  assert.equal(breaker.allows(99), false);
  assert.equal(breaker.openings, 1);
  assert.equal(breaker.retryAtMs(), 100);
});

test('the error rate opens it once there are enough requests, and old ones are forgotten', () => {
  const breaker = new CircuitBreaker({ ...POLICY, consecutiveErrors: 0 });
  fail(breaker, 0, 9);
  assert.equal(breaker.state(0), 'closed');
  succeed(breaker, 2000, 6);
  fail(breaker, 2000, 5);
  assert.equal(breaker.state(2000), 'closed', '5 of 11 are less than half; the 9 are long gone');
  fail(breaker, 2000);
  assert.equal(breaker.state(2000), 'open', '6 of 12 are half');
});

test('half-open lets exactly one request through until it reports', () => {
  const breaker = new CircuitBreaker(POLICY);
  fail(breaker, 0, 3);
  assert.equal(breaker.state(100), 'half-open');
  assert.equal(breaker.wantsProbe(100), true);
  const probe = breaker.started(100);
  assert.equal(breaker.allows(100), false);
  assert.equal(breaker.wantsProbe(100), false);
  breaker.succeeded(150, probe);
  assert.equal(breaker.state(150), 'closed');
  assert.equal(breaker.closings, 1);
});

test('with three probes all of them must succeed', () => {
  const breaker = new CircuitBreaker({ ...POLICY, halfOpenProbes: 3 });
  fail(breaker, 0, 3);
  const tickets = [breaker.started(100), breaker.started(100), breaker.started(100)];
  assert.equal(breaker.allows(100), false);
  for (const ticket of tickets.slice(0, 2)) breaker.succeeded(110, ticket);
  assert.equal(breaker.state(110), 'half-open');
  assert.equal(breaker.allows(110), false, 'no fourth request for three successes');
  breaker.succeeded(110, tickets[2] ?? -1);
  assert.equal(breaker.state(110), 'closed');
});

test('failed probes double the opening up to the maximum, and a good time resets it', () => {
  const breaker = new CircuitBreaker(POLICY);
  fail(breaker, 0, 3);
  fail(breaker, 100);
  assert.equal(breaker.retryAtMs(), 300);
  fail(breaker, 300);
  assert.equal(breaker.retryAtMs(), 650, '350, not 400');
  succeed(breaker, 650);
  fail(breaker, 700, 3);
  assert.equal(breaker.retryAtMs(), 1050, 'failing again at once is the same illness');
  succeed(breaker, 1050);
  fail(breaker, 2000, 3);
  assert.equal(breaker.retryAtMs(), 2100);
});

test('requests that were under way when it opened do not open it again', () => {
  const breaker = new CircuitBreaker(POLICY);
  const tickets = Array.from({ length: 20 }, () => breaker.started(0));
  for (const ticket of tickets.slice(0, 10)) breaker.failed(10, ticket);
  for (const ticket of tickets.slice(10)) breaker.failed(120, ticket);
  assert.equal(breaker.openings, 1);
  assert.equal(breaker.state(120), 'half-open');
});

test('an aborted probe gives its place back, a lost one loses it in time', () => {
  const breaker = new CircuitBreaker(POLICY);
  fail(breaker, 0, 3);
  breaker.aborted(breaker.started(100));
  assert.equal(breaker.allows(100), true);
  breaker.started(100);
  assert.equal(breaker.allows(1099), false);
  assert.equal(breaker.allows(1100), true);
  succeed(breaker, 1100);
  assert.equal(breaker.state(1100), 'closed');
});

test('a request sent in spite of the opening closes it when it succeeds and changes nothing when it fails', () => {
  const breaker = new CircuitBreaker(POLICY);
  fail(breaker, 0, 3);
  fail(breaker, 50);
  assert.equal(breaker.retryAtMs(), 100);
  succeed(breaker, 60);
  assert.equal(breaker.state(60), 'closed');
});

test('it rests as long as it is told to, which is no failure', () => {
  const breaker = new CircuitBreaker(POLICY);
  breaker.rest(0, 500);
  breaker.rest(10, 20);
  assert.equal(breaker.state(499), 'open');
  assert.equal(breaker.allows(499), false);
  assert.equal(breaker.state(500), 'closed');
  assert.equal(breaker.openings, 0);
  assert.equal(breaker.rests, 1);
  breaker.failed(600, breaker.started(600), 100);
  assert.equal(breaker.allows(699), false);
  assert.equal(breaker.allows(700), true);
});

test('its weight grows after the return', () => {
  const breaker = new CircuitBreaker({ ...POLICY, slowStartMs: 1000 });
  assert.equal(breaker.weightFactor(0), 1);
  fail(breaker, 0, 3);
  succeed(breaker, 100);
  assert.equal(breaker.weightFactor(100), 0.1);
  assert.equal(breaker.weightFactor(600), 0.5);
  assert.equal(breaker.weightFactor(1100), 1);
  breaker.rest(5000, 10);
  assert.equal(breaker.weightFactor(5020), 1, 'a rest of 10 ms needs no slow return of a second');
});

test('the defaults open at five failures', () => {
  const breaker = new CircuitBreaker(DEFAULT_BREAKER);
  fail(breaker, 0, 4);
  assert.equal(breaker.state(0), 'closed');
  fail(breaker, 0);
  assert.equal(breaker.state(0), 'open');
});
