import type { EmbeddingsClientDialect, EmbeddingsProviderDialect, FamilyDialect } from '../family-dialects.ts';
import { errors } from '../gemini/errors.ts';
import { decodeUsage } from '../gemini/usage.ts';
import { objectField } from '../gemini/wire.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';

/** What Gemini's SDKs speak: `embedContent` and `batchEmbedContents`, told apart by the body. */
export const geminiEmbeddingsClient: EmbeddingsClientDialect = { decodeRequest, encodeResponse };

/** What AI Studio speaks: bodies for `models/{model}:batchEmbedContents`. */
export const geminiEmbeddingsProvider: EmbeddingsProviderDialect = { encodeRequests, decodeResponses };

/** Gemini embeddings (https://ai.google.dev/api/embeddings). */
export const geminiEmbeddings: FamilyDialect = {
  name: 'gemini-embeddings',
  family: 'embeddings',
  framing: 'sse',
  embeddings: { client: geminiEmbeddingsClient, provider: geminiEmbeddingsProvider },
  usage: wholeUsage(['usageMetadata'], (fields) => {
    const metadata = objectField(fields, 'usageMetadata');
    return { usage: metadata === undefined ? undefined : decodeUsage(metadata) };
  }),
  errors,
};
