import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Expiring, ExpiryHeap } from './expiry-heap.ts';

test('gives its items soonest first, whatever was taken out before', () => {
  const item = fc.record({ expiresMs: fc.nat(50), takenOut: fc.boolean() });
  fc.assert(
    fc.property(fc.array(item), (plan) => {
      const heap = new ExpiryHeap<Expiring>();
      const items = plan.map(({ expiresMs }) => ({ expiresMs, heapIndex: -1 }));
      for (const one of items) heap.add(one);
      plan.forEach(({ takenOut }, index) => {
        const one = items[index];
        if (takenOut && one !== undefined) {
          heap.remove(one);
          heap.remove(one);
        }
      });
      const expected = plan.filter(({ takenOut }) => !takenOut).map(({ expiresMs }) => expiresMs);
      const seen: number[] = [];
      for (let first = heap.first(); first !== undefined; first = heap.first()) {
        seen.push(first.expiresMs);
        heap.remove(first);
      }
      assert.deepEqual(
        seen,
        expected.sort((a, b) => a - b),
      );
      assert.equal(heap.size, 0);
    }),
  );
});
