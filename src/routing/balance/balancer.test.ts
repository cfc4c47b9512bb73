import assert from 'node:assert/strict';
import test from 'node:test';
import { ConcurrencyLimit } from '../health/concurrency-limit.ts';
import { ALWAYS_WELL, type Health } from '../health/health.ts';
import type { Candidate, PickContext } from './balancer.ts';
import { BALANCE_STRATEGIES, createBalancer } from './create-balancer.ts';
import { LeastRequests } from './least-requests.ts';
import { createLoadTicket, DEFAULT_LOAD_STATS, LoadStats } from './load-stats.ts';

interface Parts {
  weight?: number;
  health?: Health;
  limit?: ConcurrencyLimit;
  price?: number;
}

function candidate(parts: Parts = {}): Candidate {
  const price = parts.price ?? Number.NaN;
  return {
    weight: parts.weight ?? 1,
    hash: 0,
    stats: new LoadStats({ ...DEFAULT_LOAD_STATS, inputCost: price, outputCost: price }),
    health: parts.health ?? ALWAYS_WELL,
    limit: parts.limit,
  };
}

/** Health that a test can change. */
class Switch implements Health {
  well = true;
  factor = 1;
  probe = false;
  allows(): boolean {
    return this.well;
  }
  weightFactor(): number {
    return this.factor;
  }
  wantsProbe(): boolean {
    return this.probe;
  }
}

function context(changes: Partial<PickContext> = {}): PickContext {
  const base = { nowMs: 0, random: 0, promptTokens: 500, expectedOutputTokens: 0, affinityHash: undefined };
  return { ...base, panic: false, ...changes };
}

const indexes = (candidates: readonly Candidate[]): number[] => candidates.map((_, at) => at);

/** Lets a request take its time at a candidate. */
function serve(at: Candidate | undefined, ttftMs: number, nowMs = 0): void {
  assert.ok(at);
  const ticket = createLoadTicket(500);
  at.stats.started(ticket, nowMs);
  at.stats.firstToken(ticket, nowMs + ttftMs);
  at.stats.finished(ticket, nowMs + ttftMs, 0);
}

function counts(picks: readonly number[], of: number): number[] {
  return Array.from({ length: of }, (_, at) => picks.filter((pick) => pick === at).length);
}

for (const strategy of BALANCE_STRATEGIES) {
  test(`${strategy} never picks what rests, has no weight or no seat, and says when nothing is left`, () => {
    const resting = new Switch();
    resting.well = false;
    const full = new ConcurrencyLimit(0, 0);
    const all = [candidate({ health: resting }), candidate({ weight: 0 }), candidate({ limit: full }), candidate()];
    const balancer = createBalancer(strategy, all);
    for (const hash of [undefined, 1, 2, 3, 4, 5, 6, 7])
      for (const random of [0, 0.3, 0.6, 0.99])
        assert.equal(balancer.pick(indexes(all), context({ affinityHash: hash, random })), 3);
    assert.equal(balancer.pick([0, 1, 2], context({ affinityHash: 1 })), -1);
    assert.equal(balancer.pick([0, 1, 2], context({ affinityHash: 1, panic: true })), 0, 'all the same');
    assert.equal(balancer.pick([], context({ affinityHash: 1 })), -1);
  });
}

test('round robin is exact over any window, also among those that are left', () => {
  const rests = new Switch();
  const all = [candidate({ weight: 5, health: rests }), candidate({ weight: 3 }), candidate({ weight: 2 })];
  const balancer = createBalancer('weighted-round-robin', all);
  const pick = (): number => balancer.pick(indexes(all), context());
  const picks = Array.from({ length: 37 }, pick);
  rests.well = false;
  const without = Array.from({ length: 43 }, pick);
  rests.well = true;
  const after = Array.from({ length: 40 }, pick);
  for (let at = 0; at + 10 <= picks.length; at++) assert.deepEqual(counts(picks.slice(at, at + 10), 3), [5, 3, 2]);
  for (let at = 0; at + 5 <= without.length; at++) assert.deepEqual(counts(without.slice(at, at + 5), 3), [0, 3, 2]);
  for (let at = 0; at + 10 <= after.length; at++) assert.deepEqual(counts(after.slice(at, at + 10), 3), [5, 3, 2]);
});

test('second attempts take turns of their own', () => {
  const all = [candidate({ weight: 2 }), candidate({ weight: 1 }), candidate({ weight: 1 })];
  const balancer = createBalancer('weighted-round-robin', all);
  const firsts: number[] = [];
  const seconds: number[] = [];
  for (let count = 0; count < 40; count++) {
    const first = balancer.pick(indexes(all), context());
    firsts.push(first);
    if (first === 0) seconds.push(balancer.pick([1, 2], context()));
  }
  assert.deepEqual(counts(firsts, 3), [20, 10, 10]);
  assert.deepEqual(counts(seconds, 3), [0, 10, 10]);
});

test('one that comes back takes a part of its turns', () => {
  const returning = new Switch();
  returning.factor = 0.25;
  const all = [candidate({ health: returning }), candidate()];
  const balancer = createBalancer('weighted-round-robin', all);
  const picks = Array.from({ length: 100 }, () => balancer.pick(indexes(all), context()));
  assert.deepEqual(counts(picks, 2), [20, 80], 'one turn for each four of the other');
  assert.equal(balancer.pick([0], context()), 0, 'alone it takes every request');
});

test('least requests counts per weight; ties go anywhere', () => {
  const all = [candidate({ weight: 1 }), candidate({ weight: 3 }), candidate({ weight: 1 })];
  const balancer = createBalancer('least-requests', all);
  const picks: number[] = [];
  for (let count = 0; count < 50; count++) {
    const pick = balancer.pick(indexes(all), context({ random: (count % 10) / 10 }));
    all[pick]?.stats.started(createLoadTicket(10), 0);
    picks.push(pick);
  }
  assert.deepEqual(counts(picks, 3), [10, 30, 10]);
  const even = [candidate(), candidate(), candidate()];
  const ties = [0, 0.4, 0.9].map((random) =>
    createBalancer('least-requests', even).pick([0, 1, 2], context({ random })),
  );
  assert.deepEqual(ties, [0, 1, 2]);
});

test('two choices look at two, whichever they are', () => {
  const all = [candidate(), candidate(), candidate(), candidate()];
  for (const at of [0, 1, 2]) all[at]?.stats.started(createLoadTicket(10), 0);
  const balancer = new LeastRequests(all, 'two');
  const picks = Array.from({ length: 1200 }, (_, at) =>
    balancer.pick([0, 1, 2, 3], context({ random: (at + 0.5) / 1200 })),
  );
  assert.deepEqual(counts(picks, 4), [200, 200, 200, 600], 'the idle one is among half of the pairs');
});

test('a probe comes first, whatever the figures say', () => {
  const back = new Switch();
  back.probe = true;
  const all = [candidate(), candidate({ health: back })];
  serve(all[0], 10);
  serve(all[1], 10_000);
  for (const strategy of ['latency', 'least-requests', 'cost', 'headroom'] as const)
    assert.equal(createBalancer(strategy, all).pick([0, 1], context()), 1);
});

test('latency: what was never tried is tried by one request at a time', () => {
  const all = [candidate(), candidate(), candidate()];
  const balancer = createBalancer('latency', all);
  serve(all[0], 1000);
  serve(all[1], 100);
  assert.equal(balancer.pick([0, 1, 2], context()), 2);
  const ticket = createLoadTicket(500);
  all[2]?.stats.started(ticket, 0);
  assert.equal(balancer.pick([0, 1, 2], context()), 1);
  all[2]?.stats.firstToken(ticket, 20);
  assert.equal(balancer.pick([0, 1, 2], context({ nowMs: 20 })), 2);
});

test('latency: what failed untried is not tried again at once', () => {
  const all = [candidate(), candidate()];
  const balancer = createBalancer('latency', all);
  serve(all[0], 1000);
  const ticket = createLoadTicket(500);
  all[1]?.stats.started(ticket, 0);
  all[1]?.stats.failed(ticket, 5);
  assert.equal(balancer.pick([0, 1], context({ nowMs: 1000 })), 0);
  assert.equal(balancer.pick([0, 1], context({ nowMs: 20_000 })), 1);
});

test('latency: with no figures at all the load decides', () => {
  const all = [candidate(), candidate()];
  const balancer = createBalancer('latency', all);
  const picks: number[] = [];
  for (let count = 0; count < 10; count++) {
    const pick = balancer.pick([0, 1], context());
    all[pick]?.stats.started(createLoadTicket(10), 0);
    picks.push(pick);
  }
  assert.deepEqual(counts(picks, 2), [5, 5]);
});

test('latency: the faster one first, until it has more to do', () => {
  const all = [candidate(), candidate()];
  const balancer = createBalancer('auto', all);
  serve(all[0], 400);
  serve(all[1], 200);
  assert.equal(balancer.pick([0, 1], context({ nowMs: 400 })), 1);
  for (let count = 0; count < 3; count++) all[1]?.stats.started(createLoadTicket(500), 400);
  assert.equal(balancer.pick([0, 1], context({ nowMs: 400 })), 0);
});

test('cost: the cheapest that has room, equals by load, unknown prices last', () => {
  const limit = new ConcurrencyLimit(1, 5);
  const all = [candidate(), candidate({ price: 3 }), candidate({ price: 1, limit }), candidate({ price: 3 })];
  const balancer = createBalancer('cost', all);
  assert.equal(balancer.pick([0, 1, 2, 3], context()), 2);
  limit.tryAcquire();
  all[1]?.stats.started(createLoadTicket(10), 0);
  assert.equal(balancer.pick([0, 1, 2, 3], context()), 3);
  assert.equal(balancer.pick([0, 2], context()), 0);
  assert.equal(balancer.pick([2], context()), 2, 'a queue is better than nothing');
});

test('headroom: the limit with most left', () => {
  const all = [candidate(), candidate()];
  const balancer = createBalancer('headroom', all);
  all[0]?.stats.learnedHeadroom(0, 0.2);
  all[1]?.stats.learnedHeadroom(0, 0.9);
  for (const random of [0, 0.5, 0.9]) assert.equal(balancer.pick([0, 1], context({ random })), 1);
  all[1]?.stats.learnedHeadroom(1000, 0);
  assert.equal(balancer.pick([0, 1], context({ nowMs: 1000 })), 0);
  assert.equal(all[1]?.stats.headroom(62_000), 1, 'forgotten after a minute');
});
