import type { PriceRow } from './price-row.ts';
import { ANTHROPIC_PRICES } from './table-anthropic.ts';
import { AZURE_PRICES } from './table-azure.ts';
import { BEDROCK_PRICES } from './table-bedrock.ts';
import { GOOGLE_PRICES } from './table-google.ts';
import { OPENAI_PRICES } from './table-openai.ts';
import { OPENAI_MEDIA_PRICES } from './table-openai-media.ts';
import { OTHER_PRICES } from './table-other.ts';

/**
 * The bundled prices. Providers that a user runs himself (vLLM, Ollama, KServe, any OpenAI-compatible server, the demo)
 * and those that tell the price in the answer or by request fees have none: they are unknown until configured.
 */
export const PRICE_TABLE: readonly PriceRow[] = [
  ...OPENAI_PRICES,
  ...OPENAI_MEDIA_PRICES,
  ...AZURE_PRICES,
  ...ANTHROPIC_PRICES,
  ...BEDROCK_PRICES,
  ...GOOGLE_PRICES,
  ...OTHER_PRICES,
];
