import type { PriceRow } from './price-row.ts';
import { OPENAI_PRICES } from './table-openai.ts';
import { OPENAI_MEDIA_PRICES } from './table-openai-media.ts';

const SOURCE = 'https://azure.microsoft.com/en-us/pricing/details/cognitive-services/openai-service/';

/** Models whose Global Standard rates were seen to equal OpenAI's. */
const SAME: ReadonlySet<string> = new Set([
  'gpt-5.4',
  'gpt-5.4-mini',
  'gpt-5.4-nano',
  'gpt-5.3-codex',
  'gpt-5.2',
  'gpt-5.2-pro',
  'gpt-5.1',
  'gpt-5',
  'gpt-5-mini',
  'gpt-5-nano',
  'gpt-5-pro',
  'gpt-4.1',
  'gpt-4.1-mini',
  'gpt-4.1-nano',
  'gpt-4o',
  'gpt-4o-2024-05-13',
  'gpt-4o-mini',
  'o1',
  'o3',
  'o3-mini',
  'o3-pro',
  'o4-mini',
  'gpt-4-turbo',
  'gpt-4',
  'gpt-4-0613',
  'gpt-3.5-turbo',
  'gpt-3.5-turbo-0125',
  'gpt-3.5-turbo-1106',
  'gpt-3.5-turbo-instruct',
  'text-embedding-3-small',
  'text-embedding-3-large',
  'text-embedding-ada-002',
]);

/**
 * Azure OpenAI, Global Standard, for deployments that bear their model's name; what another deployment runs only its
 * owner knows. Longer contexts and service tiers are OpenAI's and left out where they were not seen.
 */
export const AZURE_PRICES: readonly PriceRow[] = [...OPENAI_PRICES, ...OPENAI_MEDIA_PRICES].flatMap((row) => {
  const models = row.models.filter((model) => SAME.has(model));
  if (models.length === 0 || row.rates === undefined) return [];
  return [
    {
      providers: ['azure-openai'],
      models,
      rates: row.rates,
      tiers: { batch: 0.5 },
      source: SOURCE,
      date: '2026-04-21',
      note: 'Global Standard; data zone and regional deployments cost about a tenth more',
    },
  ];
});
