import assert from 'node:assert/strict';
import test from 'node:test';
import { ConcurrencyLimit, Waiter } from './concurrency-limit.ts';

test('places, then seats, then no', () => {
  const limit = new ConcurrencyLimit(2, 1);
  const order: string[] = [];
  assert.equal(limit.tryAcquire(), true);
  assert.equal(limit.tryAcquire(), true);
  assert.equal(limit.tryAcquire(), false);
  assert.equal(limit.takes(), true);
  assert.equal(limit.enqueue(new Waiter(() => order.push('a'))), true);
  assert.equal(limit.takes(), false);
  assert.equal(limit.enqueue(new Waiter(() => order.push('b'))), false);
  assert.equal(limit.refused, 1);
  limit.release();
  assert.deepEqual(order, ['a']);
  assert.equal(limit.active, 2);
  limit.release();
  limit.release();
  assert.equal(limit.active, 0);
  assert.equal(limit.hasRoom(), true);
});

test('waiters go in order; those that left are passed over', () => {
  const limit = new ConcurrencyLimit(1, 10);
  const order: string[] = [];
  const waiters = ['a', 'b', 'c', 'd'].map((name) => new Waiter(() => order.push(name)));
  limit.tryAcquire();
  for (const waiter of waiters) limit.enqueue(waiter);
  const [first, second, , last] = waiters;
  assert.ok(first && second && last);
  assert.equal(limit.remove(second), true);
  assert.equal(limit.remove(second), false);
  assert.equal(limit.remove(last), true);
  assert.equal(limit.queued, 2);
  limit.release();
  assert.equal(limit.remove(first), false, 'it holds a place by now');
  limit.release();
  limit.release();
  assert.deepEqual(order, ['a', 'c']);
  assert.deepEqual([limit.active, limit.queued], [0, 0]);
  assert.equal(limit.enqueue(second), true, 'a waiter that left can come back');
});

test('a waiter in a queue cannot join another', () => {
  const waiter = new Waiter(() => {});
  new ConcurrencyLimit(0, 1).enqueue(waiter);
  assert.throws(() => new ConcurrencyLimit(0, 1).enqueue(waiter), /one queue/);
});

test('a long queue of waiters that end at once does not exhaust the stack', () => {
  const limit = new ConcurrencyLimit(1, 100_000);
  let proceeded = 0;
  limit.tryAcquire();
  for (let count = 0; count < 100_000; count++) {
    limit.enqueue(
      new Waiter(() => {
        proceeded++;
        limit.release();
      }),
    );
  }
  limit.release();
  assert.equal(proceeded, 100_000);
  assert.deepEqual([limit.active, limit.queued], [0, 0]);
});
