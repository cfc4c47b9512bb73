import { GatewayError } from '../../errors/gateway-error.ts';
import { readEmbedAnswer } from '../cohere-embeddings/decode-response.ts';
import { checkVectorCount, readVector } from '../embeddings/vectors.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import type { NeutralEmbedding, NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from '../neutral/embeddings.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import { sumUsage } from '../neutral/usage-sum.ts';
import { embeddingModelKind } from './model-kind.ts';

/** Where Bedrock counts the input of any model. */
const TOKEN_HEADER = 'x-amzn-bedrock-input-token-count';

function readTitan(answer: ProviderAnswer): NeutralEmbedding {
  const embedding = readVector(answer.body['embedding']);
  if (embedding !== undefined) return embedding;
  const said = answer.body['message'];
  const why = typeof said === 'string' ? `: ${said.slice(0, 200)}` : '';
  throw new GatewayError('provider_bad_response', `The provider's answer holds no embedding${why}.`);
}

function readUsage(answer: ProviderAnswer): Usage | undefined {
  const named = answer.body['inputTextTokenCount'];
  const header = answer.header(TOKEN_HEADER);
  const count = typeof named === 'number' ? named : header === undefined || header === '' ? Number.NaN : Number(header);
  return Number.isFinite(count) && count >= 0 ? { ...emptyUsage(), input: count } : undefined;
}

/** Joins the answers of InvokeModel: one vector each from Titan, lists of them from Cohere's models. */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralEmbeddingsRequest>,
): NeutralEmbeddingsResponse {
  const { request } = context;
  const embeddings =
    embeddingModelKind(request.model) === 'cohere'
      ? answers.flatMap((answer) => readEmbedAnswer(answer.body))
      : answers.map(readTitan);
  checkVectorCount(embeddings, request.inputs.length);
  const response: NeutralEmbeddingsResponse = { id: '', model: '', embeddings };
  const usage = sumUsage(answers.map(readUsage));
  if (usage !== undefined) response.usage = usage;
  return response;
}
