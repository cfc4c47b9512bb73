import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { checkVectorCount, readVector } from '../embeddings/vectors.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import type { NeutralEmbedding, NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { readOpenAiErrorBody } from '../openai/errors.ts';
import { otherFields, textOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';

const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['object', 'data', 'model', 'usage', 'id']);

function readItem(item: JsonObject, position: number): { index: number; embedding: NeutralEmbedding } {
  const embedding = readVector(item['embedding']);
  if (embedding === undefined) {
    throw new GatewayError('provider_bad_response', `The provider's answer has no vector at data[${position}].`);
  }
  return { index: typeof item['index'] === 'number' ? item['index'] : position, embedding };
}

/** Reads the answer to the one request. Vectors are put into the order of their `index`. */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralEmbeddingsRequest>,
): NeutralEmbeddingsResponse {
  const body = answers[0]?.body ?? {};
  const data = body['data'];
  if (!Array.isArray(data)) {
    const said = body['error'] === undefined ? '' : `: ${readOpenAiErrorBody(502, body).message}`;
    throw new GatewayError('provider_bad_response', `The provider's answer is not a list of embeddings${said}.`);
  }
  const items = data.filter(isObject).map(readItem);
  items.sort((one, other) => one.index - other.index);
  const embeddings = items.map((item) => item.embedding);
  checkVectorCount(embeddings, context.request.inputs.length);
  const response: NeutralEmbeddingsResponse = {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    embeddings,
  };
  const usage = readOpenAiUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { 'openai-embeddings': rest };
  return response;
}
