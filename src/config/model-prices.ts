import { z } from 'zod';
import { PROVIDER_NAMES } from '../providers/provider.ts';

const usd = z.number().nonnegative().max(1_000_000);
const factor = z.number().nonnegative().max(100);
const day = z.iso.date();

const tokenRates = {
  input_per_million: usd.optional().describe('USD for a million input tokens that no cache served'),
  output_per_million: usd.optional().describe('USD for a million output tokens, reasoning included'),
  cached_input_per_million: usd.optional().describe('Read from a cache; absent: as input'),
  cache_write_per_million: usd.optional().describe('Written to a cache for five minutes; absent: as input'),
  cache_write_1h_per_million: usd.optional().describe('Written to a cache for an hour; absent: as for five minutes'),
  audio_input_per_million: usd.optional().describe('Sound; absent: as input'),
  audio_output_per_million: usd.optional().describe('Sound; absent: as output'),
  image_input_per_million: usd.optional().describe('Pictures; absent: as input'),
  image_output_per_million: usd.optional().describe('Pictures; absent: as output'),
};

const image = z.strictObject({
  usd: usd.describe('USD for one picture'),
  size: z.string().min(1).optional().describe('As in the request, such as `1024x1024`; absent: any'),
  quality: z.string().min(1).optional().describe('As in the request, such as `high`; absent: any'),
});

const PRICE_FIELDS = [
  ...Object.keys(tokenRates),
  'images',
  'audio_per_hour',
  'speech_per_million_characters',
  'searches_per_thousand',
  'video_per_second',
];

/** One entry of `prices.overrides`. */
export const priceOverride = z
  .strictObject({
    provider: z.enum(PROVIDER_NAMES).optional(),
    cluster: z.string().min(1).optional().describe('Name of a cluster; of `provider` and `cluster` at least one'),
    model: z.string().min(1).describe('Name or glob with `*` of the model as it is sent to the provider'),
    region: z.string().min(1).optional().describe('Region, or geography such as `us`, `eu` or `global`'),
    ...tokenRates,
    above: z
      .array(z.strictObject({ prompt_tokens: z.number().int().positive(), ...tokenRates }))
      .optional()
      .describe('Rates of the whole request once its prompt has more tokens; what is absent stays as it is'),
    batch_factor: factor.optional().describe('On the token rates, for requests of a batch, such as 0.5'),
    flex_factor: factor.optional(),
    priority_factor: factor.optional().describe('For the service tiers `priority` and `fast`'),
    images: z.array(image).min(1).optional().describe('What pictures cost; the first that fits counts'),
    audio_per_hour: usd.optional().describe('USD for an hour of sound that is heard or written down'),
    speech_per_million_characters: usd.optional(),
    searches_per_thousand: usd.optional().describe('USD for a thousand search units of a reranker'),
    video_per_second: usd.optional(),
    currency: z.literal('USD').default('USD'),
    source: z.string().min(1).optional().describe('Where the price comes from, such as a contract'),
    date: day.optional().describe('Since when, or as of when, it holds'),
  })
  .superRefine((override, context) => {
    if (override.provider === undefined && override.cluster === undefined) {
      context.addIssue({ code: 'custom', message: 'names neither `provider` nor `cluster`; a price holds somewhere' });
    }
    if (!PRICE_FIELDS.some((field) => (override as Record<string, unknown>)[field] !== undefined)) {
      context.addIssue({ code: 'custom', message: 'has no price; write `input_per_million` and `output_per_million`' });
    }
  })
  .describe('A price that goes before the bundled ones');

/** The section `prices`. */
export const prices = z
  .strictObject({
    unknown: z
      .enum(['allow', 'refuse'])
      .default('allow')
      .describe('What happens to requests for models without a price: served and counted as unpriced, or refused'),
    overrides: z.array(priceOverride).default([]).describe('The first that fits counts'),
  })
  .describe('What models cost');

/** The section after parsing. */
export type PricesConfig = z.output<typeof prices>;
