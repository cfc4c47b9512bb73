import { cohereErrors } from '../cohere/errors.ts';
import { readCohereUsage, readSearches } from '../cohere/usage.ts';
import type { FamilyDialect, RerankClientDialect, RerankProviderDialect } from '../family-dialects.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';

/** What Cohere's SDKs speak. */
export const cohereRerankClient: RerankClientDialect = { decodeRequest, encodeResponse };

/** What Cohere, and servers that copy its API, speak. */
export const cohereRerankProvider: RerankProviderDialect = { encodeRequests, decodeResponses };

/** Cohere rerank: `POST /v2/rerank` (https://docs.cohere.com/reference/rerank). */
export const cohereRerank: FamilyDialect = {
  name: 'cohere-rerank',
  family: 'rerank',
  framing: 'sse',
  rerank: { client: cohereRerankClient, provider: cohereRerankProvider },
  usage: wholeUsage(['meta', 'usage'], (fields) => ({
    usage: readCohereUsage(fields['meta']) ?? readOpenAiUsage(fields['usage']),
    units: readSearches(fields['meta']),
  })),
  errors: cohereErrors,
};
