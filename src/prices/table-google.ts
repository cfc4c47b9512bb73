import type { PriceRow } from './price-row.ts';

const STUDIO = 'https://ai.google.dev/gemini-api/docs/pricing';
const VERTEX = 'https://cloud.google.com/vertex-ai/generative-ai/pricing';

/** Half price for batches and flex processing. */
const HALF = { batch: 0.5, flex: 0.5 } as const;

/** Where the rates for short prompts of the Pro models end. */
const SHORT = 200_000;

interface GeminiModel extends Pick<PriceRow, 'models' | 'rates' | 'above' | 'from' | 'until' | 'date' | 'note'> {
  /** Whether Vertex AI asks a tenth more outside `global`: all models since Gemini 3. */
  regional: boolean;
  tiers?: PriceRow['tiers'];
}

/** Reads of a cache cost a tenth of the input; keeping an explicit cache is billed by the hour and not seen in answers. */
const MODELS: readonly GeminiModel[] = [
  {
    models: ['gemini-3.8-flash', 'gemini-3.7-flash'],
    rates: { input: 0.75, cacheRead: 0.075, output: 3.75 },
    tiers: HALF,
    until: '2026-12-31',
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-3.8-flash', 'gemini-3.7-flash'],
    rates: { input: 1.5, cacheRead: 0.15, output: 7.5 },
    tiers: HALF,
    from: '2027-01-01',
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-3.6-flash'],
    rates: { input: 1.5, cacheRead: 0.15, output: 7.5 },
    tiers: HALF,
    regional: true,
    date: '2026-08-09',
  },
  {
    models: ['gemini-3.5-flash'],
    rates: { input: 1.5, cacheRead: 0.15, output: 9 },
    tiers: HALF,
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-3.5-flash-lite'],
    rates: { input: 0.3, cacheRead: 0.03, output: 2.5 },
    tiers: HALF,
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-3.1-pro-preview'],
    rates: { input: 2, cacheRead: 0.2, output: 12 },
    above: [{ promptTokens: SHORT, rates: { input: 4, cacheRead: 0.4, output: 18 } }],
    tiers: HALF,
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-3.1-flash-lite', 'gemini-3.1-flash-lite-preview'],
    rates: { input: 0.25, cacheRead: 0.025, inputAudio: 0.5, output: 1.5 },
    tiers: HALF,
    regional: true,
    date: '2026-09-07',
  },
  {
    models: ['gemini-3-flash-preview'],
    rates: { input: 0.5, cacheRead: 0.05, inputAudio: 1, output: 3 },
    tiers: HALF,
    regional: true,
    date: '2025-12-17',
  },
  {
    models: ['gemini-3-pro-image', 'gemini-3-pro-image-preview'],
    rates: { input: 2, output: 12, outputImage: 120 },
    tiers: HALF,
    regional: true,
    date: '2026-10-07',
  },
  {
    models: ['gemini-2.5-pro'],
    rates: { input: 1.25, cacheRead: 0.125, output: 10 },
    above: [{ promptTokens: SHORT, rates: { input: 2.5, cacheRead: 0.25, output: 15 } }],
    tiers: HALF,
    regional: false,
    date: '2026-10-07',
  },
  {
    models: ['gemini-2.5-flash'],
    rates: { input: 0.3, cacheRead: 0.03, inputAudio: 1, output: 2.5 },
    tiers: HALF,
    regional: false,
    date: '2026-10-07',
  },
  {
    models: ['gemini-2.5-flash-lite'],
    rates: { input: 0.1, cacheRead: 0.01, inputAudio: 0.3, output: 0.4 },
    tiers: HALF,
    regional: false,
    date: '2026-10-07',
  },
  {
    models: ['gemini-embedding-2'],
    rates: { input: 0.2, output: 0 },
    regional: true,
    date: '2026-10-07',
    note: 'text; pictures and sound cost more',
  },
  { models: ['gemini-embedding-001'], rates: { input: 0.15, output: 0 }, regional: false, date: '2026-10-07' },
];

/** Gemini at AI Studio and on Vertex AI: the same prices, but for Vertex AI's regional endpoints. */
export const GOOGLE_PRICES: readonly PriceRow[] = MODELS.flatMap(({ regional, ...model }): PriceRow[] => {
  const vertex: PriceRow = { ...model, providers: ['gcp-vertex'], source: VERTEX };
  const studio: PriceRow = { ...model, providers: ['google'], source: STUDIO };
  if (!regional) return [studio, vertex];
  return [
    studio,
    { ...vertex, regions: ['global'] },
    { ...vertex, factor: 1.1, note: 'regional endpoint; `global` costs a tenth less' },
  ];
});
