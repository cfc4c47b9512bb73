import type { JsonObject, JsonValue } from '../../json/types.ts';
import { vectorAs } from '../embeddings/vectors.ts';
import type { FamilyResponseContext } from '../family-dialects.ts';
import { encodeUsage } from '../gemini/usage.ts';
import type { NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';

/** Writes the answer of `embedContent`, or of `batchEmbedContents` where the client sent a batch. */
export function encodeResponse(
  response: NeutralEmbeddingsResponse,
  context: FamilyResponseContext<NeutralEmbeddingsRequest>,
): JsonObject {
  const embeddings = response.embeddings.map((embedding): JsonValue => ({ values: vectorAs(embedding, 'float') }));
  const [only] = embeddings;
  const body: JsonObject = context.request.batch || only === undefined ? { embeddings } : { embedding: only };
  if (response.usage !== undefined) {
    const { promptTokenCount, totalTokenCount } = encodeUsage(response.usage);
    body['usageMetadata'] = { promptTokenCount, totalTokenCount };
  }
  return body;
}
