import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import { checkVectorCount, readVector } from '../embeddings/vectors.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import type { NeutralEmbedding, NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { sumUsage } from '../neutral/usage-sum.ts';
import { otherFields, textOf } from '../openai/fields.ts';
import { ENCODINGS, RESPONSE_FIELDS } from './wire.ts';

function noVectors(): GatewayError {
  return new GatewayError('provider_bad_response', "The provider's answer holds no embeddings.");
}

/** The vectors of one answer: lists by type, or on Bedrock without `embedding_types` one list of floats. */
export function readEmbedAnswer(body: JsonObject): NeutralEmbedding[] {
  const embeddings = body['embeddings'];
  if (Array.isArray(embeddings)) return embeddings.map((value) => readVector(value) ?? {});
  if (!isObject(embeddings)) throw noVectors();
  const joined: NeutralEmbedding[] = [];
  for (const encoding of ENCODINGS) {
    const list = embeddings[encoding];
    if (!Array.isArray(list)) continue;
    list.forEach((value, index) => {
      const vector = readVector(value);
      const values = vector?.float ?? vector?.base64;
      if (values === undefined) throw noVectors();
      joined[index] = { ...joined[index], [encoding]: values };
    });
  }
  return joined;
}

/** Joins answers of `POST /v2/embed`. */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralEmbeddingsRequest>,
): NeutralEmbeddingsResponse {
  const embeddings = answers.flatMap((answer) => readEmbedAnswer(answer.body));
  checkVectorCount(embeddings, context.request.inputs.length);
  const first = answers[0]?.body ?? {};
  const response: NeutralEmbeddingsResponse = {
    id: textOf(first['id']) ?? '',
    model: textOf(first['model']) ?? '',
    embeddings,
  };
  const usage = sumUsage(answers.map((answer) => readCohereUsage(answer.body['meta'])));
  if (usage !== undefined) response.usage = usage;
  const rest = otherFields(first, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { 'cohere-embeddings': rest };
  return response;
}
