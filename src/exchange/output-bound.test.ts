import assert from 'node:assert/strict';
import test from 'node:test';
import { dialect } from '../dialects/registry.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { scanObject } from '../json/scan.ts';
import { outputBound } from './output-bound.ts';
import type { ExchangeState } from './state.ts';

const FIELDS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n'];
const ASSUMED = 1000;

/** The bound of a chat request whose body has these fields, written as JSON. */
function bound(fields: string): number {
  const body = Buffer.from(`{"messages":[]${fields === '' ? '' : `,${fields}`}}`);
  const state = { dialect: dialect('openai-chat'), body, scanned: scanObject(body, FIELDS) };
  return outputBound(state as unknown as ExchangeState, ASSUMED);
}

test('the largest of the fields counts, for each answer that is asked for', () => {
  assert.equal(bound('"max_tokens":7'), 7);
  assert.equal(bound('"max_tokens":7,"max_completion_tokens":20,"max_output_tokens":8'), 20);
  assert.equal(bound('"max_completion_tokens":20,"n":3'), 60);
  assert.equal(bound('"n":2'), 2 * ASSUMED);
  assert.equal(bound(''), ASSUMED);
});

test('numbers count as JSON writes them', () => {
  assert.equal(bound('"max_tokens":1e2'), 100);
  assert.equal(bound('"max_tokens":12.9'), 12);
  assert.equal(bound('"max_tokens": 12 '), 12);
  assert.equal(bound('"max_tokens":123456789012345'), 123456789012345);
  assert.equal(bound('"max_tokens":1234567890123456'), 1234567890123456);
  assert.equal(bound('"max_tokens":10000000000000000000000'), 1e22);
});

test('what is no count is as good as absent', () => {
  for (const value of ['null', '0', '-5', '"7"', 'true', '[7]', '{}']) {
    assert.equal(bound(`"max_tokens":${value}`), ASSUMED, value);
    assert.equal(bound(`"max_tokens":5,"n":${value}`), 5, value);
  }
  assert.throws(() => bound('"max_tokens":01'), GatewayError);
});
