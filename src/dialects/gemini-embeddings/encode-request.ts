import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { inBatches, warnOfForeignFields } from '../embeddings/inputs.ts';
import { requireFloats } from '../embeddings/vectors.ts';
import type { NeutralEmbeddingsRequest } from '../neutral/embeddings.ts';
import { encodeContent } from './encode-content.ts';

const API = 'The Gemini embeddings API';

/** The most contents that one batch takes. */
const MAX_BATCH = 100;

/** Writes requests for `models/{model}:batchEmbedContents`, of up to 100 contents each. */
export function encodeRequests(request: NeutralEmbeddingsRequest, context: EncodeContext): JsonObject[] {
  requireFloats(request, API);
  const own = request.extensions?.['gemini-embeddings'];
  if (request.truncate === 'none' || request.truncate === 'start') {
    context.warn(`The truncation '${request.truncate}' was left out: ${API} cuts off the end of what is too long.`);
  }
  if (request.user !== undefined) context.warn(`The user id was left out: ${API} has none.`);
  warnOfForeignFields(request, 'gemini-embeddings', { api: API, warn: context.warn });
  const name = request.model.includes('/') ? request.model : `models/${request.model}`;
  const contents = request.inputs.map((input, index): JsonValue => {
    return { ...own, model: name, ...encodeContent(input, index, request) };
  });
  return inBatches(contents, MAX_BATCH).map((requests) => ({ requests }));
}
