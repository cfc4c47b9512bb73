import type { JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { otherFields, readArray, readBoolean, readString, wrongField } from '../openai/fields.ts';
import { decodeRequest as decodeChatRequest } from '../openai-chat/decode-request.ts';

const REQUEST_FIELDS: ReadonlySet<string> = new Set(['model', 'prompt', 'messages', 'tools', 'return_token_strs']);

/**
 * Reads the body of vLLM's `POST /tokenize` in either of its forms: `prompt`, or chat `messages` with `tools`
 * (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html). Settings of the tokenizer and its template
 * go to `extensions['vllm-tokenize']`.
 */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralTokenCountRequest {
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const prompt = readString(body, 'prompt', '');
  const messages = readArray(body, 'messages', '');
  if ((prompt === undefined) === (messages === undefined)) {
    throw wrongField('prompt', "a string, or be left out for 'messages': give one of the two");
  }
  const request: NeutralTokenCountRequest = {
    model,
    input:
      prompt === undefined
        ? { type: 'messages', request: decodeChatRequest({ model, messages, tools: body['tools'] }, context) }
        : { type: 'prompt', text: prompt },
    extensions: { 'vllm-tokenize': otherFields(body, REQUEST_FIELDS) ?? {} },
  };
  const texts = readBoolean(body, 'return_token_strs', '');
  if (texts !== undefined) request.wantTokenTexts = texts;
  return request;
}
