import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PickContext } from '../../routing/balance/balancer.ts';
import { createBalancer } from '../../routing/balance/create-balancer.ts';
import { LoadStats } from '../../routing/balance/load-stats.ts';
import type { BoundCluster, Lane } from '../live.ts';
import { chooseLane, hasFreshLane } from './choose-lane.ts';

/** A cluster of endpoints × keys; lanes are named `endpoint/key`. */
function cluster(endpoints: number, keys: number, rests: ReadonlySet<string> = new Set()) {
  const places = Array.from({ length: endpoints }, (_, index) => ({ origin: `e${index}` }));
  const lanes = places.flatMap((endpoint, at) =>
    Array.from({ length: keys }, (_, keyIndex) => {
      const name = `${at}/${keyIndex}`;
      return {
        name,
        weight: 1,
        hash: at * 31 + keyIndex,
        stats: new LoadStats(),
        health: { allows: () => !rests.has(name), weightFactor: () => 1, wantsProbe: () => false },
        limit: undefined,
        endpoint,
        keyIndex,
      } as unknown as Lane;
    }),
  );
  const all = lanes.map((_, index) => index);
  return { lanes: { lanes, all, balancer: createBalancer('weighted-round-robin', lanes) } } as unknown as BoundCluster;
}

const context = (panic = false): PickContext => ({
  nowMs: 0,
  random: 0,
  promptTokens: 0,
  expectedOutputTokens: 0,
  affinityHash: undefined,
  panic,
});
const nameOf = (lane: Lane | undefined) => (lane as unknown as { name: string } | undefined)?.name;
const lane = (from: BoundCluster, name: string) => from.lanes.lanes.find((one) => nameOf(one) === name) as Lane;

test('lanes take turns; the only one is taken without asking; of none there is none', () => {
  const pair = cluster(2, 1);
  const turns = Array.from({ length: 4 }, () => nameOf(chooseLane(pair, [], { context: context() })));
  assert.deepEqual(turns, ['0/0', '1/0', '0/0', '1/0']);
  const one = cluster(1, 1, new Set(['0/0']));
  assert.equal(nameOf(chooseLane(one, [lane(one, '0/0')], { context: context() })), '0/0');
  assert.equal(chooseLane(cluster(0, 1), [], { context: context() }), undefined);
});

test('after a failure another lane is taken, one that differs in what was at fault', () => {
  const grid = cluster(2, 2);
  const tried = [lane(grid, '0/0')];
  for (let turn = 0; turn < 4; turn++) {
    assert.match(nameOf(chooseLane(grid, tried, { context: context(), fault: 'endpoint' })) ?? '', /^1\//);
    assert.match(nameOf(chooseLane(grid, tried, { context: context(), fault: 'key' })) ?? '', /\/1$/);
    assert.notEqual(nameOf(chooseLane(grid, tried, { context: context(), fault: 'either' })), '0/0');
  }
  const keys = cluster(1, 2);
  assert.equal(nameOf(chooseLane(keys, [lane(keys, '0/0')], { context: context(), fault: 'endpoint' })), '0/1');
  const all = [...grid.lanes.lanes];
  assert.ok(chooseLane(grid, all, { context: context() }) !== undefined);
});

test('a lane that rests is taken only when all of them do, even where its target rests and is tried all the same', () => {
  const two = cluster(2, 1, new Set(['0/0']));
  for (const panic of [false, true]) {
    const given = context(panic);
    for (let turn = 0; turn < 3; turn++) assert.equal(nameOf(chooseLane(two, [], { context: given })), '1/0');
    assert.equal(given.panic, panic);
  }
  const none = cluster(2, 1, new Set(['0/0', '1/0']));
  assert.ok(chooseLane(none, [], { context: context() }) !== undefined);
  assert.equal(nameOf(chooseLane(none, [lane(none, '0/0')], { context: context() })), '1/0');
});

test('a fresh lane is well, untried, and differs in what was at fault', () => {
  const fresh = (from: BoundCluster, names: readonly string[], fault: 'endpoint' | 'key' | 'either') =>
    hasFreshLane(
      from,
      names.map((name) => lane(from, name)),
      { nowMs: 0, fault },
    );
  const keys = cluster(1, 2);
  assert.equal(fresh(keys, ['0/0'], 'key'), true);
  assert.equal(fresh(keys, ['0/0'], 'either'), true);
  assert.equal(fresh(keys, ['0/0'], 'endpoint'), false);
  assert.equal(fresh(keys, ['0/0', '0/1'], 'key'), false);
  const sick = cluster(2, 1, new Set(['1/0']));
  assert.equal(fresh(sick, ['0/0'], 'endpoint'), false);
  assert.equal(fresh(cluster(1, 1), ['0/0'], 'either'), false);
});
