import type { PriceRow, TokenRates } from './price-row.ts';

const MISTRAL = 'https://mistral.ai/pricing';
const GROQ = 'https://groq.com/pricing';
const COHERE = 'https://cohere.com/pricing';
const DEEPSEEK = 'https://api-docs.deepseek.com/quick_start/pricing';
const XAI = 'https://docs.x.ai/developers/pricing';
const TOGETHER = 'https://www.together.ai/pricing';
const FIREWORKS = 'https://docs.fireworks.ai/serverless/pricing';
const SAMBANOVA = 'https://cloud.sambanova.ai/plans/pricing';

const tokens = (input: number, output: number, cacheRead?: number): TokenRates => ({ input, output, cacheRead });

const HALF_BATCH = { batch: 0.5 } as const;

/** Mistral's own API. `mistral-large-latest` has moved to a model whose price was not seen. */
const mistral = (models: readonly string[], rates: TokenRates): PriceRow => ({
  providers: ['mistral'],
  models,
  rates,
  tiers: HALF_BATCH,
  source: MISTRAL,
  date: '2026-08-03',
});

const groq = (models: readonly string[], rates: TokenRates, date = '2026-08-09'): PriceRow => ({
  providers: ['groq'],
  models,
  rates,
  source: GROQ,
  date,
});

/** From 200,000 prompt tokens on everything costs twice as much. */
const grok = (models: readonly string[], [input, cacheRead, output]: readonly [number, number, number]): PriceRow => ({
  providers: ['xai'],
  models,
  rates: tokens(input, output, cacheRead),
  above: [{ promptTokens: 199_999, rates: tokens(input * 2, output * 2, cacheRead * 2) }],
  source: XAI,
  date: '2026-09-29',
});

const cohere = (models: readonly string[], rates: TokenRates, date: string): PriceRow => ({
  providers: ['cohere'],
  models,
  rates,
  source: COHERE,
  date,
});

const rerank = (models: readonly string[], thousandSearches: number): PriceRow => ({
  providers: ['cohere'],
  models,
  units: { thousandSearches },
  source: COHERE,
  date: '2026-06-01',
});

const together = (models: readonly string[], rates: TokenRates): PriceRow => ({
  providers: ['together'],
  models,
  rates,
  source: TOGETHER,
  date: '2026-08-09',
});

const fireworks = (models: readonly string[], rates: TokenRates): PriceRow => ({
  providers: ['fireworks'],
  models,
  rates,
  tiers: HALF_BATCH,
  source: FIREWORKS,
  date: '2026-08-09',
});

const sambanova = (models: readonly string[], rates: TokenRates): PriceRow => ({
  providers: ['sambanova'],
  models,
  rates,
  source: SAMBANOVA,
  date: '2026-10-07',
});

const PEAK = 'price of the peak hours (01:00-04:00 and 06:00-10:00 UTC on weekdays); off-peak costs half';

/** Vendors with few models each. */
export const OTHER_PRICES: readonly PriceRow[] = [
  mistral(['mistral-medium', 'mistral-medium-3.5'], tokens(1.5, 7.5)),
  mistral(['mistral-large-2512'], tokens(0.5, 1.5)),
  mistral(['mistral-small', 'mistral-small-4'], tokens(0.15, 0.6)),
  mistral(['magistral-medium'], tokens(2, 5)),
  mistral(['magistral-small'], tokens(0.5, 1.5)),
  mistral(['codestral', 'codestral-2508'], tokens(0.3, 0.9)),
  mistral(['devstral-medium'], tokens(0.4, 2)),
  mistral(['devstral-small'], tokens(0.1, 0.3)),
  mistral(['open-mistral-nemo', 'mistral-nemo'], tokens(0.15, 0.15)),
  mistral(['ministral-14b', 'ministral-14b-2512'], tokens(0.2, 0.2)),
  mistral(['ministral-8b-2512'], tokens(0.15, 0.15)),
  mistral(['ministral-3b-2512'], tokens(0.1, 0.1)),
  mistral(['open-mixtral-8x22b'], tokens(2, 6)),
  mistral(['open-mixtral-8x7b'], tokens(0.7, 0.7)),
  mistral(['mistral-embed'], tokens(0.1, 0)),
  mistral(['codestral-embed'], tokens(0.15, 0)),
  mistral(['mistral-moderation'], tokens(0.1, 0)),

  groq(['llama-3.3-70b-versatile'], tokens(0.59, 0.79)),
  groq(['llama-3.1-8b-instant'], tokens(0.05, 0.08)),
  groq(['meta-llama/llama-4-scout-17b-16e-instruct'], tokens(0.11, 0.34)),
  groq(['openai/gpt-oss-120b'], tokens(0.15, 0.6, 0.075)),
  groq(['openai/gpt-oss-20b'], tokens(0.075, 0.3, 0.0375)),
  groq(['qwen/qwen3.6-27b'], tokens(0.6, 3), '2026-07-24'),
  groq(['qwen/qwen3-32b'], tokens(0.29, 0.59), '2026-04-21'),
  groq(['moonshotai/kimi-k2-instruct-0905'], tokens(1, 3, 0.5), '2026-06-01'),
  {
    providers: ['groq'],
    models: ['whisper-large-v3'],
    units: { audioHour: 0.111, audioMinimumSeconds: 10 },
    source: GROQ,
    date: '2026-06-01',
  },
  {
    providers: ['groq'],
    models: ['whisper-large-v3-turbo'],
    units: { audioHour: 0.04, audioMinimumSeconds: 10 },
    source: GROQ,
    date: '2026-06-01',
  },

  cohere(['command-a-03-2025', 'command-r-plus-08-2024'], tokens(2.5, 10), '2026-08-09'),
  cohere(['command-r-08-2024'], tokens(0.15, 0.6), '2026-11-11'),
  cohere(['command-r7b-12-2024'], tokens(0.0375, 0.15), '2026-08-09'),
  cohere(['embed-v4.0'], { input: 0.12, inputImage: 0.47, output: 0 }, '2026-06-01'),
  cohere(['embed-english-v3.0', 'embed-multilingual-v3.0'], tokens(0.1, 0), '2026-04-21'),
  rerank(['rerank-v4.0-pro'], 2.5),
  rerank(['rerank-v4.0-fast', 'rerank-v3.5'], 2),

  {
    providers: ['deepseek'],
    models: ['deepseek-flash', 'deepseek-v4-flash'],
    rates: tokens(0.3, 1.2, 0.006),
    source: DEEPSEEK,
    date: '2026-10-27',
    note: PEAK,
  },
  {
    providers: ['deepseek'],
    models: ['deepseek-v4-pro'],
    rates: tokens(1.32, 3.96, 0.044),
    source: DEEPSEEK,
    date: '2026-10-27',
    note: PEAK,
  },

  grok(['grok-4.7', 'grok-4.6'], [2, 0.5, 6]),
  grok(['grok-4.5'], [2, 0.3, 6]),
  grok(['grok-4.3'], [1.25, 0.2, 2.5]),
  grok(['grok-4.20-0309-reasoning', 'grok-4.20-0309-non-reasoning', 'grok-4.20-multi-agent-0309'], [1.25, 0.2, 2.5]),
  grok(['grok-build-0.1'], [1, 0.2, 2]),

  together(['meta-llama/llama-3.3-70b-instruct-turbo'], tokens(1.04, 1.04)),
  together(['meta-llama/llama-4-maverick-17b-128e-instruct-fp8'], tokens(0.27, 0.85)),
  together(['meta-llama/llama-4-scout-17b-16e-instruct'], tokens(0.18, 0.59)),
  together(['openai/gpt-oss-120b'], tokens(0.15, 0.6)),

  fireworks(['kimi-k2p6'], tokens(0.95, 4, 0.16)),
  fireworks(['deepseek-v4-pro'], tokens(1.74, 3.48, 0.145)),
  fireworks(['gpt-oss-120b'], tokens(0.15, 0.6, 0.015)),
  fireworks(['gpt-oss-20b'], tokens(0.07, 0.3, 0.035)),
  fireworks(['llama-v3p3-70b-instruct'], tokens(0.9, 0.9)),

  sambanova(['minimax-m3'], tokens(0.6, 2.4, 0.06)),
  sambanova(['deepseek-v3.1', 'deepseek-v3.2'], tokens(3, 4.5)),
];
