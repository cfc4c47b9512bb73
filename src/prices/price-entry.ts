import { divideHalfUp, scaledDecimal } from './decimal.ts';
import type { ImagePrice, PriceRow, RateCard, TokenRates, UnitPrices } from './price-row.ts';

/** The token classes in the order of a band's rates. */
export const RATE_CLASSES = [
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'output',
  'inputAudio',
  'outputAudio',
  'inputImage',
  'outputImage',
] as const satisfies readonly (keyof TokenRates)[];

/** Which of `RATE_CLASSES`. */
export type RateClass = (typeof RATE_CLASSES)[number];

/** What each class falls back to. */
const PARENT: Readonly<Record<RateClass, RateClass | undefined>> = {
  input: undefined,
  output: undefined,
  cacheRead: 'input',
  cacheWrite: 'input',
  cacheWrite1h: 'cacheWrite',
  inputAudio: 'input',
  inputImage: 'input',
  outputAudio: 'output',
  outputImage: 'output',
};

/** Token rates that hold for prompts longer than `aboveTokens`, in integers, in the order of `RATE_CLASSES`. */
export interface RateBand {
  /** -1 for the band that every prompt is in. */
  readonly aboveTokens: number;
  /** Nano-USD for one token … */
  readonly nano: readonly number[];
  /** … and the pico-USD (0 to 999) that are left. Apart, so that a bill of millions of USD is still exact. */
  readonly pico: readonly number[];
  /** Index of the dearest class of input, and of text that is not written to a cache. */
  readonly dearestInput: number;
  readonly dearestPlainInput: number;
  /** Index of the dearest class of output. */
  readonly dearestOutput: number;
}

/** Unit prices in pico-USD for the smallest unit that can be billed. */
export interface CompiledUnits {
  readonly images: readonly (ImagePrice & { readonly pico: bigint })[];
  readonly picoPerAudioHour: bigint | undefined;
  readonly audioMinimumSeconds: number;
  readonly picoPerCharacter: bigint | undefined;
  readonly picoPerSearch: bigint | undefined;
  readonly picoPerVideoSecond: bigint | undefined;
}

/** A price, ready to be used. */
export interface PriceEntry {
  /** Empty for a configured price of one cluster. */
  readonly provider: string;
  /** The table's name of the model, or the pattern of a configured price. */
  readonly model: string;
  readonly origin: 'bundled' | 'configured';
  readonly regions: readonly string[];
  /** Standard token rates by prompt length, ascending; empty when tokens are not billed. */
  readonly bands: readonly RateBand[];
  /** Service tiers with rates of their own. */
  readonly tiers: ReadonlyMap<string, readonly RateBand[]>;
  readonly units: CompiledUnits | undefined;
  readonly source: string;
  /** ISO day; empty when a configured price names none. */
  readonly date: string;
  readonly note: string;
}

/** Compiles a row for one of its models. Throws RangeError with a readable message when a price is not one. */
export function compilePrice(row: PriceRow, names: Pick<PriceEntry, 'provider' | 'model' | 'origin'>): PriceEntry {
  const factors = row.factor === undefined ? [] : [row.factor];
  const tiers = new Map<string, readonly RateBand[]>();
  for (const [tier, value] of Object.entries(row.tiers ?? {})) {
    if (typeof value !== 'number') tiers.set(tier, compileBands(value, factors));
    else if (row.rates !== undefined) {
      tiers.set(tier, compileBands({ rates: row.rates, above: row.above }, [...factors, value]));
    }
  }
  return {
    ...names,
    regions: row.regions ?? [],
    bands: row.rates === undefined ? [] : compileBands({ rates: row.rates, above: row.above }, factors),
    tiers,
    units: row.units === undefined ? undefined : compileUnits(row.units),
    source: row.source,
    date: row.date,
    note: row.note ?? '',
  };
}

function compileBands({ rates, above = [] }: RateCard, factors: readonly number[]): readonly RateBand[] {
  const bands = [compileBand(-1, rates, factors)];
  for (const step of above) bands.push(compileBand(step.promptTokens, step.rates, factors));
  return bands;
}

/** Factors are taken with six decimal places. */
const FACTOR_PLACES = 6;

function compileBand(aboveTokens: number, rates: TokenRates, factors: readonly number[]): RateBand {
  const multiplier = factors.reduce((product, factor) => product * scaledDecimal(factor, FACTOR_PLACES), 1n);
  const divisor = 10n ** BigInt(FACTOR_PLACES * factors.length);
  // USD per million tokens is millions of pico-USD per token.
  const picos = RATE_CLASSES.map((name) =>
    divideHalfUp(scaledDecimal(ownRate(rates, name), FACTOR_PLACES) * multiplier, divisor),
  );
  const values = picos.map(Number);
  const dearest = (names: readonly RateClass[]) => {
    const indexes = names.map((name) => RATE_CLASSES.indexOf(name));
    return indexes.reduce((best, index) => ((values[index] ?? 0) > (values[best] ?? 0) ? index : best));
  };
  return {
    aboveTokens,
    nano: picos.map((pico) => Number(pico / 1000n)),
    pico: picos.map((pico) => Number(pico % 1000n)),
    dearestInput: dearest(['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'inputAudio', 'inputImage']),
    dearestPlainInput: dearest(['input', 'cacheRead']),
    dearestOutput: dearest(['output', 'outputAudio', 'outputImage']),
  };
}

function ownRate(rates: TokenRates, name: RateClass): number {
  let current: RateClass | undefined = name;
  while (current !== undefined) {
    const rate: number | undefined = rates[current];
    if (rate !== undefined) return rate;
    current = PARENT[current];
  }
  return 0;
}

const PICO = 12;

function compileUnits(units: UnitPrices): CompiledUnits {
  const scaled = (usd: number | undefined, places: number) =>
    usd === undefined ? undefined : scaledDecimal(usd, places);
  return {
    images: (units.images ?? []).map((image) => ({ ...image, pico: scaledDecimal(image.usd, PICO) })),
    picoPerAudioHour: scaled(units.audioHour, PICO),
    audioMinimumSeconds: units.audioMinimumSeconds ?? 0,
    picoPerCharacter: scaled(units.millionCharacters, PICO - 6),
    picoPerSearch: scaled(units.thousandSearches, PICO - 3),
    picoPerVideoSecond: scaled(units.videoSecond, PICO),
  };
}

/** A class's rate in USD for a million tokens, for people; undefined when tokens are not billed. */
export function usdPerMillion(entry: PriceEntry, name: RateClass, band = entry.bands[0]): number | undefined {
  if (band === undefined) return undefined;
  const index = RATE_CLASSES.indexOf(name);
  return ((band.nano[index] ?? 0) * 1000 + (band.pico[index] ?? 0)) / 1e6;
}
