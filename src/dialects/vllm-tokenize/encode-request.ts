import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { encodeRequest as encodeChatRequest } from '../openai-chat/encode-request.ts';
import { conversationOf, pickFields } from '../token-count/conversation.ts';

const CHAT_FIELDS = ['messages', 'tools'];

/** Writes the one request for `POST /tokenize`. */
export function encodeRequests(request: NeutralTokenCountRequest, context: EncodeContext): JsonObject[] {
  const body: JsonObject = { ...request.extensions?.['vllm-tokenize'], model: request.model };
  if (request.wantTokenTexts !== undefined) body['return_token_strs'] = request.wantTokenTexts;
  if (request.input.type === 'prompt') return [{ ...body, prompt: request.input.text }];
  const chat = encodeChatRequest(conversationOf(request), context);
  return [{ ...body, ...pickFields(chat, CHAT_FIELDS) }];
}
