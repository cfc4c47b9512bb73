import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { encodeRequest as encodeGenerateRequest } from '../gemini/encode-request.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { conversationOf, pickFields, warnOfMissingTokens } from '../token-count/conversation.ts';

/** What AI Studio counts of a whole request (https://ai.google.dev/api/tokens). */
const STUDIO_FIELDS = ['contents', 'tools', 'toolConfig', 'systemInstruction', 'generationConfig', 'cachedContent'];

/** What Vertex AI's countTokens takes. */
const VERTEX_FIELDS = ['contents', 'tools', 'systemInstruction', 'generationConfig'];

function encode(request: NeutralTokenCountRequest, context: EncodeContext, fields: readonly string[]): JsonObject {
  warnOfMissingTokens(request, context.warn);
  return pickFields(encodeGenerateRequest(conversationOf(request), context), fields);
}

/** Writes the one request for AI Studio's `models/{model}:countTokens`; instructions and tools count too. */
export function encodeRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  const model = request.model.includes('/') ? request.model : `models/${request.model}`;
  return [{ generateContentRequest: { model, ...encode(request, context, STUDIO_FIELDS) } }];
}

/** Writes the one request for Vertex AI's `models/{model}:countTokens`. */
export function encodeVertexRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  return [encode(request, context, VERTEX_FIELDS)];
}
