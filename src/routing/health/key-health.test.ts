import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_KEY_POLICY, KeyHealth, keyVerdict } from './key-health.ts';

const { authRestMs, quotaRestMs, rateRestMs, maxRateRestMs } = DEFAULT_KEY_POLICY;

test('what an answer says about the key', () => {
  const cases: [number, string | undefined, string | undefined][] = [
    [401, undefined, 'refused'],
    [403, 'permission_error', 'refused'],
    [429, undefined, 'limited'],
    [429, 'rate_limit_exceeded', 'limited'],
    [429, 'insufficient_quota', 'exhausted'],
    [402, undefined, 'exhausted'],
    [400, 'invalid_request_error', undefined],
    [500, undefined, undefined],
    [200, undefined, undefined],
  ];
  for (const [status, code, verdict] of cases) assert.equal(keyVerdict(status, code), verdict, `${status} ${code}`);
});

test('a refused key is out for a growing time, and many refusals at once count once', () => {
  const key = new KeyHealth(DEFAULT_KEY_POLICY);
  for (let count = 0; count < 50; count++) key.observed('refused', count);
  assert.equal(key.refusals, 1);
  assert.equal(key.allows(authRestMs - 1), false);
  assert.equal(key.allows(authRestMs), true);
  key.observed('refused', authRestMs);
  assert.equal(key.retryAtMs(), 3 * authRestMs);
  for (let count = 0; count < 20; count++) key.observed('refused', key.retryAtMs());
  assert.ok(key.retryAtMs() < 20 * DEFAULT_KEY_POLICY.maxAuthRestMs);
});

test('it comes back with one request at a time until one is taken', () => {
  const key = new KeyHealth(DEFAULT_KEY_POLICY);
  key.observed('refused', 0);
  key.succeeded(10);
  assert.equal(key.allows(20), false, 'an answer to an older request proves nothing');
  assert.equal(key.wantsProbe(authRestMs), true);
  key.started(authRestMs);
  assert.equal(key.allows(authRestMs), false);
  key.aborted();
  assert.equal(key.allows(authRestMs), true);
  key.started(authRestMs);
  assert.equal(key.allows(authRestMs + 30_000), true, 'a lost probe does not block for ever');
  key.succeeded(authRestMs + 30_001);
  assert.equal(key.allows(authRestMs + 30_001), true);
  assert.equal(key.wantsProbe(authRestMs + 30_001), false);
  assert.equal(key.reason, undefined);
  key.observed('refused', authRestMs + 40_000);
  assert.equal(key.retryAtMs(), 2 * authRestMs + 40_000, 'the growth has begun anew');
});

test('a limited key rests as long as the provider says, within bounds', () => {
  const key = new KeyHealth(DEFAULT_KEY_POLICY);
  key.observed('limited', 0);
  assert.equal(key.retryAtMs(), rateRestMs);
  key.observed('limited', 0, 20_000);
  key.observed('limited', 100, 5);
  assert.equal(key.retryAtMs(), 20_000);
  assert.equal(key.limits, 1);
  assert.equal(key.wantsProbe(20_000), false);
  assert.equal(key.allows(20_000), true);
  key.observed('limited', 20_000, 1e12);
  assert.equal(key.retryAtMs(), 20_000 + maxRateRestMs);
});

test('a key without quota is out longer, and a 429 does not call it back', () => {
  const key = new KeyHealth(DEFAULT_KEY_POLICY);
  key.observed('exhausted', 0);
  key.observed('limited', 10, 1000);
  assert.equal(key.reason, 'exhausted');
  assert.equal(key.retryAtMs(), quotaRestMs);
  assert.equal(key.exhaustions, 1);
});
