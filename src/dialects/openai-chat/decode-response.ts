import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { FinishReason, NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { readOpenAiErrorBody } from '../openai/errors.ts';
import { objectOf, otherFields, textOf } from '../openai/fields.ts';
import { decodeFinishReason } from '../openai/finish-reason.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { readAnnotations } from './annotations.ts';
import { decodeThinkingBlock, thinkingText } from './decode-parts.ts';
import { readAnswerImages, withoutImages } from './images.ts';
import { MESSAGE_FIELDS, messageFields, RESPONSE_FIELDS, signatureOfExtra } from './wire.ts';

/** A call's arguments: text by the API, but some servers send the object. */
export function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** A content list of servers that answer in parts (Mistral's reasoning models). */
function decodeContentList(list: JsonValue[]): NeutralPart[] {
  const parts: NeutralPart[] = [];
  for (const item of list) {
    if (!isObject(item)) continue;
    if (item['type'] === 'text' && typeof item['text'] === 'string') parts.push({ type: 'text', text: item['text'] });
    else if (item['type'] === 'thinking') parts.push({ type: 'reasoning', text: thinkingText(item['thinking']) });
    else parts.push({ type: 'opaque', dialect: 'openai-chat', value: item });
  }
  return parts;
}

function decodeCalls(message: JsonObject, context: ProviderResponseContext): NeutralPart[] {
  const parts: NeutralPart[] = [];
  const calls = message['tool_calls'];
  for (const item of Array.isArray(calls) ? calls : []) {
    if (!isObject(item)) continue;
    const id = textOf(item['id']) || context.newId('call_');
    const custom = objectOf(item['custom']);
    const fn = objectOf(item['function']) ?? {};
    if (item['type'] === 'custom' && custom !== undefined) {
      parts.push({
        type: 'tool-call',
        id,
        name: textOf(custom['name']) ?? '',
        arguments: JSON.stringify({ input: textOf(custom['input']) ?? '' }),
        origin: { dialect: 'openai-chat', value: item },
      });
      continue;
    }
    const call: NeutralPart = {
      type: 'tool-call',
      id,
      name: textOf(fn['name']) ?? '',
      arguments: argumentsText(fn['arguments']),
    };
    const signature = signatureOfExtra(item['extra_content']);
    if (signature !== undefined) call.signature = signature;
    parts.push(call);
  }
  const legacy = objectOf(message['function_call']);
  if (legacy !== undefined && parts.length === 0) {
    const name = textOf(legacy['name']) ?? '';
    parts.push({ type: 'tool-call', id: context.newId('call_'), name, arguments: argumentsText(legacy['arguments']) });
  }
  return parts;
}

function decodeThoughts(message: JsonObject): NeutralPart[] {
  const blocks = message['thinking_blocks'];
  if (Array.isArray(blocks) && blocks.length > 0) {
    return blocks.flatMap((block) => (isObject(block) ? (decodeThinkingBlock(block) ?? []) : []));
  }
  const text = textOf(message['reasoning_content']) ?? textOf(message['reasoning']);
  return text === undefined || text === '' ? [] : [{ type: 'reasoning', text }];
}

function decodeMessage(message: JsonObject, context: ProviderResponseContext): NeutralPart[] {
  const parts = decodeThoughts(message);
  const content = message['content'];
  const annotations = message['annotations'];
  if (typeof content === 'string' && content !== '') {
    const part: NeutralPart = { type: 'text', text: content };
    if (Array.isArray(annotations) && annotations.length > 0) {
      part.origin = { dialect: 'openai-chat', value: { annotations } };
      part.citations = readAnnotations(annotations);
    }
    parts.push(part);
  } else if (Array.isArray(content)) {
    parts.push(...decodeContentList(content));
  }
  const refusal = textOf(message['refusal']);
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  parts.push(...decodeCalls(message, context));
  const images = readAnswerImages(message['images']);
  if (images !== undefined) parts.push(...images);
  const fields = otherFields(message, MESSAGE_FIELDS);
  const rest = images === undefined ? fields : withoutImages(fields);
  if (rest !== undefined) parts.push({ type: 'opaque', dialect: 'openai-chat', value: messageFields(rest) });
  return parts;
}

/**
 * Why a choice ended. Some servers give no reason, or `stop` beside tool calls: then the content
 * decides, since a client that reads `stop` runs no tool.
 */
export function settleFinishReason(word: string | undefined, hasCalls: boolean): FinishReason {
  const reason = word === undefined || word === '' ? 'stop' : decodeFinishReason(word);
  return reason === 'stop' && hasCalls ? 'tool-calls' : reason;
}

function decodeChoice(choice: JsonObject, position: number, context: ProviderResponseContext): NeutralCandidate {
  const content = decodeMessage(objectOf(choice['message']) ?? {}, context);
  const word = textOf(choice['finish_reason']);
  const candidate: NeutralCandidate = {
    index: typeof choice['index'] === 'number' ? choice['index'] : position,
    content,
    finishReason: settleFinishReason(
      word,
      content.some((part) => part.type === 'tool-call'),
    ),
  };
  if (candidate.finishReason === 'other' && word !== undefined) candidate.rawFinishReason = word;
  // vLLM names the stop sequence here.
  if (candidate.finishReason === 'stop' && typeof choice['stop_reason'] === 'string') {
    candidate.finishReason = 'stop-sequence';
    candidate.stopSequence = choice['stop_reason'];
  }
  const logprobs = objectOf(choice['logprobs']);
  if (logprobs !== undefined) candidate.logprobs = logprobs;
  return candidate;
}

/** Reads a whole answer. Lenient: servers that speak this API leave out almost any field but `choices`. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const choices = body['choices'];
  if (!Array.isArray(choices)) {
    const said = body['error'] === undefined ? '' : `: ${readOpenAiErrorBody(502, body).message}`;
    throw new GatewayError('provider_bad_response', `The provider's answer is not a chat completion${said}.`);
  }
  const response: NeutralResponse = {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    candidates: choices.filter(isObject).map((choice, position) => decodeChoice(choice, position, context)),
  };
  if (typeof body['created'] === 'number' && body['created'] > 0) response.created = body['created'];
  const usage = readOpenAiUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const tier = textOf(body['service_tier']);
  if (tier !== undefined) response.serviceTier = tier;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { 'openai-chat': rest };
  return response;
}
