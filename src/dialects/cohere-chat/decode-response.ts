import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { boundedText } from '../openai/errors.ts';
import { objectOf, otherFields, textOf } from '../openai/fields.ts';
import { readCitations } from './citations.ts';
import { attachCitations } from './decode-messages.ts';
import { decodeFinishReason } from './finish-reason.ts';
import { decodeLogprobs } from './logprobs.ts';
import { COHERE, citationsOf, RESPONSE_FIELDS, TOOL_PLAN } from './wire.ts';

function decodePart(item: JsonObject): NeutralPart {
  if (item['type'] === 'text') return { type: 'text', text: textOf(item['text']) ?? '' };
  if (item['type'] === 'thinking') return { type: 'reasoning', text: textOf(item['thinking']) ?? '' };
  return { type: 'opaque', dialect: COHERE, value: item };
}

function decodeContent(message: JsonObject): NeutralPart[] {
  const content = message['content'];
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.filter(isObject).map(decodePart) : [];
}

function decodeMessage(message: JsonObject, context: ProviderResponseContext): NeutralPart[] {
  const parts: NeutralPart[] = [];
  const plan = textOf(message['tool_plan']);
  if (plan !== undefined && plan !== '') parts.push({ type: 'reasoning', text: plan, origin: TOOL_PLAN });
  parts.push(...decodeContent(message));
  const citations = message['citations'];
  if (Array.isArray(citations)) attachCitations(parts, citations.filter(isObject));
  for (const part of parts) {
    const own = part.type === 'text' ? citationsOf(part.origin) : [];
    if (part.type === 'text' && own.length > 0) part.citations = readCitations(own);
  }
  const calls = message['tool_calls'];
  for (const call of Array.isArray(calls) ? calls.filter(isObject) : []) {
    const fn = objectOf(call['function']);
    const id = textOf(call['id']) || context.newId('call_');
    parts.push({ type: 'tool-call', id, name: textOf(fn?.['name']) ?? '', arguments: textOf(fn?.['arguments']) ?? '' });
  }
  return parts;
}

/** Reads a whole answer. One that ended with an error is none. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const message = objectOf(body['message']);
  const word = textOf(body['finish_reason']);
  if (message === undefined || word === 'ERROR') {
    const said = textOf(body['error']) ?? textOf(body['message']);
    const why = said === undefined ? '' : `: ${boundedText(said)}`;
    throw new GatewayError('provider_bad_response', `The provider's answer is not a chat message${why}.`);
  }
  const candidate: NeutralCandidate = {
    index: 0,
    content: decodeMessage(message, context),
    ...decodeFinishReason(word),
  };
  const logprobs = decodeLogprobs(body['logprobs']);
  if (logprobs !== undefined) candidate.logprobs = logprobs;
  const response: NeutralResponse = { id: textOf(body['id']) ?? '', model: '', candidates: [candidate] };
  const usage = readCohereUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { [COHERE]: rest };
  return response;
}
