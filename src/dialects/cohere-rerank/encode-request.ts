import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { warnOfForeignFields } from '../embeddings/inputs.ts';
import type { NeutralRerankRequest } from '../neutral/rerank.ts';

/** Writes the one request for `POST /v2/rerank`. Results get their documents from the gateway: v2 returns none. */
export function encodeRequests(request: NeutralRerankRequest, context: EncodeContext): JsonObject[] {
  warnOfForeignFields(request, 'cohere-rerank', { api: 'Cohere', warn: context.warn });
  const body: JsonObject = {
    ...request.extensions?.['cohere-rerank'],
    model: request.model,
    query: request.query,
    documents: request.documents.map(({ text, origin }) => (origin?.dialect === 'cohere-rerank' ? origin.value : text)),
  };
  if (request.topCount !== undefined) body['top_n'] = request.topCount;
  if (request.maxTokensPerDocument !== undefined) body['max_tokens_per_doc'] = request.maxTokensPerDocument;
  return [body];
}
