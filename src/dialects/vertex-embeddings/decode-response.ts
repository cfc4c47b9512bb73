import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { checkVectorCount, readVector } from '../embeddings/vectors.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import { numberField, objectField } from '../gemini/wire.ts';
import { decodeResponses as decodeContentResponses } from '../gemini-embeddings/decode-response.ts';
import type { NeutralEmbedding, NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { vertexEmbeddingsMethod } from './wire.ts';

/** A prediction's vector and what the model says of its input. */
interface Prediction {
  embedding: NeutralEmbedding;
  tokens: number | undefined;
  truncated: boolean;
}

function readPrediction(value: JsonValue): Prediction {
  const embeddings = isObject(value) ? objectField(value, 'embeddings') : undefined;
  const embedding = readVector(embeddings?.['values']);
  if (embeddings === undefined || embedding === undefined) {
    throw new GatewayError('provider_bad_response', "The provider's answer holds a prediction without values.");
  }
  const statistics: JsonObject = objectField(embeddings, 'statistics') ?? {};
  return {
    embedding,
    tokens: numberField(statistics, 'token_count') ?? numberField(statistics, 'tokenCount'),
    truncated: statistics['truncated'] === true,
  };
}

function readPredictions(answer: ProviderAnswer): Prediction[] {
  const predictions = answer.body['predictions'];
  if (!Array.isArray(predictions)) {
    throw new GatewayError('provider_bad_response', "The provider's answer holds no predictions.");
  }
  return predictions.map(readPrediction);
}

/**
 * Joins answers of `predict` or `embedContent`. The usage is the sum of `statistics.token_count`, known only where
 * every prediction has one.
 */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralEmbeddingsRequest>,
): NeutralEmbeddingsResponse {
  if (vertexEmbeddingsMethod(context.request.model) === 'embedContent') return decodeContentResponses(answers, context);
  const predictions = answers.flatMap(readPredictions);
  const embeddings = predictions.map((prediction) => prediction.embedding);
  checkVectorCount(embeddings, context.request.inputs.length);
  if (predictions.some((prediction) => prediction.truncated)) {
    context.warn('An input was longer than the model takes: its end was not embedded.');
  }
  const response: NeutralEmbeddingsResponse = { id: '', model: '', embeddings };
  const tokens = predictions.reduce((sum, prediction) => sum + (prediction.tokens ?? Number.NaN), 0);
  if (!Number.isNaN(tokens)) response.usage = { ...emptyUsage(), input: tokens };
  return response;
}
