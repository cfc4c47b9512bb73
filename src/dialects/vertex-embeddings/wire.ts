/**
 * The method a Vertex AI embedding model answers to: Gemini Embedding 2 and later speak `embedContent` only, all
 * others `predict` (https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api).
 */
export function vertexEmbeddingsMethod(model: string): 'predict' | 'embedContent' {
  return GEMINI_EMBEDDING_2.test(model) ? 'embedContent' : 'predict';
}

/** How many inputs one `predict` takes: Gemini Embedding models take one, text embedding models 250. */
export function instanceLimit(model: string): number {
  return model.includes('gemini-embedding') ? 1 : 250;
}

const GEMINI_EMBEDDING_2 = /(?:^|\/)gemini-embedding-[2-9]/;
