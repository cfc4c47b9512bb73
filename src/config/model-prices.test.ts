import assert from 'node:assert/strict';
import test from 'node:test';
import { prices } from './model-prices.ts';

function issues(section: unknown): string[] {
  const result = prices.safeParse(section);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('the section has defaults', () => {
  assert.deepEqual(prices.parse({}), { unknown: 'allow', overrides: [] });
});

test('a parsed section parses to itself', () => {
  const section = prices.parse({
    unknown: 'refuse',
    overrides: [{ cluster: 'a', model: 'm*', input_per_million: 1.25, date: '2026-11-01', images: [{ usd: 0.04 }] }],
  });
  assert.deepEqual(prices.parse(section), section);
});

test('an override must hold somewhere and say a price', () => {
  assert.deepEqual(issues({ overrides: [{ model: 'm', input_per_million: 1 }] }), [
    'overrides.0: names neither `provider` nor `cluster`; a price holds somewhere',
  ]);
  assert.deepEqual(issues({ overrides: [{ provider: 'openai', model: 'm', batch_factor: 0.5 }] }), [
    'overrides.0: has no price; write `input_per_million` and `output_per_million`',
  ]);
  assert.deepEqual(issues({ overrides: [{ provider: 'vllm', model: '*', input_per_million: 0 }] }), []);
});

test('only USD, only prices that are none below zero', () => {
  const override = { provider: 'openai', model: 'm', input_per_million: 1 };
  assert.equal(issues({ overrides: [{ ...override, currency: 'EUR' }] }).length, 1);
  assert.equal(issues({ overrides: [{ ...override, input_per_million: -1 }] }).length, 1);
  assert.equal(issues({ overrides: [{ ...override, date: 'yesterday' }] }).length, 1);
  assert.equal(issues({ overrides: [{ ...override, inputs_per_million: 1 }] }).length, 1);
});
