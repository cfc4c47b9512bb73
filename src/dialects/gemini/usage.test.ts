import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptyUsage, usageTotal } from '../neutral/usage.ts';
import { decodeUsage, encodeUsage, usage } from './usage.ts';

test('an answer that passes through', () => {
  assert.deepEqual(usage.read({ usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 }, modelVersion: 'v' }), {
    usage: { ...emptyUsage(), input: 3, output: 4 },
    model: 'v',
  });
  assert.deepEqual(usage.read({}), { usage: undefined, model: undefined });
});

test('a total that differs from the sum is kept', () => {
  assert.equal(decodeUsage({ promptTokenCount: 3, totalTokenCount: 9 }).reportedTotal, 9);
  assert.equal(
    decodeUsage({ promptTokenCount: 3, candidatesTokenCount: 6, totalTokenCount: 9 }).reportedTotal,
    undefined,
  );
  assert.equal(decodeUsage({ prompt_token_count: 3 }).input, 3);
});

test('property: encoding and decoding keep what Gemini can say', () => {
  const count = fc.nat(10_000);
  fc.assert(
    fc.property(count, count, count, count, (input, cacheRead, visible, reasoning) => {
      const given = { ...emptyUsage(), input, cacheRead, output: visible + reasoning, reasoning };
      assert.deepEqual(decodeUsage(encodeUsage(given)), given);
      assert.equal(encodeUsage(given)['totalTokenCount'], usageTotal(given));
    }),
  );
});

test('the last usage of a stream counts; a finish reason completes it', () => {
  const observer = usage.createStreamObserver();
  observer.frame(
    '',
    '{"candidates":[{"content":{"parts":[{"text":"finishReason"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1},"modelVersion":"v"}',
  );
  assert.equal(observer.complete, false);
  assert.equal(observer.usage?.output, 1);
  observer.frame(
    '',
    '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"finishReason":"x","error":{}}}}]}}]}',
  );
  assert.equal(observer.complete, false);
  observer.frame(
    '',
    '{"candidates":[{"finishReason": "STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":7}}',
  );
  assert.equal(observer.complete, true);
  assert.equal(observer.usage?.output, 7);
  assert.equal(observer.model, 'v');
  assert.equal(observer.error, undefined);
});

test('a stream that ends in an error, or whose prompt was blocked', () => {
  const failed = usage.createStreamObserver();
  failed.frame('', 'no json with "error": in it');
  failed.frame('', '{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}');
  assert.deepEqual(failed.error, { status: 503, type: 'UNAVAILABLE', message: 'm' });
  assert.equal(failed.complete, false);
  const blocked = usage.createStreamObserver();
  blocked.frame('', '{"promptFeedback":{"blockReason":"SAFETY"}}');
  assert.equal(blocked.complete, true);
});
