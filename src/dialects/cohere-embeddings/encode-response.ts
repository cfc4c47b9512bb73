import type { JsonObject } from '../../json/types.ts';
import { vectorAs } from '../embeddings/vectors.ts';
import type { FamilyResponseContext } from '../family-dialects.ts';
import type { NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { inputTotal } from '../neutral/usage.ts';

/** The texts that were embedded, as the API repeats them; empty when there are inputs other than single texts. */
function textsOf(request: NeutralEmbeddingsRequest): string[] {
  const texts = request.inputs.flatMap(({ content }) => {
    const [part] = content;
    return content.length === 1 && part?.type === 'text' ? [part.text] : [];
  });
  return texts.length === request.inputs.length ? texts : [];
}

/** Writes the answer of `POST /v2/embed`. */
export function encodeResponse(
  response: NeutralEmbeddingsResponse,
  context: FamilyResponseContext<NeutralEmbeddingsRequest>,
): JsonObject {
  const embeddings: JsonObject = {};
  for (const encoding of context.request.encodings) {
    embeddings[encoding] = response.embeddings.map((embedding) => vectorAs(embedding, encoding));
  }
  const meta: JsonObject = { api_version: { version: '2' } };
  const usage = response.usage;
  if (usage !== undefined) {
    const billed: JsonObject = { input_tokens: inputTotal(usage) - usage.inputImage };
    if (usage.inputImage > 0) billed['image_tokens'] = usage.inputImage;
    meta['billed_units'] = billed;
  }
  return {
    ...response.extensions?.['cohere-embeddings'],
    id: response.id === '' ? context.newId('') : response.id,
    embeddings,
    texts: textsOf(context.request),
    response_type: 'embeddings_by_type',
    meta,
  };
}
