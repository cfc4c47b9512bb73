import type { JsonObject } from '../../json/types.ts';
import { encodeRequest as encodeMessagesRequest } from '../anthropic/encode-request.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { conversationOf, pickFields, warnOfMissingTokens } from '../token-count/conversation.ts';

/** What of a Messages request counts (https://platform.claude.com/docs/en/api/messages/count_tokens); others are refused. */
const COUNTED_FIELDS = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'cache_control',
  'context_management',
  'mcp_servers',
];

/** Writes the one request for `POST /v1/messages/count_tokens`. */
export function encodeRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  warnOfMissingTokens(request, context.warn);
  return [pickFields(encodeMessagesRequest(conversationOf(request), context), COUNTED_FIELDS)];
}

/**
 * Writes the one request for Vertex AI's `models/count-tokens:rawPredict`, where the model stands in the body. The
 * aliases `@default` and `@latest` are no models of the counter.
 */
export function encodeVertexRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  const model = request.model.replace(/@(?:default|latest)$/, '');
  return encodeRequests({ ...request, model }, context);
}
