import type { JsonObject, JsonValue } from '../../json/types.ts';
import { vectorAs } from '../embeddings/vectors.ts';
import type { FamilyResponseContext } from '../family-dialects.ts';
import type { NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { emptyUsage, inputTotal, usageTotal } from '../neutral/usage.ts';

/** Writes a list of embeddings. Usage is there even when the provider reported none: SDKs read it unasked. */
export function encodeResponse(
  response: NeutralEmbeddingsResponse,
  context: FamilyResponseContext<NeutralEmbeddingsRequest>,
): JsonObject {
  const encoding = context.request.encodings[0] ?? 'float';
  const usage = response.usage ?? emptyUsage();
  return {
    ...response.extensions?.['openai-embeddings'],
    object: 'list',
    data: response.embeddings.map((embedding, index): JsonValue => {
      return { object: 'embedding', index, embedding: vectorAs(embedding, encoding) };
    }),
    model: response.model === '' ? context.requestModel : response.model,
    usage: { prompt_tokens: inputTotal(usage), total_tokens: usageTotal(usage) },
  };
}
