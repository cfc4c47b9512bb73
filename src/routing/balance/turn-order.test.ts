import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { turnOrder } from './turn-order.ts';

const weights = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 6 });

test('one round holds each choice exactly by its reduced weight', () => {
  fc.assert(
    fc.property(weights, (list) => {
      fc.pre(list.some((weight) => weight > 0));
      const turns = turnOrder(list);
      const total = list.reduce((sum, weight) => sum + weight, 0);
      for (const [index, weight] of list.entries()) {
        const count = turns.filter((turn) => turn === index).length;
        assert.equal(count * total, weight * turns.length);
      }
    }),
  );
});

test('turns are spread: no choice is ever more than one turn ahead of its share', () => {
  fc.assert(
    fc.property(weights, (list) => {
      const total = list.reduce((sum, weight) => sum + weight, 0);
      fc.pre(total > 0);
      const seen = list.map(() => 0);
      for (const [turn, index] of turnOrder(list).entries()) {
        seen[index] = (seen[index] ?? 0) + 1;
        for (const [choice, weight] of list.entries()) {
          const share = ((turn + 1) * weight) / total;
          const count = seen[choice] ?? 0;
          assert.ok(count <= Math.ceil(share) + 1 && count >= Math.floor(share) - 1, `${list} at ${turn}`);
        }
      }
    }),
  );
});

test('weights 90 and 10 give nine turns in ten, evenly', () => {
  assert.deepEqual(turnOrder([90, 10]), [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  assert.deepEqual(turnOrder([1, 1]), [0, 1]);
  assert.deepEqual(turnOrder([0, 3, 0]), [1]);
  assert.deepEqual(turnOrder([0, 0]), []);
});

test('large weights are scaled down and still give everyone a turn', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 5 }), (list) => {
      const total = list.reduce((sum, weight) => sum + weight, 0);
      fc.pre(total > 0);
      const turns = turnOrder(list);
      assert.ok(turns.length <= 1000 + list.length);
      for (const [index, weight] of list.entries()) {
        const count = turns.filter((turn) => turn === index).length;
        if (weight === 0) assert.equal(count, 0);
        else assert.ok(count >= 1);
        assert.ok(Math.abs(count / turns.length - weight / total) < 0.01, `${list}: ${count} of ${turns.length}`);
      }
    }),
    { numRuns: 50 },
  );
});
