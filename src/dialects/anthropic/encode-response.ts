import { isObject, type JsonObject } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostLogprobs,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import { callTokenForClient, tokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { encodeStopReason } from './stop-reason.ts';
import { writeAnthropicUsage } from './token-counts.ts';
import { MESSAGES_ANSWER, wireCallId } from './wire.ts';

/** The words of `usage.service_tier`. */
const SERVICE_TIERS: ReadonlySet<string> = new Set(['standard', 'priority', 'batch']);

function ownOrigin(part: NeutralPart): JsonObject {
  return part.origin?.dialect === 'anthropic' ? part.origin.value : {};
}

/** The signature of a thought as the client gets it. The API demands the field; an empty one is read back as none. */
export function signatureForClient(signature: string | undefined, context: ResponseContext): string {
  return tokenForClient(signature ?? '', 'thought', { client: 'anthropic', provider: context.providerDialect });
}

/** A redacted thought as the client gets it. */
export function redactedForClient(encrypted: string, context: ResponseContext): string {
  return tokenForClient(encrypted, 'encrypted', { client: 'anthropic', provider: context.providerDialect });
}

function encodePart(part: NeutralPart, context: ResponseContext): JsonObject[] {
  switch (part.type) {
    case 'text':
      warnOfLostMarks(part, { api: MESSAGES_ANSWER, shown: false }, context.warn);
      return [{ ...ownOrigin(part), type: 'text', text: part.text }];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning': {
      const blocks: JsonObject[] = [];
      if (part.text !== '' || part.signature !== undefined) {
        blocks.push({ type: 'thinking', thinking: part.text, signature: signatureForClient(part.signature, context) });
      }
      if (part.encrypted !== undefined) {
        blocks.push({ type: 'redacted_thinking', data: redactedForClient(part.encrypted, context) });
      }
      return blocks;
    }
    case 'tool-call': {
      const { input } = parseToolArguments(part.arguments);
      const call = { ...ownOrigin(part), type: 'tool_use', id: wireCallId(part.id), name: part.name, input };
      const signature = callSignatureForClient(part.signature, context);
      return signature === undefined ? [call] : [{ type: 'thinking', thinking: '', signature }, call];
    }
    default:
      if (part.type === 'opaque' && part.dialect === 'anthropic' && isObject(part.value)) return [part.value];
      warnOfLostPart(part, MESSAGES_ANSWER, context.warn);
      return [];
  }
}

/**
 * The signature of a call as a client gets it, in a thinking block of its own without text before the call: a call has no
 * place for one here. A client with thinking off does not expect the block: it is left out with a warning.
 */
export function callSignatureForClient(signature: string | undefined, context: ResponseContext): string | undefined {
  if (signature === undefined) return undefined;
  const asked = context.request?.reasoning;
  if (asked?.enabled === true || asked?.adaptive === true) return callTokenForClient(signature);
  context.warn("The provider's signature of a tool call was left out: it has a place only while thinking is on.");
  return undefined;
}

/** Writes a whole message. It has one answer: the first candidate. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
  const { content } = candidate;
  const { warn } = context;
  if (response.candidates.length > 1) warnOfMoreCandidates(MESSAGES_ANSWER, warn);
  warnOfLostLogprobs(candidate.logprobs, MESSAGES_ANSWER, warn);
  warnOfLostFields(response, MESSAGES_ANSWER, warn);
  const refused = content.some((part) => part.type === 'refusal');
  const usage = writeAnthropicUsage(response.usage);
  if (response.serviceTier !== undefined && SERVICE_TIERS.has(response.serviceTier)) {
    usage['service_tier'] = response.serviceTier;
  }
  const stopReason = encodeStopReason(candidate, refused);
  warnOfLostFinish(candidate, stopReason, warn);
  const body: JsonObject = {
    ...response.extensions?.anthropic,
    id: response.id === '' ? context.newId('msg_') : response.id,
    type: 'message',
    role: 'assistant',
    model: response.model === '' ? context.requestModel : response.model,
    content: content.flatMap((part) => encodePart(part, context)),
    stop_reason: stopReason,
    usage,
  };
  if (candidate.stopSequence !== undefined) body['stop_sequence'] = candidate.stopSequence;
  return body;
}
