import { isObject, type JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type {
  FamilyDialect,
  ProviderAnswer,
  TokenCountClientDialect,
  TokenCountProviderDialect,
} from '../family-dialects.ts';
import { decodeRequest as decodeGenerateRequest } from '../gemini/decode-request.ts';
import { errors } from '../gemini/errors.ts';
import { camelKeys, numberField } from '../gemini/wire.ts';
import type { NeutralTokenCountRequest, NeutralTokenCountResponse } from '../neutral/token-count.ts';
import { requireCount } from '../token-count/conversation.ts';
import { wholeUsage } from '../whole-usage.ts';
import { encodeRequests, encodeVertexRequests } from './encode-request.ts';

/** Reads `contents`, or the whole request in `generateContentRequest`. */
function decodeRequest(raw: JsonObject, context: DecodeContext): NeutralTokenCountRequest {
  const body = camelKeys(raw);
  const whole = body['generateContentRequest'];
  const request = decodeGenerateRequest(isObject(whole) ? whole : body, context);
  return { model: request.model, input: { type: 'messages', request } };
}

function encodeResponse(response: NeutralTokenCountResponse): JsonObject {
  const body: JsonObject = { totalTokens: response.inputTokens };
  if (response.cachedTokens !== undefined) body['cachedContentTokenCount'] = response.cachedTokens;
  return body;
}

function decodeResponses(answers: readonly ProviderAnswer[]): NeutralTokenCountResponse {
  const response: NeutralTokenCountResponse = { inputTokens: requireCount(answers, 'totalTokens') };
  const cached = numberField(answers[0]?.body ?? {}, 'cachedContentTokenCount');
  if (cached !== undefined) response.cachedTokens = cached;
  return response;
}

/** What Gemini's SDKs speak. */
export const geminiCountTokensClient: TokenCountClientDialect = { decodeRequest, encodeResponse };

/** What AI Studio speaks. */
export const geminiCountTokensProvider: TokenCountProviderDialect = { encodeRequests, decodeResponses };

/** What Vertex AI speaks. */
export const vertexCountTokensProvider: TokenCountProviderDialect = {
  encodeRequests: encodeVertexRequests,
  decodeResponses,
};

// Counting costs nothing.
const usage = wholeUsage([], () => ({}));

/** Gemini's countTokens on AI Studio (https://ai.google.dev/api/tokens). */
export const geminiCountTokens: FamilyDialect = {
  name: 'gemini-count-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: geminiCountTokensClient, provider: geminiCountTokensProvider },
  usage,
  errors,
};

/** The same on Vertex AI; a Gemini client's bodies are read as AI Studio's are. */
export const vertexCountTokens: FamilyDialect = {
  name: 'vertex-count-tokens',
  family: 'tokenize',
  framing: 'sse',
  tokenCount: { client: geminiCountTokensClient, provider: vertexCountTokensProvider },
  usage,
  errors,
};
