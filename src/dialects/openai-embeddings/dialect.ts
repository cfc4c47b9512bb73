import type { EmbeddingsClientDialect, EmbeddingsProviderDialect, FamilyDialect } from '../family-dialects.ts';
import { openaiErrors } from '../openai/errors.ts';
import { textOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { wholeUsage } from '../whole-usage.ts';
import { decodeRequest } from './decode-request.ts';
import { decodeResponses } from './decode-response.ts';
import { encodeRequests } from './encode-request.ts';
import { encodeResponse } from './encode-response.ts';

/** What applications speak: OpenAI's API with Vertex AI's `task_type`, `title`, `auto_truncate` and objects as input. */
export const openaiEmbeddingsClient: EmbeddingsClientDialect = { decodeRequest, encodeResponse };

/** What OpenAI and the servers that copy it speak. */
export const openaiEmbeddingsProvider: EmbeddingsProviderDialect = { encodeRequests, decodeResponses };

/** OpenAI embeddings: `POST /v1/embeddings` (https://platform.openai.com/docs/api-reference/embeddings). */
export const openaiEmbeddings: FamilyDialect = {
  name: 'openai-embeddings',
  family: 'embeddings',
  framing: 'sse',
  embeddings: { client: openaiEmbeddingsClient, provider: openaiEmbeddingsProvider },
  usage: wholeUsage(['usage', 'model'], (fields) => ({
    usage: readOpenAiUsage(fields['usage']),
    model: textOf(fields['model']),
  })),
  errors: openaiErrors,
};
