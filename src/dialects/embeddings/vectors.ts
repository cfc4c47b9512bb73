import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonValue } from '../../json/types.ts';
import type { EmbeddingEncoding, NeutralEmbedding, NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { base64ToFloats, floatsToBase64 } from './float-base64.ts';

/** The vector in this form; floats and base64 are made of each other. Throws `provider_bad_response` where it is not known. */
export function vectorAs(embedding: NeutralEmbedding, encoding: EmbeddingEncoding): number[] | string {
  const known = embedding[encoding];
  if (known !== undefined) return known;
  if (encoding === 'base64' && Array.isArray(embedding.float)) return floatsToBase64(embedding.float);
  if (encoding === 'float' && typeof embedding.base64 === 'string') return base64ToFloats(embedding.base64);
  throw new GatewayError('provider_bad_response', `The provider sent no vector of type ${encoding}.`);
}

/** A vector as a provider wrote it: numbers, or base64 of floats; `undefined` for anything else. */
export function readVector(value: JsonValue | undefined): NeutralEmbedding | undefined {
  if (typeof value === 'string') return { base64: value };
  if (!Array.isArray(value)) return undefined;
  const values = value.filter((item) => typeof item === 'number');
  return values.length === value.length ? { float: values } : undefined;
}

/** Throws `provider_bad_response` unless there is one vector for each input: whose is missing cannot be told. */
export function checkVectorCount(embeddings: readonly NeutralEmbedding[], inputs: number): void {
  if (embeddings.length === inputs) return;
  throw new GatewayError(
    'provider_bad_response',
    `The provider sent ${embeddings.length} vectors for ${inputs} inputs.`,
  );
}

/** Throws `unsupported_parameter` where the client wants vectors other than floats, which is all that `api` makes. */
export function requireFloats(request: NeutralEmbeddingsRequest, api: string): void {
  for (const encoding of request.encodings) {
    if (encoding === 'float' || encoding === 'base64') continue;
    throw new GatewayError(
      'unsupported_parameter',
      `${api} makes no vectors of type ${encoding}; ask for float or base64, or for a Cohere model.`,
      { param: 'embedding_types' },
    );
  }
}
