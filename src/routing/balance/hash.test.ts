import assert from 'node:assert/strict';
import test from 'node:test';
import { prefixHash } from './affinity-key.ts';
import { hash32, stickyPick } from './hash.ts';

const KEYS = Array.from({ length: 20_000 }, (_, at) => hash32(`user-${at}`));

function shares(weights: readonly number[], ids?: readonly number[]): number[] {
  const counts = weights.map(() => 0);
  for (const key of KEYS) {
    const pick = stickyPick(key, weights, ids);
    counts[pick] = (counts[pick] ?? 0) + 1;
  }
  return counts.map((count) => count / KEYS.length);
}

test('hashes are pinned: a change of them moves every session', () => {
  assert.equal(hash32(''), 0xab3e7c0b);
  assert.equal(hash32('session-1'), 0x23b81b8b);
  assert.notEqual(hash32('ab'), hash32('ba'));
});

test('sticky picks keep to the weights', () => {
  for (const [at, share] of shares([90, 9, 1]).entries())
    assert.ok(Math.abs(share - ([0.9, 0.09, 0.01][at] ?? 0)) < 0.01, `${at}: ${share}`);
  assert.equal(stickyPick(1, [0, 0]), -1);
  assert.equal(stickyPick(1, []), -1);
  assert.equal(stickyPick(1, [0, 5]), 1);
});

test('when weights change, keys move only to what grew', () => {
  const before = KEYS.map((key) => stickyPick(key, [90, 10, 0]));
  const after = KEYS.map((key) => stickyPick(key, [80, 20, 0]));
  let moved = 0;
  for (const [at, pick] of after.entries()) {
    if (pick === before[at]) continue;
    moved++;
    assert.equal(pick, 1);
  }
  assert.ok(moved / KEYS.length < 0.12, `${moved}`);
});

test('with names a choice that goes takes only its own keys along', () => {
  const ids = ['a', 'b', 'c'].map(hash32);
  for (const key of KEYS.slice(0, 2000)) {
    const pick = stickyPick(key, [1, 1, 1], ids);
    if (pick !== 0) assert.equal(stickyPick(key, [1, 1], ids.slice(1)), pick - 1);
  }
});

test('the prefix of a prompt', () => {
  const system = 'You are a helpful assistant. '.repeat(300);
  assert.equal(prefixHash([system, 'first'], 1000), prefixHash([system, 'second'], 1000));
  assert.notEqual(prefixHash(['short', 'first'], 1000), prefixHash(['short', 'second'], 1000));
  assert.notEqual(prefixHash(['ab', 'c']), prefixHash(['a', 'bc']));
  const bytes = new TextEncoder().encode(system);
  assert.equal(prefixHash([bytes], 64), prefixHash([bytes.slice(0, 64), bytes], 64));
  assert.equal(prefixHash([bytes]), prefixHash([system]), 'ASCII bytes and text agree');
});
