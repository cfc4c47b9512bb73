import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { emptyUsage, inputTotal, type Usage } from '../dialects/neutral/usage.ts';
import { costNanoUsd, estimateCostNanoUsd } from './cost.ts';
import { scaledDecimal } from './decimal.ts';
import { compilePrice, type PriceEntry } from './price-entry.ts';
import type { PriceRow, TokenRates } from './price-row.ts';

const NAMES = { provider: 'openai', model: 'm', origin: 'bundled' } as const;

function entry(row: Partial<PriceRow>): PriceEntry {
  return compilePrice({ providers: ['openai'], models: ['m'], source: 's', date: 'd', ...row }, NAMES);
}

const usage = (counts: Partial<Usage>): Usage => ({ ...emptyUsage(), ...counts });

test('a decimal price is exact', () => {
  assert.equal(scaledDecimal(0.075, 6), 75_000n);
  assert.equal(scaledDecimal(0.003625, 6), 3625n);
  assert.equal(scaledDecimal(5e-7, 6), 1n);
  assert.equal(scaledDecimal(4e-7, 6), 0n);
  assert.equal(scaledDecimal(1e21, 0), 10n ** 21n);
  // In floating point 3 × 0.1 is not 0.3.
  const price = entry({ rates: { input: 0.1, output: 0.3 } });
  assert.equal(costNanoUsd(usage({ input: 3 }), price), costNanoUsd(usage({ output: 1 }), price));
});

test('classes do not overlap: reasoning is output, sound and pictures are parts of input and output', () => {
  const price = entry({
    rates: { input: 1, cacheRead: 2, cacheWrite: 3, cacheWrite1h: 4, output: 5, inputAudio: 6, outputAudio: 7 },
  });
  const used = usage({
    input: 110,
    inputAudio: 10,
    cacheRead: 100,
    cacheWrite: 100,
    cacheWrite1h: 100,
    output: 120,
    reasoning: 50,
    outputAudio: 20,
  });
  // 100 × (1 + 2 + 3 + 4) + 10 × 6 + 100 × 5 + 20 × 7 micro-USD
  assert.equal(costNanoUsd(used, price), 1_700_000);
});

test('a class without a price of its own costs what its parent does', () => {
  const price = entry({ rates: { input: 1, output: 10 } });
  const one = (counts: Partial<Usage>) => costNanoUsd(usage(counts), price);
  assert.deepEqual(
    [one({ cacheRead: 1 }), one({ cacheWrite: 1 }), one({ cacheWrite1h: 1 }), one({ input: 1, inputImage: 1 })],
    [1000, 1000, 1000, 1000],
  );
  assert.equal(one({ output: 1, outputImage: 1 }), 10_000);
  const caching = entry({ rates: { input: 1, cacheWrite: 2, output: 1 } });
  assert.equal(costNanoUsd(usage({ cacheWrite1h: 1 }), caching), 2000);
});

test('the whole request has the rates of its length, caches included', () => {
  const price = entry({
    rates: { input: 1, output: 1 },
    above: [
      { promptTokens: 100, rates: { input: 2, output: 2 } },
      { promptTokens: 1000, rates: { input: 3, output: 3 } },
    ],
  });
  assert.equal(costNanoUsd(usage({ input: 60, cacheRead: 40, output: 10 }), price), 110_000);
  assert.equal(costNanoUsd(usage({ input: 60, cacheRead: 41, output: 10 }), price), 222_000);
  assert.equal(costNanoUsd(usage({ input: 1001 }), price), 3_003_000);
  assert.equal(costNanoUsd(usage({ output: 5000 }), price), 5_000_000);
});

test('batches and service tiers have their factor or rates of their own; other tiers are standard', () => {
  const price = entry({
    rates: { input: 2, output: 4 },
    tiers: { batch: 0.5, priority: { rates: { input: 3, output: 5 } } },
  });
  const cost = (options: object) => costNanoUsd(usage({ input: 1, output: 1 }), price, options);
  assert.equal(cost({}), 6000);
  assert.equal(cost({ batch: true }), 3000);
  assert.equal(cost({ batch: true, serviceTier: 'priority' }), 3000);
  assert.equal(cost({ serviceTier: 'priority' }), 8000);
  assert.equal(cost({ serviceTier: 'default' }), 6000);
  assert.equal(costNanoUsd(usage({ input: 1 }), entry({ rates: { input: 3, output: 0 }, factor: 1.1 })), 3300);
  const both = entry({ rates: { input: 3, output: 0 }, factor: 1.1, tiers: { batch: 0.5 } });
  assert.equal(costNanoUsd(usage({ input: 1 }), both, { batch: true }), 1650);
});

test('units: pictures by size and quality, sound by the hour, characters, searches, video', () => {
  const none = emptyUsage();
  const images = entry({
    units: {
      images: [
        { usd: 0.04, size: 's', quality: 'q' },
        { usd: 0.08, size: 's' },
      ],
    },
  });
  assert.equal(costNanoUsd(none, images, { units: { images: 2, imageSize: 's', imageQuality: 'q' } }), 80_000_000);
  assert.equal(costNanoUsd(none, images, { units: { images: 1, imageSize: 's' } }), 80_000_000);
  assert.equal(costNanoUsd(none, images, { units: { images: 1, imageSize: 'other' } }), undefined);
  // USD 0.017 for a minute is no decimal for a second.
  const audio = entry({ units: { audioHour: 1.02, audioMinimumSeconds: 10 } });
  assert.equal(costNanoUsd(none, audio, { units: { audioSeconds: 60 } }), 17_000_000);
  assert.equal(costNanoUsd(none, audio, { units: { audioSeconds: 1 } }), 2_833_333);
  assert.equal(costNanoUsd(none, entry({ units: { millionCharacters: 15 } }), { units: { characters: 3 } }), 45_000);
  assert.equal(costNanoUsd(none, entry({ units: { thousandSearches: 2 } }), { units: { searches: 3 } }), 6_000_000);
  assert.equal(
    costNanoUsd(none, entry({ units: { videoSecond: 0.1 } }), { units: { videoSeconds: 2.5 } }),
    250_000_000,
  );
});

test('what has no price is unknown, never free', () => {
  const minutes = entry({ units: { audioHour: 0.36 } });
  assert.equal(costNanoUsd(emptyUsage(), minutes), undefined);
  assert.equal(costNanoUsd(usage({ input: 5 }), minutes), undefined);
  assert.equal(costNanoUsd(emptyUsage(), minutes, { units: { images: 1 } }), undefined);
  const tokens = entry({ rates: { input: 1, output: 1 } });
  assert.equal(costNanoUsd(emptyUsage(), tokens, { units: { images: 1 } }), undefined);
  // Pictures that are counted in tokens are paid by them.
  assert.equal(costNanoUsd(usage({ output: 5 }), tokens, { units: { images: 1 } }), 5000);
  assert.equal(costNanoUsd(emptyUsage(), tokens), 0);
  assert.equal(costNanoUsd(usage({ input: 7 }), entry({ rates: { input: 0, output: 0 } })), 0);
});

const price = fc.integer({ min: 0, max: 700_000_000 }).map((micro) => micro / 1e6);
const ratesArbitrary: fc.Arbitrary<TokenRates> = fc.record(
  {
    input: price,
    output: price,
    cacheRead: price,
    cacheWrite: price,
    cacheWrite1h: price,
    inputAudio: price,
    outputAudio: price,
    inputImage: price,
    outputImage: price,
  },
  { requiredKeys: ['input', 'output'] },
);
const count = fc.integer({ min: 0, max: 2_000_000 });
const usageArbitrary = fc
  .record({
    text: count,
    cacheRead: count,
    cacheWrite: count,
    cacheWrite1h: count,
    outputText: count,
    inputAudio: count,
    outputAudio: count,
    inputImage: count,
    outputImage: count,
  })
  .map(({ text, outputText, ...rest }) =>
    usage({
      ...rest,
      input: text + rest.inputAudio + rest.inputImage,
      output: outputText + rest.outputAudio + rest.outputImage,
    }),
  );

/** The cost as a fraction: pico-USD, straight from the decimal prices. */
function referencePico(used: Usage, rates: TokenRates): bigint {
  const pico = (rate: number) => scaledDecimal(rate, 6);
  const write = rates.cacheWrite ?? rates.input;
  const line = (tokens: number, rate: number) => BigInt(tokens) * pico(rate);
  return (
    line(used.input - used.inputAudio - used.inputImage, rates.input) +
    line(used.cacheRead, rates.cacheRead ?? rates.input) +
    line(used.cacheWrite, write) +
    line(used.cacheWrite1h, rates.cacheWrite1h ?? write) +
    line(used.output - used.outputAudio - used.outputImage, rates.output) +
    line(used.inputAudio, rates.inputAudio ?? rates.input) +
    line(used.outputAudio, rates.outputAudio ?? rates.output) +
    line(used.inputImage, rates.inputImage ?? rates.input) +
    line(used.outputImage, rates.outputImage ?? rates.output)
  );
}

test('property: the cost is the exact sum, rounded half up once, by both ways of computing it', () => {
  fc.assert(
    fc.property(ratesArbitrary, usageArbitrary, (rates, used) => {
      const compiled = entry({ rates });
      const expected = Number((referencePico(used, rates) + 500n) / 1000n);
      assert.equal(costNanoUsd(used, compiled), expected);
      const withUnits = entry({ rates, units: { thousandSearches: 1 } });
      assert.equal(costNanoUsd(used, withUnits, { units: { searches: 1 } }), expected + 1_000_000);
    }),
  );
});

test('property: costs add up, but for the rounding of each', () => {
  fc.assert(
    fc.property(ratesArbitrary, usageArbitrary, usageArbitrary, (rates, a, b) => {
      const compiled = entry({ rates });
      const keys = Object.keys(emptyUsage()) as (keyof Usage)[];
      const both = usage(Object.fromEntries(keys.map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)])));
      const difference =
        (costNanoUsd(both, compiled) ?? 0) - (costNanoUsd(a, compiled) ?? 0) - (costNanoUsd(b, compiled) ?? 0);
      assert.ok(Math.abs(difference) <= 1, `${difference}`);
    }),
  );
});

test('property: more tokens never cost less, and no request costs more than its estimate', () => {
  const classes = ['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'output'] as const;
  fc.assert(
    fc.property(ratesArbitrary, usageArbitrary, fc.constantFrom(...classes), count, (rates, used, name, more) => {
      const compiled = entry({
        rates,
        above: [{ promptTokens: 200_000, rates: { ...rates, input: rates.input * 2, output: rates.output * 2 } }],
      });
      const larger = { ...used, [name]: used[name] + more };
      const cost = costNanoUsd(larger, entry({ rates })) ?? 0;
      assert.ok(cost >= (costNanoUsd(used, entry({ rates })) ?? 0));
      const estimate = estimateCostNanoUsd(
        { inputTokens: inputTotal(larger), maxOutputTokens: larger.output },
        compiled,
      );
      assert.ok((estimate ?? 0) >= (costNanoUsd(larger, compiled) ?? 0));
    }),
  );
});

test('an estimate takes the dearest rates that can apply, and plain text without cache writes less', () => {
  const price = entry({
    rates: { input: 4, cacheRead: 0.4, cacheWrite: 5, cacheWrite1h: 8, output: 20, outputAudio: 64 },
    above: [{ promptTokens: 1000, rates: { input: 8, output: 30 } }],
    tiers: { batch: 0.5 },
  });
  const estimate = (inputTokens: number, options?: object) =>
    estimateCostNanoUsd({ inputTokens, maxOutputTokens: 10 }, price, options);
  assert.equal(estimate(100), 100 * 8000 + 10 * 64_000);
  assert.equal(estimate(100, { plain: true }), 100 * 4000 + 10 * 20_000);
  assert.equal(estimate(100, { plain: true, batch: true }), 100 * 2000 + 10 * 10_000);
  assert.equal(estimate(1001, { plain: true }), 1001 * 8000 + 10 * 30_000);
  assert.equal(
    estimateCostNanoUsd({ inputTokens: 1, maxOutputTokens: 1 }, entry({ units: { audioHour: 1 } })),
    undefined,
  );
  const speech = entry({ units: { millionCharacters: 15 } });
  const units = { characters: 100 };
  assert.equal(estimateCostNanoUsd({ inputTokens: 1, maxOutputTokens: 1 }, speech, { units }), 1_500_000);
});
