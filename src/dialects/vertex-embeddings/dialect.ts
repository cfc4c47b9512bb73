import type { EmbeddingsProviderDialect, FamilyDialect } from '../family-dialects.ts';
import { errors } from '../gemini/errors.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';

/** What Vertex AI speaks: bodies for the method that `vertexEmbeddingsMethod` names. */
export const vertexEmbeddingsProvider: EmbeddingsProviderDialect = { encodeRequests, decodeResponses };

/** Embeddings on Vertex AI; clients reach it through another API. */
export const vertexEmbeddings: FamilyDialect = {
  name: 'vertex-embeddings',
  family: 'embeddings',
  framing: 'sse',
  embeddings: { provider: vertexEmbeddingsProvider },
  // No client speaks this API, so that no answer of it passes through.
  usage: wholeUsage([], () => ({})),
  errors,
};
