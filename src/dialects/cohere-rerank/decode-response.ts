import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import type { FamilyAnswerContext, ProviderAnswer } from '../family-dialects.ts';
import type { NeutralRerankRequest, NeutralRerankResponse, NeutralRerankResult } from '../neutral/rerank.ts';
import { objectOf, otherFields, textOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';

const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['id', 'results', 'meta', 'model', 'usage']);

function readResult(value: JsonObject, documents: number): NeutralRerankResult {
  const index = value['index'];
  const score = value['relevance_score'];
  if (typeof index !== 'number' || typeof score !== 'number' || index < 0 || index >= documents) {
    throw new GatewayError('provider_bad_response', "The provider's answer ranks a document that it was not given.");
  }
  return { index, score };
}

/** Reads the answer to the one request. Servers that copy the API count in OpenAI's `usage` instead of `meta`. */
export function decodeResponses(
  answers: readonly ProviderAnswer[],
  context: FamilyAnswerContext<NeutralRerankRequest>,
): NeutralRerankResponse {
  const body = answers[0]?.body ?? {};
  const results = body['results'];
  if (!Array.isArray(results)) {
    throw new GatewayError('provider_bad_response', "The provider's answer holds no rerank results.");
  }
  const response: NeutralRerankResponse = {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    results: results.filter(isObject).map((result) => readResult(result, context.request.documents.length)),
  };
  const usage = readCohereUsage(body['meta']) ?? readOpenAiUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const units = objectOf(objectOf(body['meta'])?.['billed_units'])?.['search_units'];
  if (typeof units === 'number') response.searchUnits = units;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { 'cohere-rerank': rest };
  return response;
}
