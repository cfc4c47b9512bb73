import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { writeCohereUsage } from '../cohere/usage.ts';
import type { ResponseContext } from '../dialect.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfLostTokens,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { writeCitations } from './citations.ts';
import { encodeFinishReason } from './finish-reason.ts';
import { encodeLogprobs } from './logprobs.ts';
import { COHERE, COHERE_ANSWER, citationsOf, isToolPlan } from './wire.ts';

function encodeMessage(parts: readonly NeutralPart[], context: ResponseContext): JsonObject {
  const { warn } = context;
  const message: JsonObject = { role: 'assistant' };
  const content: JsonValue[] = [];
  const calls: JsonValue[] = [];
  const citations: JsonValue[] = [];
  for (const part of parts) {
    citations.push(...citationsOf(part.origin));
    switch (part.type) {
      case 'text':
        warnOfLostMarks(part, { api: COHERE_ANSWER, shown: true }, warn);
        if (part.origin?.dialect !== COHERE) {
          const to = { contentIndex: content.length, length: part.text.length, text: part.text };
          citations.push(...writeCitations(part.citations, to));
        }
        content.push({ type: 'text', text: part.text });
        break;
      case 'refusal':
        content.push({ type: 'text', text: part.text });
        break;
      case 'reasoning':
        if (isToolPlan(part.origin)) message['tool_plan'] = part.text;
        else if (part.text !== '') content.push({ type: 'thinking', thinking: part.text });
        warnOfLostTokens(part, COHERE_ANSWER, warn);
        break;
      case 'tool-call': {
        const text = part.arguments === '' ? '{}' : part.arguments;
        warnOfLostTokens(part, COHERE_ANSWER, warn);
        calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: text } });
        break;
      }
      default:
        if (part.type === 'opaque' && part.dialect === COHERE && isObject(part.value)) content.push(part.value);
        else warnOfLostPart(part, COHERE_ANSWER, warn);
    }
  }
  if (content.length > 0) message['content'] = content;
  if (calls.length > 0) message['tool_calls'] = calls;
  if (citations.length > 0) message['citations'] = citations;
  return message;
}

/** Writes a whole answer. It has one: the first candidate. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
  const word = encodeFinishReason(candidate.finishReason, candidate.rawFinishReason);
  if (response.candidates.length > 1) warnOfMoreCandidates(COHERE_ANSWER, context.warn);
  warnOfLostFinish(candidate, word, context.warn);
  warnOfLostFields(response, COHERE_ANSWER, context.warn);
  const body: JsonObject = {
    ...response.extensions?.[COHERE],
    id: response.id === '' ? context.newId('') : response.id,
    finish_reason: word,
    message: encodeMessage(candidate.content, context),
  };
  if (response.usage !== undefined) body['usage'] = writeCohereUsage(response.usage);
  const logprobs = encodeLogprobs(candidate.logprobs);
  if (logprobs.length > 0) body['logprobs'] = logprobs;
  return body;
}
