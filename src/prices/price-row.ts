/**
 * Prices of the token classes of `Usage`, in USD for a million tokens, as a price page prints them. A class without a
 * price of its own costs what the class it is a special case of costs: reads from and writes to a cache as input, an hour
 * of cache as five minutes, sound and images as text of the same direction. Reasoning is output.
 */
export interface TokenRates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  /** Writing to a cache that lives five minutes, or the provider's only lifetime. */
  readonly cacheWrite?: number | undefined;
  readonly cacheWrite1h?: number | undefined;
  readonly inputAudio?: number | undefined;
  readonly outputAudio?: number | undefined;
  readonly inputImage?: number | undefined;
  readonly outputImage?: number | undefined;
}

/** Rates by length: those of `above` hold for the whole request once its prompt is longer. */
export interface RateCard {
  readonly rates: TokenRates;
  /** Ascending. `promptTokens` is the largest prompt, caches included, that the rates before still hold for. */
  readonly above?: readonly { readonly promptTokens: number; readonly rates: TokenRates }[] | undefined;
}

/** What one picture costs; without `size` or `quality`: any. The first that fits counts. */
export interface ImagePrice {
  readonly usd: number;
  /** As in the request, such as `1024x1024`. */
  readonly size?: string | undefined;
  readonly quality?: string | undefined;
}

/** Prices of what is not counted in tokens, in USD. */
export interface UnitPrices {
  readonly images?: readonly ImagePrice[] | undefined;
  /** An hour of sound that was heard or written down. */
  readonly audioHour?: number | undefined;
  /** A request counts as at least so many seconds of sound. */
  readonly audioMinimumSeconds?: number | undefined;
  /** A million characters that were spoken. */
  readonly millionCharacters?: number | undefined;
  /** A thousand search units of a reranker. */
  readonly thousandSearches?: number | undefined;
  readonly videoSecond?: number | undefined;
}

/** One line of a price table: what some models of some providers cost. At least `rates` or `units` is there. */
export interface PriceRow {
  /** Names of `providers/provider.ts`. */
  readonly providers: readonly string[];
  /** Model names in lower case, without the date, version or path that `model-forms.ts` takes off. */
  readonly models: readonly string[];
  /** Regions or geographies (`us`, `eu`, `global`, …) it holds in; absent: wherever no other row says more. */
  readonly regions?: readonly string[] | undefined;
  readonly rates?: TokenRates | undefined;
  readonly above?: RateCard['above'];
  /** On all token rates, such as 1.1 for a premium of ten per cent. */
  readonly factor?: number | undefined;
  /** Service tiers (`batch`, `flex`, `priority`, `fast`): a factor on the standard rates, or rates of their own. */
  readonly tiers?: Readonly<Record<string, number | RateCard>> | undefined;
  readonly units?: UnitPrices | undefined;
  /** First and last day (ISO, UTC) on which it holds; absent: no bound. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  /** The public page with the price. */
  readonly source: string;
  /** The day (ISO) on which the price was known to hold. */
  readonly date: string;
  /** What a reader of a bill must know, such as that it is an upper bound. */
  readonly note?: string | undefined;
}
