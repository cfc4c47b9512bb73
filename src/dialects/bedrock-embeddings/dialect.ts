import { bedrockConverseErrors } from '../bedrock-converse/errors.ts';
import type { EmbeddingsProviderDialect, FamilyDialect } from '../family-dialects.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';

/** What Titan's and Cohere's embedding models speak on Bedrock: bodies for `/model/{id}/invoke`. */
export const bedrockEmbeddingsProvider: EmbeddingsProviderDialect = { encodeRequests, decodeResponses };

/** Embeddings through Bedrock's InvokeModel; clients reach them through another API. */
export const bedrockEmbeddings: FamilyDialect = {
  name: 'bedrock-embeddings',
  family: 'embeddings',
  framing: 'sse',
  embeddings: { provider: bedrockEmbeddingsProvider },
  // No client speaks this API, so that no answer of it passes through.
  usage: wholeUsage([], () => ({})),
  errors: bedrockConverseErrors,
};
