import type { JsonObject } from '../../json/types.ts';
import type { ClientDialect, ResponseContext } from '../dialect.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfLostTokens,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralCandidate } from '../neutral/response.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { encodeDoneReason, OLLAMA_ANSWER, type OllamaForm, toTimestamp, writeOllamaUsage } from './wire.ts';

/** A call as the API has it: arguments are an object. */
export function encodeCall(
  call: { id: string; name: string; arguments: string },
  index: number,
  warn: ResponseContext['warn'],
): JsonObject {
  const { input, whole } = parseToolArguments(call.arguments);
  if (!whole) warn('Arguments of a tool call that are no JSON object were sent as a text field of one.');
  return { id: call.id, function: { index, name: call.name, arguments: input } };
}

function encodeContent(candidate: NeutralCandidate, form: OllamaForm, { warn }: ResponseContext): JsonObject {
  let text = '';
  let thought = '';
  const calls: JsonObject[] = [];
  for (const part of candidate.content) {
    switch (part.type) {
      case 'text':
        warnOfLostMarks(part, { api: OLLAMA_ANSWER, shown: false }, warn);
        text += part.text;
        break;
      case 'refusal':
        text += part.text;
        break;
      case 'reasoning':
        warnOfLostTokens(part, OLLAMA_ANSWER, warn);
        thought += part.text;
        break;
      case 'tool-call':
        warnOfLostTokens(part, OLLAMA_ANSWER, warn);
        calls.push(encodeCall(part, calls.length, warn));
        break;
      default:
        warnOfLostPart(part, OLLAMA_ANSWER, warn);
    }
  }
  const thinking: JsonObject = thought === '' ? {} : { thinking: thought };
  const toolCalls: JsonObject = calls.length === 0 ? {} : { tool_calls: calls };
  if (form === 'generate') return { response: text, ...thinking, ...toolCalls };
  return { message: { role: 'assistant', content: text, ...thinking, ...toolCalls } };
}

/** Makes the writer of whole answers of `POST /api/chat` or `/api/generate`. They have one: the first candidate. */
export function createResponseEncoder(form: OllamaForm): ClientDialect['encodeResponse'] {
  return (response, context) => {
    const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
    const reason = encodeDoneReason(candidate.finishReason);
    if (response.candidates.length > 1) warnOfMoreCandidates(OLLAMA_ANSWER, context.warn);
    warnOfLostFinish(candidate, reason, context.warn);
    warnOfLostFields(response, OLLAMA_ANSWER, context.warn);
    const logprobs = candidate.logprobs?.['content'];
    const body: JsonObject = {
      model: response.model === '' ? context.requestModel : response.model,
      created_at: toTimestamp(response.created ?? context.created),
      ...encodeContent(candidate, form, context),
      done: true,
      done_reason: reason,
      ...writeOllamaUsage(response.usage),
    };
    if (Array.isArray(logprobs)) body['logprobs'] = logprobs;
    return body;
  };
}
