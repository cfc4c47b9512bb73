import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { encodeRequest as encodeResponsesRequest } from '../openai-responses/encode-request.ts';
import { conversationOf, pickFields, warnOfMissingTokens } from '../token-count/conversation.ts';

/** What of a Responses request counts (https://platform.openai.com/docs/api-reference/responses/input-tokens). */
const COUNTED_FIELDS = [
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'truncation',
];

/** Writes the one request for `POST /v1/responses/input_tokens`. */
export function encodeRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  warnOfMissingTokens(request, context.warn);
  return [pickFields(encodeResponsesRequest(conversationOf(request), context), COUNTED_FIELDS)];
}
