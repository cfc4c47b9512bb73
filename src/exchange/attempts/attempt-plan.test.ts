import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PickContext } from '../../routing/balance/balancer.ts';
import { createBalancer } from '../../routing/balance/create-balancer.ts';
import { hash32 } from '../../routing/balance/hash.ts';
import { LoadStats } from '../../routing/balance/load-stats.ts';
import { ConcurrencyLimit } from '../../routing/health/concurrency-limit.ts';
import type { LiveRoute, LiveTarget } from '../live.ts';
import { AttemptPlan } from './attempt-plan.ts';

interface FakeTarget {
  name: string;
  weight?: number;
  limit?: ConcurrencyLimit;
}

const resting = (names: readonly string[]) => new Set(names);

function fakeRoute(
  tiers: readonly (readonly (string | FakeTarget)[])[],
  options: { rests?: Set<string>; attempts?: number; attemptsPerPriority?: number } = {},
): LiveRoute {
  const rests = options.rests ?? new Set();
  const live = tiers.map((tier) => {
    const targets = tier.map((one): LiveTarget => {
      const { name, weight = 1, limit = undefined } = typeof one === 'string' ? { name: one } : one;
      return {
        name,
        weight,
        hash: hash32(name),
        stats: new LoadStats(),
        health: { allows: () => !rests.has(name), weightFactor: () => 1, wantsProbe: () => false },
        limit,
      } as unknown as LiveTarget;
    });
    return {
      targets,
      all: targets.map((_, index) => index),
      balancer: createBalancer('weighted-round-robin', targets),
    };
  });
  const { attempts, attemptsPerPriority } = options;
  return { route: { retry: { attempts, attemptsPerPriority } }, tiers: live } as unknown as LiveRoute;
}

function planOf(route: LiveRoute, options: { sticky?: number; unable?: readonly string[] } = {}): AttemptPlan {
  const context: PickContext = {
    nowMs: 0,
    random: 0.5,
    promptTokens: 0,
    expectedOutputTokens: 0,
    affinityHash: undefined,
    panic: false,
  };
  return new AttemptPlan(route, {
    context,
    stickyHash: options.sticky,
    canServe: (target) => options.unable?.includes(nameOf(target)) !== true,
  });
}

const nameOf = (target: LiveTarget | undefined) => (target as unknown as { name: string } | undefined)?.name ?? '-';

/** The names of what a plan gives, up to `count` of them; `-` where it gives nothing. */
function order(plan: AttemptPlan, count: number): string {
  return Array.from({ length: count }, () => nameOf(plan.next())).join(' ');
}

test('each target once, those of a priority before the next', () => {
  assert.equal(order(planOf(fakeRoute([['a'], ['b'], ['c']])), 4), 'a b c -');
  assert.equal(order(planOf(fakeRoute([['a', 'b'], ['c']])), 4), 'a b c -');
});

test('first choices keep to the weights whatever becomes of them', () => {
  const route = fakeRoute([
    [
      { name: 'a', weight: 3 },
      { name: 'b', weight: 1 },
    ],
    ['c'],
  ]);
  const firsts = Array.from({ length: 8 }, () => {
    const plan = planOf(route);
    const first = nameOf(plan.next());
    plan.next();
    return first;
  });
  assert.equal(firsts.filter((name) => name === 'a').length, 6);
});

test('what rests is left to the last, and tried all the same', () => {
  assert.equal(order(planOf(fakeRoute([['a'], ['b'], ['c']], { rests: resting(['a', 'b']) })), 4), 'c a b -');
  assert.equal(order(planOf(fakeRoute([['a', 'b'], ['c']], { rests: resting(['a', 'b', 'c']) })), 4), 'a b c -');
});

test('a target that comes back meanwhile is found where it was passed by', () => {
  const rests = resting(['a']);
  const plan = planOf(fakeRoute([['a'], ['b']], { rests }));
  assert.equal(nameOf(plan.next()), 'b');
  rests.delete('a');
  assert.equal(order(plan, 2), 'a -');
});

test('attempts go round until they are used up', () => {
  assert.equal(order(planOf(fakeRoute([['a'], ['b']], { attempts: 5 })), 6), 'a b a b a -');
  assert.equal(order(planOf(fakeRoute([['a'], ['b']], { attempts: 1 })), 2), 'a -');
  assert.equal(order(planOf(fakeRoute([['a']], { attempts: 3, rests: resting(['a']) })), 4), 'a a a -');
});

test('attempts of a priority: fewer than its targets, or more', () => {
  assert.equal(order(planOf(fakeRoute([['a', 'b'], ['c']], { attemptsPerPriority: 1 })), 3), 'a c -');
  assert.equal(order(planOf(fakeRoute([['a'], ['b']], { attemptsPerPriority: 2 })), 5), 'a a b b -');
  assert.equal(order(planOf(fakeRoute([['a'], ['b']], { attemptsPerPriority: 2, attempts: 5 })), 6), 'a a b b a -');
  assert.equal(order(planOf(fakeRoute([['a'], ['b']], { attemptsPerPriority: 2, attempts: 3 })), 4), 'a a b -');
});

test('another way into the last target counts as an attempt', () => {
  const plan = planOf(fakeRoute([['a'], ['b']], { attempts: 3 }));
  assert.equal(nameOf(plan.next()), 'a');
  assert.equal(plan.again(), true);
  assert.equal(nameOf(plan.next()), 'b');
  assert.equal(plan.again(), false);
  const bounded = planOf(fakeRoute([['a'], ['b']], { attemptsPerPriority: 2 }));
  bounded.next();
  assert.deepEqual([bounded.again(), bounded.again()], [true, false]);
  assert.equal(nameOf(bounded.next()), 'b');
});

test('a rival is a target that is well and was not tried; it counts as an attempt', () => {
  const plan = planOf(fakeRoute([['a'], ['b'], ['c']], { attempts: 3, rests: resting(['b']) }));
  plan.next();
  assert.equal(nameOf(plan.rival()), 'c');
  assert.equal(plan.rival(), undefined);
  assert.equal(nameOf(plan.next()), 'b');
  assert.equal(plan.next(), undefined);
});

test('a caller keeps its target, and has another only while it rests', () => {
  const rests = new Set<string>();
  const route = fakeRoute([['a', 'b', 'c'], ['d']], { rests });
  const own = nameOf(planOf(route, { sticky: 42 }).next());
  for (let at = 0; at < 5; at++) assert.equal(nameOf(planOf(route, { sticky: 42 }).next()), own);
  rests.add(own);
  const other = nameOf(planOf(route, { sticky: 42 }).next());
  assert.notEqual(other, own);
  assert.notEqual(other, 'd');
  rests.delete(own);
  assert.equal(nameOf(planOf(route, { sticky: 42 }).next()), own);
  const all = order(planOf(route, { sticky: 42 }), 5);
  assert.deepEqual(all.split(' ').sort(), ['-', 'a', 'b', 'c', 'd']);
});

test('targets that cannot serve the operation are left out, in every round', () => {
  const plan = planOf(fakeRoute([['a', 'b'], ['c']], { attempts: 4 }), { unable: ['a'] });
  assert.equal(plan.servable(), true);
  assert.equal(order(plan, 5), 'b c b c -');
  assert.equal(planOf(fakeRoute([['a']]), { unable: ['a'] }).servable(), false);
});

test('a target whose queue is full is passed by', () => {
  const limit = new ConcurrencyLimit(1, 0);
  limit.tryAcquire();
  assert.equal(order(planOf(fakeRoute([[{ name: 'a', limit }, 'b'], ['c']])), 2), 'b c');
});

test('targets without weight get no first requests', () => {
  assert.equal(order(planOf(fakeRoute([['a', { name: 'b', weight: 0 }]])), 2), 'a -');
});
