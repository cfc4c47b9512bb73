import type { FamilyDialect, TokenCountClientDialect, TokenCountProviderDialect } from '../family-dialects.ts';
import { openaiErrors } from '../openai/errors.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';

/** What clients of vLLM's tokenizer speak. */
export const vllmTokenizeClient: TokenCountClientDialect = { decodeRequest, encodeResponse };

/** What vLLM speaks. */
export const vllmTokenizeProvider: TokenCountProviderDialect = { encodeRequests, decodeResponses };

/** vLLM's `POST /tokenize`, which the reference system serves for every provider that counts tokens. */
export const vllmTokenize: FamilyDialect = {
  name: 'vllm-tokenize',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: vllmTokenizeClient, provider: vllmTokenizeProvider },
  // Counting costs nothing.
  usage: wholeUsage([], () => ({})),
  errors: openaiErrors,
};
