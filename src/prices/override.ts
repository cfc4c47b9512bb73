import { compilePrice, type PriceEntry } from './price-entry.ts';
import type { PriceRow, RateCard, TokenRates, UnitPrices } from './price-row.ts';

/** Token rates as configured, USD for a million tokens. */
export interface OverrideRates {
  readonly input_per_million?: number | undefined;
  readonly output_per_million?: number | undefined;
  readonly cached_input_per_million?: number | undefined;
  readonly cache_write_per_million?: number | undefined;
  readonly cache_write_1h_per_million?: number | undefined;
  readonly audio_input_per_million?: number | undefined;
  readonly audio_output_per_million?: number | undefined;
  readonly image_input_per_million?: number | undefined;
  readonly image_output_per_million?: number | undefined;
}

/** One entry of `prices.overrides`, in the spelling of the configuration. */
export interface PriceOverride extends OverrideRates {
  readonly provider?: string | undefined;
  readonly cluster?: string | undefined;
  /** Name or glob. */
  readonly model: string;
  readonly region?: string | undefined;
  readonly above?: readonly (OverrideRates & { readonly prompt_tokens: number })[] | undefined;
  readonly batch_factor?: number | undefined;
  readonly flex_factor?: number | undefined;
  readonly priority_factor?: number | undefined;
  readonly images?: UnitPrices['images'];
  readonly audio_per_hour?: number | undefined;
  readonly speech_per_million_characters?: number | undefined;
  readonly searches_per_thousand?: number | undefined;
  readonly video_per_second?: number | undefined;
  readonly source?: string | undefined;
  readonly date?: string | undefined;
}

/** A configured price and where it holds. */
export interface CompiledOverride {
  readonly provider: string | undefined;
  readonly cluster: string | undefined;
  readonly region: string | undefined;
  /** Takes a name in lower case. */
  readonly matches: (model: string) => boolean;
  readonly entry: PriceEntry;
}

/** Compiles a configured price; steps of `above` take what they do not name from the standard rates. Throws RangeError. */
export function compileOverride(override: PriceOverride): CompiledOverride {
  const row: PriceRow = {
    providers: override.provider === undefined ? [] : [override.provider],
    models: [override.model],
    regions: override.region === undefined ? undefined : [override.region],
    ...rateCard(override),
    tiers: tierFactors(override),
    units: unitPrices(override),
    source: override.source ?? 'configuration',
    date: override.date ?? '',
  };
  return {
    provider: override.provider,
    cluster: override.cluster,
    region: override.region,
    matches: compileModelGlob(override.model.toLowerCase()),
    entry: compilePrice(row, { provider: override.provider ?? '', model: override.model, origin: 'configured' }),
  };
}

function rateCard(override: PriceOverride): Partial<RateCard> {
  const own = tokenRates(override);
  // Rates of one direction alone are those of an embedding, or of speech that is billed by its output.
  if (Object.values(own).every((rate) => rate === undefined)) return {};
  const rates: TokenRates = { ...own, input: own.input ?? 0, output: own.output ?? 0 };
  const above = override.above?.map((step) => {
    const named = Object.entries(tokenRates(step)).filter(([, rate]) => rate !== undefined);
    return { promptTokens: step.prompt_tokens, rates: { ...rates, ...Object.fromEntries(named) } };
  });
  return { rates, above: above?.sort((a, b) => a.promptTokens - b.promptTokens) };
}

function tokenRates(rates: OverrideRates): { [Name in keyof TokenRates]: number | undefined } {
  return {
    input: rates.input_per_million,
    output: rates.output_per_million,
    cacheRead: rates.cached_input_per_million,
    cacheWrite: rates.cache_write_per_million,
    cacheWrite1h: rates.cache_write_1h_per_million,
    inputAudio: rates.audio_input_per_million,
    outputAudio: rates.audio_output_per_million,
    inputImage: rates.image_input_per_million,
    outputImage: rates.image_output_per_million,
  };
}

function tierFactors({ batch_factor, flex_factor, priority_factor }: PriceOverride): Record<string, number> {
  return {
    ...(batch_factor === undefined ? {} : { batch: batch_factor }),
    ...(flex_factor === undefined ? {} : { flex: flex_factor }),
    ...(priority_factor === undefined ? {} : { priority: priority_factor, fast: priority_factor }),
  };
}

function unitPrices(override: PriceOverride): UnitPrices | undefined {
  const units: UnitPrices = {
    images: override.images,
    audioHour: override.audio_per_hour,
    millionCharacters: override.speech_per_million_characters,
    thousandSearches: override.searches_per_thousand,
    videoSecond: override.video_per_second,
  };
  return Object.values(units).every((price) => price === undefined) ? undefined : units;
}

/** `*` stands for any text. Linear: each part is searched once, after the one before. */
function compileModelGlob(glob: string): (model: string) => boolean {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (parts.length === 1) return (model) => model === glob;
  const middle = parts.slice(1, -1);
  return (model) => {
    if (!model.startsWith(first)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = model.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return model.length - last.length >= at && model.endsWith(last);
  };
}
