import { cohereErrors } from '../cohere/errors.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import type { EmbeddingsClientDialect, EmbeddingsProviderDialect, FamilyDialect } from '../family-dialects.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';

/** What Cohere's SDKs speak. */
export const cohereEmbeddingsClient: EmbeddingsClientDialect = { decodeRequest, encodeResponse };

/** What Cohere and vLLM's copy of its API speak. */
export const cohereEmbeddingsProvider: EmbeddingsProviderDialect = { encodeRequests, decodeResponses };

/** Cohere embeddings: `POST /v2/embed` (https://docs.cohere.com/reference/embed). */
export const cohereEmbeddings: FamilyDialect = {
  name: 'cohere-embeddings',
  family: 'embeddings',
  framing: 'sse',
  embeddings: { client: cohereEmbeddingsClient, provider: cohereEmbeddingsProvider },
  usage: wholeUsage(['meta'], (fields) => ({ usage: readCohereUsage(fields['meta']) })),
  errors: cohereErrors,
};
