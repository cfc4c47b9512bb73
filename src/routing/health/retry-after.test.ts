import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDurationMs, parseRetryAfterMs, rateLimitHeadroom, readRetryAfterMs } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const of = (headers: Record<string, string>) => (name: string) => headers[name];

test('durations', () => {
  const cases: [string, number | undefined][] = [
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1s', 1000],
    ['1h2m3.5s', 3_723_500],
    ['2m59.56s', 179_560],
    ['1d', 86_400_000],
    ['500us', 0.5],
    ['12', 12_000],
    ['0s', 0],
    ['', undefined],
    ['soon', undefined],
    ['1s later', undefined],
    ['-1s', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDurationMs(text), expected, text);
});

test('retry-after is seconds or a date', () => {
  assert.equal(parseRetryAfterMs('3', NOW), 3000);
  assert.equal(parseRetryAfterMs(' 0.5 ', NOW), 500);
  assert.equal(parseRetryAfterMs('Fri, 02 Jan 2026 03:04:15 GMT', NOW), 10_000);
  assert.equal(parseRetryAfterMs('Fri, 02 Jan 2026 03:04:00 GMT', NOW), 0, 'the past is now');
  for (const value of ['', '-5', 'tomorrow', '1e9', 'NaN'])
    assert.equal(parseRetryAfterMs(value, NOW), undefined, value);
});

test('the most precise header wins', () => {
  const headers = { 'retry-after-ms': '150', 'retry-after': '1', 'x-ratelimit-reset-requests': '9s' };
  assert.equal(readRetryAfterMs(of(headers), NOW), 150);
  assert.equal(readRetryAfterMs(of({ 'x-ms-retry-after-ms': '70', 'retry-after': '1' }), NOW), 70);
  assert.equal(readRetryAfterMs(of({ 'retry-after-ms': 'x', 'retry-after': '1' }), NOW), 1000);
  assert.equal(readRetryAfterMs(of({}), NOW), undefined);
});

test('without retry-after the used-up limit says when', () => {
  const openai = {
    'x-ratelimit-remaining-requests': '12',
    'x-ratelimit-reset-requests': '20ms',
    'x-ratelimit-remaining-tokens': '0',
    'x-ratelimit-reset-tokens': '6m0s',
  };
  assert.equal(readRetryAfterMs(of(openai), NOW), 360_000);
  assert.equal(readRetryAfterMs(of({ ...openai, 'x-ratelimit-remaining-tokens': '9' }), NOW), 20);
  const anthropic = {
    'anthropic-ratelimit-output-tokens-remaining': '0',
    'anthropic-ratelimit-output-tokens-reset': '2026-01-02T03:04:35Z',
  };
  assert.equal(readRetryAfterMs(of(anthropic), NOW), 30_000);
});

test('headroom is the share of the tightest limit', () => {
  assert.equal(
    rateLimitHeadroom(
      of({
        'x-ratelimit-limit-requests': '100',
        'x-ratelimit-remaining-requests': '80',
        'x-ratelimit-limit-tokens': '1000',
        'x-ratelimit-remaining-tokens': '250',
      }),
    ),
    0.25,
  );
  assert.equal(
    rateLimitHeadroom(
      of({ 'anthropic-ratelimit-input-tokens-limit': '40', 'anthropic-ratelimit-input-tokens-remaining': '10' }),
    ),
    0.25,
  );
  assert.equal(
    rateLimitHeadroom(
      of({ 'x-ratelimit-limit-tokens-minute': '60000', 'x-ratelimit-remaining-tokens-minute': '90000' }),
    ),
    1,
  );
  assert.equal(rateLimitHeadroom(of({ 'x-ratelimit-remaining-requests': '5' })), undefined, 'of how many?');
  assert.equal(
    rateLimitHeadroom(of({ 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-limit-requests': '0' })),
    undefined,
  );
  assert.equal(rateLimitHeadroom(of({})), undefined);
});
