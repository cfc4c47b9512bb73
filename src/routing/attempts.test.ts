import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { attemptOrder } from './attempts.ts';

const ONCE = { attempts: undefined, attemptsPerPriority: undefined };
const first = () => 0;

test('each target is tried once: the chosen one, its neighbours, the next priority', () => {
  assert.deepEqual(
    attemptOrder([[0, 1, 2], [3], [4, 5]], (tier) => (tier === 0 ? 1 : tier === 2 ? 1 : 0), ONCE),
    [1, 2, 0, 3, 5, 4],
  );
});

test('attempts bound the order, or repeat it', () => {
  const tiers = [[0, 1], [2]];
  assert.deepEqual(attemptOrder(tiers, first, { ...ONCE, attempts: 2 }), [0, 1]);
  assert.deepEqual(attemptOrder(tiers, first, { ...ONCE, attempts: 5 }), [0, 1, 2, 0, 1]);
  assert.deepEqual(attemptOrder(tiers, first, { attempts: undefined, attemptsPerPriority: 1 }), [0, 2]);
  assert.deepEqual(attemptOrder(tiers, first, { attempts: 4, attemptsPerPriority: 1 }), [0, 2, 0, 2]);
  assert.deepEqual(attemptOrder([[7]], first, { ...ONCE, attempts: 3 }), [7, 7, 7]);
});

test('whatever the tiers, the order is complete, fair and never asks for a choice among one', () => {
  const tiers = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 4 }).map((sizes) => {
    let next = 0;
    return sizes.map((size) => Array.from({ length: size }, () => next++));
  });
  fc.assert(
    fc.property(
      tiers,
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      fc.nat(),
      (list, attempts, seed) => {
        const all = list.flat();
        fc.pre(all.length > 0);
        const choose = (tier: number) => {
          const size = list[tier]?.length ?? 0;
          assert.ok(size > 1, 'asked to choose among one');
          return seed % size;
        };
        const order = attemptOrder(list, choose, { attempts, attemptsPerPriority: undefined });
        assert.equal(order.length, attempts ?? all.length);
        const round = order.slice(0, all.length);
        assert.equal(new Set(round).size, round.length);
        if (attempts === undefined)
          assert.deepEqual(
            [...round].sort((a, b) => a - b),
            all,
          );
        for (const [index, target] of order.entries()) assert.equal(target, order[index % all.length]);
      },
    ),
  );
});
