import assert from 'node:assert/strict';
import test from 'node:test';
import { ConcurrencyLimit } from '../health/concurrency-limit.ts';
import { ALWAYS_WELL, type Health } from '../health/health.ts';
import { DEFAULT_AFFINITY, PromptAffinity } from './affinity.ts';
import type { Candidate, PickContext } from './balancer.ts';
import { BindingTable } from './binding-table.ts';
import { hash32, mix32 } from './hash.ts';
import { createLoadTicket, LoadStats } from './load-stats.ts';

function candidates(count: number, health: (at: number) => Health = () => ALWAYS_WELL): Candidate[] {
  return Array.from({ length: count }, (_, at) => ({
    weight: 1,
    hash: hash32(`lane-${at}`),
    stats: new LoadStats(),
    health: health(at),
    limit: undefined,
  }));
}

function context(affinityHash: number, nowMs: number, random = 0.5): PickContext {
  return { nowMs, random, promptTokens: 100, expectedOutputTokens: 0, affinityHash, panic: false };
}

/** Numbers that look random and are the same each time. */
const pseudoRandom = (at: number): number => mix32(at + 0x9e37) / 2 ** 32;

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

test('a key stays with its candidate', () => {
  const balancer = new PromptAffinity(candidates(8));
  const homes = new Map<number, number>();
  for (let at = 0; at < 4000; at++) {
    const key = hash32(`session ${at % 400}`);
    const pick = balancer.pick(EIGHT, context(key, at * 10, pseudoRandom(at)));
    if (at < 800) homes.set(key, pick);
    else if (homes.get(key) !== pick) homes.set(key, -1);
  }
  const moved = [...homes.values()].filter((home) => home === -1).length;
  assert.ok(moved <= 20, `${moved} of 400 keys moved`);
  assert.equal(new Set([...homes.values()].filter((home) => home !== -1)).size, 8);
});

test('a key that is most of the traffic is spread, the load of none exceeds its bound', () => {
  const balancer = new PromptAffinity(candidates(8));
  const counts = new Array<number>(8).fill(0);
  const requests = 20_000;
  for (let at = 0; at < requests; at++) {
    const key = pseudoRandom(at) < 0.5 ? 1 : mix32(at);
    const pick = balancer.pick(EIGHT, context(key, at * 10, pseudoRandom(at + requests)));
    counts[pick] = (counts[pick] ?? 0) + 1;
  }
  assert.ok(Math.max(...counts) <= (requests / 8) * 1.25, String(counts));
});

test('a resting candidate lends its keys and gets them back', () => {
  let well = true;
  const sick: Health = { allows: () => well, weightFactor: () => 1, wantsProbe: () => false };
  const balancer = new PromptAffinity(candidates(4, (at) => (at === 2 ? sick : ALWAYS_WELL)));
  const keys = Array.from({ length: 200 }, (_, at) => hash32(`key ${at}`));
  const pickAll = (nowMs: number): number[] =>
    keys.map((key) => balancer.pick([0, 1, 2, 3], context(key, nowMs, 0.999)));
  const before = pickAll(0);
  well = false;
  const during = pickAll(100);
  well = true;
  const after = pickAll(200);
  assert.ok(before.includes(2));
  assert.ok(!during.includes(2));
  for (const [at, home] of before.entries()) if (home !== 2) assert.equal(during[at], home, 'the others stay');
  assert.deepEqual(after, before);
});

test('a candidate with a burst passes single requests on', () => {
  const all = candidates(3);
  const balancer = new PromptAffinity(all);
  const home = balancer.pick([0, 1, 2], context(7, 0));
  for (let count = 0; count < 40; count++) all[home]?.stats.started(createLoadTicket(10), 0);
  assert.notEqual(balancer.pick([0, 1, 2], context(7, 1)), home);
  const relieved = candidates(3);
  assert.equal(new PromptAffinity(relieved).pick([0, 1, 2], context(7, 2)), home, 'the key itself has not moved');
});

test('requests without a key go to the least loaded', () => {
  const all = candidates(2);
  all[0]?.stats.started(createLoadTicket(10), 0);
  const balancer = new PromptAffinity(all, DEFAULT_AFFINITY);
  assert.equal(balancer.pick([0, 1], { ...context(0, 0), affinityHash: undefined }), 1);
});

test('bindings end', () => {
  const table = new BindingTable(1000);
  assert.equal(table.get(5, 0), -1);
  table.set(5, 3, 0);
  assert.equal(table.get(5, 999), 3);
  assert.equal(table.get(5, 1000), -1);
  table.set(5, 1, 1000);
  assert.equal(table.get(5, 1500), 1);
  for (let key = 10; key < 100_000; key++) table.set(mix32(key), 2, 2000);
  assert.ok([-1, 1, 2].includes(table.get(5, 1999)));
  assert.equal(table.get(mix32(99_999), 2000), 2, 'a full table takes the newest');
});

test('a lone session has nothing to be even with', () => {
  const balancer = new PromptAffinity(candidates(4));
  const picks = new Set<number>();
  for (let at = 0; at < 16; at++) picks.add(balancer.pick([0, 1, 2, 3], context(hash32('s'), at * 500, 0)));
  assert.equal(picks.size, 1);
});

test('a key whose candidate is full goes to one with room, however much that one has done of late', () => {
  const [full, other] = candidates(2);
  const limit = new ConcurrencyLimit(1, 10);
  const pair: Candidate[] = [{ ...(full as Candidate), limit }, other as Candidate];
  const balancer = new PromptAffinity(pair);
  const key = Array.from({ length: 20 }, (_, at) => hash32(`k${at}`)).find(
    (one) => new PromptAffinity(pair).pick([0, 1], context(one, 0, 1)) === 0,
  );
  assert.ok(key !== undefined);
  limit.tryAcquire();
  for (let at = 0; at < 100; at++) assert.equal(balancer.pick([0, 1], context(key, at, pseudoRandom(at))), 1);
  limit.release();
});
