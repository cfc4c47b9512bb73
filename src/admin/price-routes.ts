import { z } from 'zod';
import { type PriceEntry, RATE_CLASSES, type RateBand } from '../prices/price-entry.ts';
import { AdminError } from './admin-error.ts';
import { jsonAnswer } from './answer.ts';
import { decimal, line } from './fields.ts';
import { provided } from './needs.ts';
import { type AdminRoute, defineRoute } from './route.ts';

const NAMES = {
  input: 'input',
  cacheRead: 'cache_read',
  cacheWrite: 'cache_write',
  cacheWrite1h: 'cache_write_1h',
  output: 'output',
  inputAudio: 'input_audio',
  outputAudio: 'output_audio',
  inputImage: 'input_image',
  outputImage: 'output_image',
} as const satisfies Record<(typeof RATE_CLASSES)[number], string>;

const band = z.strictObject({
  above_prompt_tokens: z.number().int().describe('0: every prompt'),
  usd_per_million_tokens: z.record(z.string(), decimal),
});

const price = z.strictObject({
  provider: z.string(),
  model: z.string().describe('The price table’s name of the model, or the pattern of a configured price'),
  origin: z.enum(['bundled', 'configured']),
  regions: z.array(z.string()),
  bands: z.array(band).describe('Ascending by the length of the prompt; empty when tokens are not billed'),
  tiers: z.record(z.string(), z.array(band)).describe('Service tiers with rates of their own'),
  source: z.string(),
  date: z.string(),
  note: z.string(),
});

const query = z.strictObject({
  provider: line.min(1).max(128),
  model: line.min(1).max(256),
  region: line.max(128).optional(),
});

/** The route of prices. */
export const PRICE_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/prices',
    access: 'viewer',
    operationId: 'getPrice',
    summary: 'What a model costs',
    tag: 'prices',
    query,
    answers: { 200: { description: 'The price in force', schema: price } },
    handle(port, { query: { provider, model, region } }) {
      const entry = provided(port.prices?.(), 'prices', 'a provider').find(provider, model, region);
      if (entry !== undefined) return jsonAnswer(200, showPrice(entry));
      throw new AdminError(404, 'unknown_price', {
        message: `No price is known for ${provider}/${model}; write it under \`prices.overrides\`.`,
      });
    },
  }),
];

function showPrice(entry: PriceEntry): z.output<typeof price> {
  return {
    provider: entry.provider,
    model: entry.model,
    origin: entry.origin,
    regions: [...entry.regions],
    bands: entry.bands.map(showBand),
    tiers: Object.fromEntries([...entry.tiers].map(([tier, bands]) => [tier, bands.map(showBand)])),
    source: entry.source,
    date: entry.date,
    note: entry.note,
  };
}

function showBand({ aboveTokens, nano, pico }: RateBand): z.output<typeof band> {
  const rates = RATE_CLASSES.map((name, index) => [NAMES[name], millionText(nano[index] ?? 0, pico[index] ?? 0)]);
  return { above_prompt_tokens: Math.max(0, aboveTokens), usd_per_million_tokens: Object.fromEntries(rates) };
}

/** Dollars for a million tokens, from nano and pico dollars for one. */
function millionText(nano: number, pico: number): string {
  const micros = BigInt(nano) * 1000n + BigInt(pico);
  return `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;
}
