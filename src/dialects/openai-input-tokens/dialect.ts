import type { FamilyDialect, TokenCountClientDialect, TokenCountProviderDialect } from '../family-dialects.ts';
import { openaiErrors } from '../openai/errors.ts';
import { decodeRequest as decodeResponsesRequest } from '../openai-responses/decode-request.ts';
import { requireCount } from '../token-count/conversation.ts';
import { wholeUsage } from '../whole-usage.ts';
import { encodeRequests } from './encode-request.ts';

/** What OpenAI's SDKs speak: a Responses request, answered with `input_tokens`. */
export const openaiInputTokensClient: TokenCountClientDialect = {
  decodeRequest(body, context) {
    const request = decodeResponsesRequest(body, context);
    return { model: request.model, input: { type: 'messages', request } };
  },
  encodeResponse: (response) => ({ object: 'response.input_tokens', input_tokens: response.inputTokens }),
};

/** What OpenAI speaks. */
export const openaiInputTokensProvider: TokenCountProviderDialect = {
  encodeRequests,
  decodeResponses: (answers) => ({ inputTokens: requireCount(answers, 'input_tokens') }),
};

/** OpenAI's `POST /v1/responses/input_tokens` (https://platform.openai.com/docs/api-reference/responses/input-tokens). */
export const openaiInputTokens: FamilyDialect = {
  name: 'openai-input-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: openaiInputTokensClient, provider: openaiInputTokensProvider },
  // Counting costs nothing.
  usage: wholeUsage([], () => ({})),
  errors: openaiErrors,
};
