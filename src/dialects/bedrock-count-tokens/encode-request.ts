import type { JsonObject } from '../../json/types.ts';
import { encodeRequest as encodeMessagesRequest } from '../anthropic/encode-request.ts';
import { encodeRequest as encodeConverseRequest } from '../bedrock-converse/encode-request.ts';
import type { EncodeContext } from '../dialect.ts';
import { wrapRequest } from '../envelopes/bedrock-invoke.ts';
import { textToBase64 } from '../neutral/base64.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { conversationOf, pickFields, warnOfMissingTokens } from '../token-count/conversation.ts';

/** What a ConverseTokensRequest holds. */
const CONVERSE_FIELDS = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields'];

/**
 * Writes the one request for `POST /model/{id}/count-tokens` (API_runtime_CountTokens). Claude's input is counted in
 * its own form (`invokeModel`), which holds documents and tools that Converse cannot say; others in Converse's.
 */
export function encodeRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  warnOfMissingTokens(request, context.warn);
  const conversation = conversationOf(request);
  if (request.model.includes('anthropic.') || request.model.includes('claude')) {
    const body = wrapRequest(encodeMessagesRequest(conversation, context));
    return [{ input: { invokeModel: { body: textToBase64(JSON.stringify(body)) } } }];
  }
  return [{ input: { converse: pickFields(encodeConverseRequest(conversation, context), CONVERSE_FIELDS) } }];
}

/** The model in the path: CountTokens knows no inference profiles, whose ids begin with the region's name. */
export function countTokensModel(model: string): string {
  return model.replace(/^(?:us-gov|us|eu|apac|au|jp|ca|sa|global)\./, '');
}
