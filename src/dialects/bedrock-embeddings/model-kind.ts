/** The makers' own forms of an embedding request on Bedrock. */
export type EmbeddingModelKind = 'cohere' | 'titan-image' | 'titan-v1' | 'titan-v2';

/**
 * Tells the form by the model's id or ARN. An application inference profile says nothing of what it is: it is taken for
 * Titan Text Embeddings V2.
 */
export function embeddingModelKind(model: string): EmbeddingModelKind {
  if (model.includes('cohere.')) return 'cohere';
  if (model.includes('titan-embed-image')) return 'titan-image';
  return model.includes('titan-embed-text-v1') || model.includes('titan-embed-g1') ? 'titan-v1' : 'titan-v2';
}
