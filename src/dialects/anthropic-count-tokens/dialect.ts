import { decodeRequest as decodeMessagesRequest } from '../anthropic/decode-request.ts';
import { anthropicErrors } from '../anthropic/errors.ts';
import type { FamilyDialect, TokenCountClientDialect, TokenCountProviderDialect } from '../family-dialects.ts';
import { requireCount } from '../token-count/conversation.ts';
import { wholeUsage } from '../whole-usage.ts';
import { encodeRequests, encodeVertexRequests } from './encode-request.ts';

/** What Anthropic's SDKs speak: a Messages request without a limit, answered with `input_tokens`. */
export const anthropicCountTokensClient: TokenCountClientDialect = {
  decodeRequest(body, context) {
    const request = decodeMessagesRequest(body, context);
    return { model: request.model, input: { type: 'messages', request } };
  },
  encodeResponse: (response) => ({ input_tokens: response.inputTokens }),
};

/** What Anthropic speaks. */
export const anthropicCountTokensProvider: TokenCountProviderDialect = {
  encodeRequests,
  decodeResponses: (answers) => ({ inputTokens: requireCount(answers, 'input_tokens') }),
};

/** What Claude on Vertex AI speaks: bodies for `models/count-tokens:rawPredict`. */
export const vertexClaudeCountTokensProvider: TokenCountProviderDialect = {
  ...anthropicCountTokensProvider,
  encodeRequests: encodeVertexRequests,
};

// Counting costs nothing.
const usage = wholeUsage([], () => ({}));

/** Anthropic's `POST /v1/messages/count_tokens` (https://platform.claude.com/docs/en/api/messages/count_tokens). */
export const anthropicCountTokens: FamilyDialect = {
  name: 'anthropic-count-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: anthropicCountTokensClient, provider: anthropicCountTokensProvider },
  usage,
  errors: anthropicErrors,
};

/** The same on Vertex AI; clients reach it through another API. */
export const vertexClaudeCountTokens: FamilyDialect = {
  name: 'vertex-claude-count-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { provider: vertexClaudeCountTokensProvider },
  usage,
  errors: anthropicErrors,
};
