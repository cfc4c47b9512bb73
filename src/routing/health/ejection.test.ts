import assert from 'node:assert/strict';
import test from 'node:test';
import { type BreakerPolicy, CircuitBreaker, DEFAULT_BREAKER } from './circuit-breaker.ts';
import { DEFAULT_EJECTION, EjectionGroup, maxEjected } from './ejection.ts';
import { ALWAYS_WELL, allResting, JointHealth } from './health.ts';
import { DEFAULT_KEY_POLICY, KeyHealth } from './key-health.ts';

function report(breaker: CircuitBreaker | undefined, nowMs: number, counts: { good: number; bad: number }): void {
  assert.ok(breaker);
  for (let count = 0; count < counts.bad; count++) breaker.failed(nowMs, breaker.started(nowMs));
  for (let count = 0; count < counts.good; count++) breaker.succeeded(nowMs, breaker.started(nowMs));
}

function groupOf(lanes: number, policy: BreakerPolicy = DEFAULT_BREAKER): EjectionGroup {
  const group = new EjectionGroup();
  const breakers = Array.from({ length: lanes }, () => new CircuitBreaker(policy, group));
  group.use(breakers, DEFAULT_EJECTION);
  return group;
}

test('one lane always stays unless all may go', () => {
  assert.equal(maxEjected(1, 50), 0);
  assert.equal(maxEjected(2, 10), 1);
  assert.equal(maxEjected(2, 99), 1);
  assert.equal(maxEjected(10, 50), 5);
  assert.equal(maxEjected(10, 100), 10);
  assert.equal(maxEjected(10, 0), 0);
});

test('failures eject no more lanes than may go', () => {
  const group = groupOf(4);
  for (const breaker of group.breakers) report(breaker, 0, { good: 0, bad: 5 });
  assert.deepEqual(
    group.breakers.map((breaker) => breaker.allows(0)),
    [false, false, true, true],
  );
  assert.equal(group.ejected(0), 2);
  assert.equal(group.held, 2);
  assert.equal(group.allResting(0), false);
  report(group.breakers[0], DEFAULT_BREAKER.openMs, { good: 1, bad: 0 });
  report(group.breakers[2], DEFAULT_BREAKER.openMs, { good: 0, bad: 1 });
  assert.equal(group.breakers[2]?.allows(DEFAULT_BREAKER.openMs), false, 'there is room again');
});

test('lanes come and go, and those that stay keep their state', () => {
  const group = groupOf(2);
  const [first, second] = group.breakers as [CircuitBreaker, CircuitBreaker];
  report(first, 0, { good: 0, bad: 5 });
  report(second, 0, { good: 0, bad: 5 });
  assert.equal(second.allows(0), true, 'the last one of two stays');
  const third = new CircuitBreaker(DEFAULT_BREAKER, group);
  const fourth = new CircuitBreaker(DEFAULT_BREAKER, group);
  group.use([first, second, third, fourth], DEFAULT_EJECTION);
  report(second, 0, { good: 0, bad: 1 });
  assert.equal(second.allows(0), false, 'two of four may go');
  group.use([third], DEFAULT_EJECTION);
  report(third, 0, { good: 0, bad: 9 });
  assert.equal(third.allows(0), true);
  group.use([], DEFAULT_EJECTION);
  assert.equal(group.ejected(0), 0);
  assert.equal(group.allResting(0), true);
});

test('a lane that was told to rest counts as out', () => {
  const group = groupOf(2);
  group.breakers[0]?.rest(0, 1000);
  report(group.breakers[1], 0, { good: 0, bad: 9 });
  assert.equal(group.allResting(0), false);
  group.breakers[1]?.rest(0, 1000);
  assert.equal(group.allResting(0), true);
  assert.equal(group.allResting(1000), false);
});

test('a lane that succeeds less than its neighbours is ejected', () => {
  const group = groupOf(6, { ...DEFAULT_BREAKER, consecutiveErrors: 0 });
  for (const [at, breaker] of group.breakers.entries()) report(breaker, 0, { good: at === 3 ? 140 : 198, bad: 2 });
  report(group.breakers[3], 0, { good: 0, bad: 58 });
  group.compare(0);
  assert.deepEqual(
    group.breakers.map((breaker) => breaker.allows(0)),
    [true, true, true, false, true, true],
  );
});

test('lanes that are all alike, or too few, are not compared', () => {
  for (const lanes of [4, 6]) {
    const group = groupOf(lanes, { ...DEFAULT_BREAKER, consecutiveErrors: 0 });
    for (const [at, breaker] of group.breakers.entries())
      report(breaker, 0, { good: 100, bad: lanes === 4 && at === 0 ? 60 : 10 });
    group.compare(0);
    assert.equal(group.ejected(0), 0);
  }
});

test('a lane needs its endpoint and its key', () => {
  const group = groupOf(2, { ...DEFAULT_BREAKER, slowStartMs: 0 });
  const key = new KeyHealth(DEFAULT_KEY_POLICY);
  const lane = new JointHealth([group.breakers[0] ?? ALWAYS_WELL, key]);
  assert.equal(lane.allows(0), true);
  key.observed('limited', 0, 50);
  assert.equal(lane.allows(0), false);
  report(group.breakers[0], 0, { good: 0, bad: 5 });
  key.observed('limited', 0, 6000);
  assert.equal(lane.wantsProbe(5000), false, 'the key still rests');
  assert.equal(lane.wantsProbe(6000), true);
  assert.equal(lane.weightFactor(6000), 1);
  assert.equal(allResting([lane, ALWAYS_WELL], [0], 5000), true);
  assert.equal(allResting([lane, ALWAYS_WELL], [0, 1], 5000), false);
});
