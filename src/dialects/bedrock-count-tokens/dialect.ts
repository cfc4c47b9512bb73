import { bedrockConverseErrors } from '../bedrock-converse/errors.ts';
import type { FamilyDialect, TokenCountClientDialect, TokenCountProviderDialect } from '../family-dialects.ts';
import { requireCount } from '../token-count/conversation.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequests } from './encode-request.ts';

/** What AWS SDKs speak. */
export const bedrockCountTokensClient: TokenCountClientDialect = {
  decodeRequest,
  encodeResponse: (response) => ({ inputTokens: response.inputTokens }),
};

/** What Bedrock speaks; the path's model goes through `countTokensModel`. */
export const bedrockCountTokensProvider: TokenCountProviderDialect = {
  encodeRequests,
  decodeResponses: (answers) => ({ inputTokens: requireCount(answers, 'inputTokens') }),
};

/** Bedrock's CountTokens: `POST /model/{id}/count-tokens` (API_runtime_CountTokens). */
export const bedrockCountTokens: FamilyDialect = {
  name: 'bedrock-count-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: bedrockCountTokensClient, provider: bedrockCountTokensProvider },
  // Counting costs nothing.
  usage: wholeUsage([], () => ({})),
  errors: bedrockConverseErrors,
};
