import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../json/types.ts';
import { emptyUsage, inputTotal, type Usage } from '../neutral/usage.ts';
import { readOpenAiUsage, writeOpenAiUsage } from './usage.ts';

test('prompt_tokens include what caches served and took; the classes do not overlap', () => {
  const usage = readOpenAiUsage({
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10, audio_tokens: 3 },
    completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 2 },
  });
  assert.deepEqual(usage, {
    ...emptyUsage(),
    input: 30,
    cacheRead: 60,
    cacheWrite: 10,
    output: 20,
    reasoning: 5,
    inputAudio: 3,
    outputAudio: 2,
  });
});

test("DeepSeek's cache hits at the top are read", () => {
  const usage = readOpenAiUsage({ prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 64 });
  assert.deepEqual([usage?.input, usage?.cacheRead], [36, 64]);
});

test('reasoning that xAI counts beside completion_tokens is part of the output', () => {
  const usage = readOpenAiUsage({
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 65,
    completion_tokens_details: { reasoning_tokens: 50 },
  });
  assert.deepEqual([usage?.output, usage?.reasoning, usage?.reportedTotal], [55, 50, undefined]);
});

test('a prompt smaller than its cached part is taken for the uncached part', () => {
  const usage = readOpenAiUsage({ prompt_tokens: 5, prompt_tokens_details: { cached_tokens: 100 } });
  assert.deepEqual([usage?.input, usage?.cacheRead], [5, 100]);
});

test('a total that differs from the sum is kept', () => {
  assert.equal(readOpenAiUsage({ prompt_tokens: 5, completion_tokens: 5, total_tokens: 17 })?.reportedTotal, 17);
});

test('no usage, null usage and nonsense counts', () => {
  assert.equal(readOpenAiUsage(undefined), undefined);
  assert.equal(readOpenAiUsage(null), undefined);
  assert.deepEqual(readOpenAiUsage({ prompt_tokens: -5, completion_tokens: 'many' }), emptyUsage());
});

test('details objects are there when asked for, and hold only what is not zero', () => {
  const usage = { ...emptyUsage(), input: 10, output: 25 };
  const counts = { prompt_tokens: 10, completion_tokens: 25, total_tokens: 35 };
  assert.deepEqual(writeOpenAiUsage(usage, 'always'), {
    ...counts,
    prompt_tokens_details: {},
    completion_tokens_details: {},
  });
  assert.deepEqual(writeOpenAiUsage(usage, 'when-known'), counts);
  const cached = writeOpenAiUsage({ ...usage, cacheRead: 8 }, 'when-known');
  assert.deepEqual(cached, {
    ...counts,
    prompt_tokens: 18,
    total_tokens: 43,
    prompt_tokens_details: { cached_tokens: 8 },
  });
});

test('property: writing and reading conserves every class that the API has', () => {
  const count = fc.nat(1_000_000);
  fc.assert(
    fc.property(count, count, count, count, fc.nat(1000), (input, cacheRead, cacheWrite, output, reasoning) => {
      const usage: Usage = { ...emptyUsage(), input, cacheRead, cacheWrite, output: output + reasoning, reasoning };
      const written = JSON.parse(JSON.stringify(writeOpenAiUsage(usage, 'always'))) as JsonObject;
      assert.deepEqual(readOpenAiUsage(written), usage);
      assert.equal(written['prompt_tokens'], inputTotal(usage));
    }),
  );
});
