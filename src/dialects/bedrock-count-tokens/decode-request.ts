import { isObject, type JsonObject } from '../../json/types.ts';
import { decodeRequest as decodeMessagesRequest } from '../anthropic/decode-request.ts';
import { decodeRequest as decodeConverseRequest } from '../bedrock-converse/decode-request.ts';
import type { DecodeContext } from '../dialect.ts';
import { base64ToText } from '../neutral/base64.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';
import { readObject, requireObject, wrongField } from '../openai/fields.ts';

function parseBody(input: JsonObject): JsonObject {
  const place = 'input.invokeModel.body';
  const body = input['body'];
  const text = typeof body === 'string' ? base64ToText(body) : undefined;
  if (text === undefined) throw wrongField(place, 'the base64 of a request body');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrongField(place, 'the base64 of a JSON object');
  }
  if (!isObject(value)) throw wrongField(place, 'the base64 of a JSON object');
  return value;
}

/** Reads the body of `POST /model/{id}/count-tokens`: a Converse request, or Claude's own in base64. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralTokenCountRequest {
  const input = requireObject(body['input'], 'input');
  const converse = readObject(input, 'converse', 'input');
  if (converse !== undefined) {
    const request = decodeConverseRequest(converse, context);
    return { model: request.model, input: { type: 'messages', request } };
  }
  const invoke = requireObject(input['invokeModel'], 'input.invokeModel');
  const model = context.model === undefined ? {} : { model: context.model };
  const request = decodeMessagesRequest({ ...parseBody(invoke), ...model }, context);
  return { model: request.model, input: { type: 'messages', request } };
}
