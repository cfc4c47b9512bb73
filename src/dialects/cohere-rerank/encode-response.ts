import type { JsonObject } from '../../json/types.ts';
import type { FamilyResponseContext } from '../family-dialects.ts';
import type { NeutralRerankRequest, NeutralRerankResponse } from '../neutral/rerank.ts';
import { inputTotal } from '../neutral/usage.ts';

function encodeMeta(response: NeutralRerankResponse): JsonObject {
  const meta: JsonObject = { api_version: { version: '2' } };
  if (response.searchUnits !== undefined) meta['billed_units'] = { search_units: response.searchUnits };
  const usage = response.usage;
  if (usage !== undefined) meta['tokens'] = { input_tokens: inputTotal(usage), output_tokens: usage.output };
  return meta;
}

/** Writes the answer of `POST /v2/rerank`, with the documents where the client asked for them. */
export function encodeResponse(
  response: NeutralRerankResponse,
  context: FamilyResponseContext<NeutralRerankRequest>,
): JsonObject {
  const { request } = context;
  return {
    ...response.extensions?.['cohere-rerank'],
    id: response.id === '' ? context.newId('') : response.id,
    results: response.results.map(({ index, score }): JsonObject => {
      const document = request.returnDocuments === true ? request.documents[index] : undefined;
      const result: JsonObject = { index, relevance_score: score };
      if (document !== undefined) result['document'] = document.origin?.value ?? { text: document.text };
      return result;
    }),
    meta: encodeMeta(response),
  };
}
