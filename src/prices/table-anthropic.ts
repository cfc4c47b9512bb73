import type { PriceRow, TokenRates } from './price-row.ts';

const SOURCE = 'https://platform.claude.com/docs/en/about-claude/pricing';

/** Cache writes cost 1.25 and 2 times the input, reads a tenth of it unless a model has its own price. */
function claude(input: number, output: number, cacheRead: number): TokenRates {
  return { input, output, cacheRead, cacheWrite: input * 1.25, cacheWrite1h: input * 2 };
}

interface ClaudeModel {
  models: readonly string[];
  rates: TokenRates;
  above?: PriceRow['above'];
  /** Fast mode costs twice as much; the Claude API alone has it. */
  fast?: boolean;
  /** Whether the clouds ask a tenth more outside their global endpoints: all models since Claude 4.5. */
  regional: boolean;
  date: string;
}

const MODELS: readonly ClaudeModel[] = [
  {
    models: ['claude-fable-5-1', 'claude-mythos-5-1'],
    rates: claude(10, 50, 0.25),
    regional: true,
    date: '2026-10-08',
  },
  { models: ['claude-fable-5', 'claude-mythos-5'], rates: claude(10, 50, 1), regional: true, date: '2026-10-08' },
  { models: ['claude-opus-5-5'], rates: claude(4, 20, 0.2), fast: true, regional: true, date: '2026-10-08' },
  {
    models: ['claude-opus-5', 'claude-opus-4-8'],
    rates: claude(5, 25, 0.5),
    fast: true,
    regional: true,
    date: '2026-10-08',
  },
  {
    models: ['claude-opus-4-7', 'claude-opus-4-6', 'claude-opus-4-5'],
    rates: claude(5, 25, 0.5),
    regional: true,
    date: '2026-10-08',
  },
  {
    models: ['claude-opus-4-1', 'claude-opus-4', 'claude-opus-4-0'],
    rates: claude(15, 75, 1.5),
    regional: false,
    date: '2026-10-08',
  },
  { models: ['claude-sonnet-5-5'], rates: claude(2, 10, 0.1), regional: true, date: '2026-10-16' },
  { models: ['claude-sonnet-5'], rates: claude(2, 10, 0.2), regional: true, date: '2026-10-08' },
  {
    models: ['claude-sonnet-4-6', 'claude-sonnet-4-5'],
    rates: claude(3, 15, 0.3),
    regional: true,
    date: '2026-10-08',
  },
  { models: ['claude-sonnet-4', 'claude-sonnet-4-0'], rates: claude(3, 15, 0.3), regional: false, date: '2026-10-08' },
  {
    models: ['claude-haiku-5-5'],
    rates: claude(0.1, 0.5, 0.01),
    above: [{ promptTokens: 100_000, rates: claude(0.5, 2.5, 0.05) }],
    regional: true,
    date: '2026-10-16',
  },
  { models: ['claude-haiku-4-5'], rates: claude(1, 5, 0.1), regional: true, date: '2026-10-08' },
  { models: ['claude-3-5-haiku'], rates: claude(0.8, 4, 0.08), regional: false, date: '2026-10-08' },
  {
    models: ['claude-3-7-sonnet', 'claude-3-5-sonnet', 'claude-3-sonnet'],
    rates: claude(3, 15, 0.3),
    regional: false,
    date: '2026-02-17',
  },
  {
    models: ['claude-3-haiku'],
    rates: { input: 0.25, output: 1.25, cacheRead: 0.03, cacheWrite: 0.3, cacheWrite1h: 0.5 },
    regional: false,
    date: '2026-02-17',
  },
  { models: ['claude-3-opus'], rates: claude(15, 75, 1.5), regional: false, date: '2026-02-17' },
];

const CLOUDS = [
  { providers: ['aws-bedrock', 'aws-anthropic'], prefix: 'anthropic.' },
  { providers: ['gcp-anthropic'], prefix: '' },
] as const;

/**
 * Claude at Anthropic, on Bedrock and on Vertex AI. The global endpoints of the clouds cost what the Claude API does;
 * from Claude 4.5 on their regional ones, multi-region ones among them, cost a tenth more (same page, «Cloud platform pricing»).
 */
export const ANTHROPIC_PRICES: readonly PriceRow[] = MODELS.flatMap(
  ({ models, rates, above, fast, regional, date }): PriceRow[] => {
    const common = { rates, above, source: SOURCE, date };
    const anthropic: PriceRow = {
      ...common,
      providers: ['anthropic'],
      models,
      tiers: fast === true ? { batch: 0.5, fast: 2 } : { batch: 0.5 },
    };
    const clouds = CLOUDS.flatMap(({ providers, prefix }): PriceRow[] => {
      const names = models.map((model) => `${prefix}${model}`);
      const row: PriceRow = { ...common, providers, models: names, tiers: { batch: 0.5 } };
      if (!regional) return [row];
      return [
        { ...row, regions: ['global'] },
        { ...row, factor: 1.1, note: 'regional endpoint; `global` costs a tenth less' },
      ];
    });
    return [anthropic, ...clouds];
  },
);
