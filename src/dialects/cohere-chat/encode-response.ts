import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { writeCohereUsage } from '../cohere/usage.ts';
import type { ResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { encodeFinishReason } from './finish-reason.ts';
import { encodeLogprobs } from './logprobs.ts';
import { COHERE, citationsOf, isToolPlan } from './wire.ts';

function encodeMessage(parts: readonly NeutralPart[]): JsonObject {
  const message: JsonObject = { role: 'assistant' };
  const content: JsonValue[] = [];
  const calls: JsonValue[] = [];
  const citations: JsonValue[] = [];
  for (const part of parts) {
    citations.push(...citationsOf(part.origin));
    switch (part.type) {
      case 'text':
      case 'refusal':
        content.push({ type: 'text', text: part.text });
        break;
      case 'reasoning':
        if (isToolPlan(part.origin)) message['tool_plan'] = part.text;
        else if (part.text !== '') content.push({ type: 'thinking', thinking: part.text });
        break;
      case 'tool-call': {
        const text = part.arguments === '' ? '{}' : part.arguments;
        calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: text } });
        break;
      }
      case 'opaque':
        if (part.dialect === COHERE && isObject(part.value)) content.push(part.value);
        break;
      default:
        // Media in answers have no form in this API.
        break;
    }
  }
  if (content.length > 0) message['content'] = content;
  if (calls.length > 0) message['tool_calls'] = calls;
  if (citations.length > 0) message['citations'] = citations;
  return message;
}

/** Writes a whole answer. It has one: the first candidate. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0];
  const body: JsonObject = {
    ...response.extensions?.[COHERE],
    id: response.id === '' ? context.newId('') : response.id,
    finish_reason: encodeFinishReason(candidate?.finishReason ?? 'stop', candidate?.rawFinishReason),
    message: encodeMessage(candidate?.content ?? []),
  };
  if (response.usage !== undefined) body['usage'] = writeCohereUsage(response.usage);
  const logprobs = encodeLogprobs(candidate?.logprobs);
  if (logprobs.length > 0) body['logprobs'] = logprobs;
  return body;
}
