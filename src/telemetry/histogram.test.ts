import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistogram, exponentialBuckets, observe } from './histogram.ts';

test('bounds are inclusive, and what is above them all goes to the last bucket', () => {
  const buckets = exponentialBuckets(1, 4, 3);
  assert.deepEqual(buckets, { bounds: [1, 4, 16], labels: ['1', '4', '16', '+Inf'] });
  const histogram = createHistogram(buckets);
  for (const value of [0, 1, 1.5, 4, 16, 17, 1e9]) observe(histogram, buckets, value);
  assert.deepEqual([...histogram.counts], [2, 2, 1, 2]);
  assert.equal(histogram.sum, 0 + 1 + 1.5 + 4 + 16 + 17 + 1e9);
});

test('a clock that went back counts as zero; no number is left out', () => {
  const buckets = exponentialBuckets(0.01, 2, 2);
  const histogram = createHistogram(buckets);
  for (const value of [-5, Number.NaN, Number.POSITIVE_INFINITY]) observe(histogram, buckets, value);
  assert.deepEqual([...histogram.counts], [1, 0, 0]);
  assert.equal(histogram.sum, 0);
});

test('bounds are exact and printed as Go prints them', () => {
  assert.deepEqual(exponentialBuckets(0.01, 2, 14).labels, [
    '0.01',
    '0.02',
    '0.04',
    '0.08',
    '0.16',
    '0.32',
    '0.64',
    '1.28',
    '2.56',
    '5.12',
    '10.24',
    '20.48',
    '40.96',
    '81.92',
    '+Inf',
  ]);
  assert.deepEqual(exponentialBuckets(1, 4, 14).labels.slice(9), [
    '262144',
    '1.048576e+06',
    '4.194304e+06',
    '1.6777216e+07',
    '6.7108864e+07',
    '+Inf',
  ]);
});
