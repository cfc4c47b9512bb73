import type { UsedUnits } from '../dialects/neutral/units.ts';
import { inputTotal, type Usage } from '../dialects/neutral/usage.ts';
import { divideHalfUp } from './decimal.ts';
import type { CompiledUnits, PriceEntry, RateBand } from './price-entry.ts';

/** What a cost depends on beside the usage. */
export interface CostOptions {
  /** As the provider reports it; a tier without rates of its own is billed at the standard ones. */
  serviceTier?: string | undefined;
  /** Whether it came by a batch; goes before the service tier. */
  batch?: boolean | undefined;
  units?: UsedUnits | undefined;
}

/**
 * What one request cost, in whole nano-USD (1e-9 USD), rounded half up once. Exact: rates are integers of pico-USD.
 * Undefined when the entry has no price for what was used (or for anything at all that could be seen), which is not the
 * same as free.
 */
export function costNanoUsd(usage: Usage, entry: PriceEntry, options?: CostOptions): number | undefined {
  const units = options?.units;
  if (units !== undefined || entry.bands.length === 0) return costWithUnits(usage, entry, options ?? {});
  const band = bandFor(bandsFor(entry, options), inputTotal(usage));
  if (band === undefined) return undefined;
  const { nano, pico } = band;
  const text = Math.max(0, usage.input - usage.inputAudio - usage.inputImage);
  const outputText = Math.max(0, usage.output - usage.outputAudio - usage.outputImage);
  const whole =
    text * (nano[0] as number) +
    usage.cacheRead * (nano[1] as number) +
    usage.cacheWrite * (nano[2] as number) +
    usage.cacheWrite1h * (nano[3] as number) +
    outputText * (nano[4] as number) +
    usage.inputAudio * (nano[5] as number) +
    usage.outputAudio * (nano[6] as number) +
    usage.inputImage * (nano[7] as number) +
    usage.outputImage * (nano[8] as number);
  const rest =
    text * (pico[0] as number) +
    usage.cacheRead * (pico[1] as number) +
    usage.cacheWrite * (pico[2] as number) +
    usage.cacheWrite1h * (pico[3] as number) +
    outputText * (pico[4] as number) +
    usage.inputAudio * (pico[5] as number) +
    usage.outputAudio * (pico[6] as number) +
    usage.inputImage * (pico[7] as number) +
    usage.outputImage * (pico[8] as number);
  return whole + Math.floor((rest + 500) / 1000);
}

/** What an estimate may assume. */
export interface EstimateOptions extends CostOptions {
  /** The request is text alone and writes to no cache: what those cost more is left out of the bound. */
  plain?: boolean;
}

/**
 * The most a request can cost that sends at most `inputTokens` and gets at most `maxOutputTokens`, in nano-USD, for a
 * reservation: the dearest class of input and output at the dearest length it can reach. Undefined when it has no price.
 */
export function estimateCostNanoUsd(
  tokens: { inputTokens: number; maxOutputTokens: number },
  entry: PriceEntry,
  options: EstimateOptions = {},
): number | undefined {
  const { inputTokens, maxOutputTokens } = tokens;
  const units = options.units === undefined ? undefined : unitPico(entry.units, options.units);
  if (entry.bands.length === 0 && units === undefined) return undefined;
  let most = 0;
  for (const band of bandsFor(entry, options)) {
    if (band.aboveTokens >= inputTokens) break;
    const input = options.plain === true ? band.dearestPlainInput : band.dearestInput;
    // `output` is the fifth class.
    const output = options.plain === true ? 4 : band.dearestOutput;
    const whole = inputTokens * (band.nano[input] as number) + maxOutputTokens * (band.nano[output] as number);
    const rest = inputTokens * (band.pico[input] as number) + maxOutputTokens * (band.pico[output] as number);
    most = Math.max(most, whole + Math.ceil(rest / 1000));
  }
  return units === undefined ? most : most + Number((units + HOUR_PARTS_PER_NANO - 1n) / HOUR_PARTS_PER_NANO);
}

function bandsFor(entry: PriceEntry, options: CostOptions | undefined): readonly RateBand[] {
  if (options === undefined || entry.tiers.size === 0) return entry.bands;
  const tier = options.batch === true ? 'batch' : options.serviceTier;
  return (tier === undefined ? undefined : entry.tiers.get(tier)) ?? entry.bands;
}

function bandFor(bands: readonly RateBand[], promptTokens: number): RateBand | undefined {
  let found = bands[0];
  for (let index = 1; index < bands.length; index++) {
    const band = bands[index] as RateBand;
    if (promptTokens <= band.aboveTokens) break;
    found = band;
  }
  return found;
}

/** Durations are billed by the millisecond, prices are for an hour: one pico-USD has 3,600,000 parts. */
const MS_PER_HOUR = 3_600_000n;
const HOUR_PARTS_PER_NANO = MS_PER_HOUR * 1000n;

/** The rare way: media, speech, reranking. */
function costWithUnits(usage: Usage, entry: PriceEntry, options: CostOptions): number | undefined {
  const band = bandFor(bandsFor(entry, options), inputTotal(usage));
  const units = options.units === undefined ? undefined : unitPico(entry.units, options.units);
  const counts = tokenCounts(usage);
  const used = counts.some((count) => count > 0);
  // Tokens that carry a price pay for the pictures and sounds they stand for; without them there must be a unit price.
  if (units === undefined && (band === undefined || !used)) return undefined;
  let parts = units ?? 0n;
  if (band !== undefined) {
    counts.forEach((count, index) => {
      const pico = BigInt(band.nano[index] as number) * 1000n + BigInt(band.pico[index] as number);
      parts += BigInt(count) * pico * MS_PER_HOUR;
    });
  }
  return Number(divideHalfUp(parts, HOUR_PARTS_PER_NANO));
}

/** In the order of `RATE_CLASSES`. */
function tokenCounts(usage: Usage): number[] {
  return [
    Math.max(0, usage.input - usage.inputAudio - usage.inputImage),
    usage.cacheRead,
    usage.cacheWrite,
    usage.cacheWrite1h,
    Math.max(0, usage.output - usage.outputAudio - usage.outputImage),
    usage.inputAudio,
    usage.outputAudio,
    usage.inputImage,
    usage.outputImage,
  ];
}

/** In 3,600,000ths of a pico-USD; undefined when none of what was used has a price. */
function unitPico(prices: CompiledUnits | undefined, used: UsedUnits): bigint | undefined {
  if (prices === undefined) return undefined;
  let sum: bigint | undefined;
  const add = (pico: bigint | undefined, count: number | undefined, partsPerUnit: bigint) => {
    if (pico === undefined || count === undefined) return;
    sum = (sum ?? 0n) + pico * BigInt(Math.ceil(count)) * partsPerUnit;
  };
  const image = prices.images.find(
    ({ size, quality }) =>
      (size === undefined || size === used.imageSize) && (quality === undefined || quality === used.imageQuality),
  );
  add(image?.pico, used.images, MS_PER_HOUR);
  add(prices.picoPerAudioHour, milliseconds(used.audioSeconds, prices.audioMinimumSeconds), 1n);
  add(prices.picoPerCharacter, used.characters, MS_PER_HOUR);
  add(prices.picoPerSearch, used.searches, MS_PER_HOUR);
  add(prices.picoPerVideoSecond, milliseconds(used.videoSeconds, 0), MS_PER_HOUR / 1000n);
  return sum;
}

function milliseconds(seconds: number | undefined, minimumSeconds: number): number | undefined {
  return seconds === undefined ? undefined : Math.round(Math.max(seconds, minimumSeconds) * 1000);
}
