import assert from 'node:assert/strict';
import test from 'node:test';
import { ActiveCheck } from './active-check.ts';

test('failures in a row take an endpoint out, successes in a row take it back', () => {
  const check = new ActiveCheck({ unhealthy: 3, healthy: 2, slowStartMs: 0 });
  assert.equal(check.allows(), true, 'in use before the first answer');
  assert.equal(check.observed('status 500', 0), undefined);
  assert.equal(check.observed('status 500', 0), undefined);
  assert.equal(check.observed(undefined, 0), undefined, 'a success ends the row');
  assert.equal(check.fault, undefined);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((fault) => check.observed(fault, 0)),
    [undefined, undefined, 'out', undefined],
  );
  assert.equal(check.allows(), false);
  assert.equal(check.fault, 'd');
  assert.equal(check.observed(undefined, 0), undefined);
  assert.equal(check.observed('e', 0), undefined, 'a failure ends the row');
  assert.equal(check.observed(undefined, 0), undefined);
  assert.equal(check.allows(), false);
  assert.equal(check.observed(undefined, 0), 'back');
  assert.equal(check.allows(), true);
  assert.equal(check.ejections, 1);
});

test('what came back starts slowly', () => {
  const check = new ActiveCheck({ unhealthy: 1, healthy: 1, slowStartMs: 1000 });
  assert.equal(check.weightFactor(0), 1);
  check.observed('gone', 100);
  check.observed(undefined, 200);
  assert.equal(check.weightFactor(200), 0.1);
  assert.equal(check.weightFactor(700), 0.5);
  assert.equal(check.weightFactor(1200), 1);
});
