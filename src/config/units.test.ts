import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseDuration, parseSize } from './units.ts';

it('reads durations as milliseconds', () => {
  const cases: [string, number][] = [
    ['0', 0],
    ['0s', 0],
    ['100ms', 100],
    ['20s', 20_000],
    ['1.5s', 1500],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1m1s1ms', 61_001],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, text);
});

it('refuses what is no duration', () => {
  for (const text of ['', '5', 's', '5 s', '-1s', '1s ', 'soon', '1h30', '1e3s', '1y']) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

it('reads sizes as bytes', () => {
  const cases: [string, number][] = [
    ['4096', 4096],
    ['1B', 1],
    ['50Mi', 50 * 1024 * 1024],
    ['32KiB', 32 * 1024],
    ['10MB', 10_000_000],
    ['10M', 10_000_000],
    ['1k', 1000],
    ['1.5Gi', 1.5 * 1024 ** 3],
    [' 2 Ki ', 2048],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

it('refuses what is no size', () => {
  for (const text of ['', 'Mi', '-1', '1Ti', '50 pounds', '1,000', '0x10']) {
    assert.equal(parseSize(text), undefined, text);
  }
});
