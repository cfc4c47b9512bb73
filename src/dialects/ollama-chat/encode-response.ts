import type { JsonObject } from '../../json/types.ts';
import type { ClientDialect } from '../dialect.ts';
import type { NeutralCandidate } from '../neutral/response.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { encodeDoneReason, type OllamaForm, toTimestamp, writeOllamaUsage } from './wire.ts';

/** A call as the API has it: arguments are an object. */
export function encodeCall(call: { id: string; name: string; arguments: string }, index: number): JsonObject {
  const { input } = parseToolArguments(call.arguments);
  return { id: call.id, function: { index, name: call.name, arguments: input } };
}

function encodeContent(candidate: NeutralCandidate | undefined, form: OllamaForm): JsonObject {
  let text = '';
  let thought = '';
  const calls: JsonObject[] = [];
  for (const part of candidate?.content ?? []) {
    if (part.type === 'text' || part.type === 'refusal') text += part.text;
    else if (part.type === 'reasoning') thought += part.text;
    else if (part.type === 'tool-call') calls.push(encodeCall(part, calls.length));
    // Media in answers have no form in this API.
  }
  const thinking: JsonObject = thought === '' ? {} : { thinking: thought };
  const toolCalls: JsonObject = calls.length === 0 ? {} : { tool_calls: calls };
  if (form === 'generate') return { response: text, ...thinking, ...toolCalls };
  return { message: { role: 'assistant', content: text, ...thinking, ...toolCalls } };
}

/** Makes the writer of whole answers of `POST /api/chat` or `/api/generate`. They have one: the first candidate. */
export function createResponseEncoder(form: OllamaForm): ClientDialect['encodeResponse'] {
  return (response, context) => {
    const candidate = response.candidates[0];
    const logprobs = candidate?.logprobs?.['content'];
    const body: JsonObject = {
      model: response.model === '' ? context.requestModel : response.model,
      created_at: toTimestamp(response.created ?? context.created),
      ...encodeContent(candidate, form),
      done: true,
      done_reason: encodeDoneReason(candidate?.finishReason ?? 'stop'),
      ...writeOllamaUsage(response.usage),
    };
    if (Array.isArray(logprobs)) body['logprobs'] = logprobs;
    return body;
  };
}
