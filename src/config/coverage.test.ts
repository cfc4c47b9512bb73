import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAllowances } from '../filters/organizations/allowances.ts';
import { isModelCovered, isRangeCovered } from './coverage.ts';

test('a name or glob is covered by one of the parent’s globs', () => {
  for (const [wanted, parent] of [
    ['gpt-4o', ['gpt-4o']],
    ['gpt-4o', ['gpt-*']],
    ['gpt-4o*', ['gpt-4o*']],
    ['gpt-4o-mini*', ['claude-*', 'gpt-4o*']],
    ['*', ['*']],
    ['a*c*e', ['a*e']],
    ['a*b*c', ['a*b*c']],
    ['a**c', ['a*c']],
    ['xaxbx', ['*a*b*']],
  ] as const) {
    assert.equal(isModelCovered(wanted, parent), true, `${wanted} within ${parent}`);
  }
});

test('what reaches beyond the parent’s globs is not covered', () => {
  for (const [wanted, parent] of [
    ['gpt-4o', []],
    ['gpt-*', ['gpt-4o*']],
    ['*', ['gpt-*', 'claude-*']],
    ['*', ['a*', '*b']],
    ['gpt-4*', ['gpt-4o']],
    ['a*c', ['a*b*c']],
    ['*-mini', ['gpt-*']],
    ['gpt-*-mini', ['gpt-*-large']],
    ['GPT-4o', ['gpt-4o']],
  ] as const) {
    assert.equal(isModelCovered(wanted, parent), false, `${wanted} within ${parent}`);
  }
});

test('no model that a covered glob allows is refused by the parent', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 6 });
  const filler = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 }), {
    minLength: 6,
    maxLength: 6,
  });
  fc.assert(
    fc.property(glob, fc.array(glob, { maxLength: 3 }), filler, (wanted, parent, texts) => {
      let next = 0;
      const model = wanted.replaceAll('*', () => texts[next++] ?? '');
      if (!isModelCovered(wanted, parent)) return;
      const allowed = compileAllowances({ allowed_models: parent }).models ?? [];
      assert.ok(
        allowed.some((matches) => matches(model)),
        `${model} of ${wanted} is beyond ${parent}`,
      );
    }),
    { numRuns: 2000 },
  );
});

test('an address or range lies within one of the parent’s', () => {
  for (const [wanted, parent] of [
    ['10.1.2.3', ['10.0.0.0/8']],
    ['10.1.0.0/16', ['192.168.0.0/16', '10.0.0.0/8']],
    ['10.0.0.0/8', ['10.0.0.0/8']],
    ['10.0.0.9/8', ['10.0.0.0/8']],
    ['0.0.0.0/0', ['0.0.0.0/0']],
    ['2001:db8::1', ['2001:db8::/32']],
    ['2001:db8:1::/48', ['2001:db8::/32']],
    ['::ffff:10.0.0.1', ['10.0.0.0/8']],
    ['::/0', ['::/0']],
  ] as const) {
    assert.equal(isRangeCovered(wanted, parent), true, `${wanted} within ${parent}`);
  }
  for (const [wanted, parent] of [
    ['10.0.0.0/7', ['10.0.0.0/8']],
    ['11.0.0.1', ['10.0.0.0/8']],
    ['10.0.0.0/8', ['10.0.0.0/9', '10.128.0.0/9']],
    ['2001:db8::1', ['10.0.0.0/8']],
    ['::ffff:0:0/95', ['0.0.0.0/0']],
    ['10.0.0.1', []],
    ['nonsense', ['0.0.0.0/0']],
    ['10.0.0.0/33', ['0.0.0.0/0']],
    ['10.0.0.0/8/8', ['0.0.0.0/0']],
    ['10.0.0.0/', ['0.0.0.0/0']],
  ] as const) {
    assert.equal(isRangeCovered(wanted, parent), false, `${wanted} within ${parent}`);
  }
});
