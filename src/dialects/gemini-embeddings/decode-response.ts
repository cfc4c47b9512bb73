import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { checkVectorCount, readVector } from '../embeddings/vectors.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import { decodeUsage } from '../gemini/usage.ts';
import { camelKeys, objectField } from '../gemini/wire.ts';
import type { NeutralEmbedding, NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { sumUsage } from '../neutral/usage-sum.ts';

/** Reads a `ContentEmbedding`. Throws `provider_bad_response` when it holds no numbers. */
function readEmbedding(value: unknown): NeutralEmbedding {
  const embedding = isObject(value) ? readVector(value['values']) : undefined;
  if (embedding === undefined) {
    throw new GatewayError('provider_bad_response', "The provider's answer holds an embedding without values.");
  }
  return embedding;
}

/** The vectors of an answer of `embedContent` (`embedding`) or `batchEmbedContents` (`embeddings`). */
function readEmbeddings(body: JsonObject): NeutralEmbedding[] {
  if (Array.isArray(body['embeddings'])) return body['embeddings'].map(readEmbedding);
  if (body['embedding'] !== undefined) return [readEmbedding(body['embedding'])];
  throw new GatewayError('provider_bad_response', "The provider's answer holds no embeddings.");
}

/** Joins answers of `embedContent` and `batchEmbedContents`. Usage is known only where every answer has it. */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralEmbeddingsRequest>,
): NeutralEmbeddingsResponse {
  const bodies = answers.map((answer) => camelKeys(answer.body));
  const embeddings = bodies.flatMap(readEmbeddings);
  checkVectorCount(embeddings, context.request.inputs.length);
  if (bodies.some((body) => body['truncated'] === true)) {
    context.warn('An input was longer than the model takes: its end was not embedded.');
  }
  const response: NeutralEmbeddingsResponse = { id: '', model: '', embeddings };
  const usage = sumUsage(
    bodies.map((body) => {
      const metadata = objectField(body, 'usageMetadata');
      return metadata === undefined ? undefined : decodeUsage(metadata);
    }),
  );
  if (usage !== undefined) response.usage = usage;
  return response;
}
