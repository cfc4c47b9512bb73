import { isObject, type JsonObject } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { encodeStopReason } from './stop-reason.ts';
import { writeAnthropicUsage } from './token-counts.ts';
import { wireCallId } from './wire.ts';

/** The words of `usage.service_tier`. */
const SERVICE_TIERS: ReadonlySet<string> = new Set(['standard', 'priority', 'batch']);

function ownOrigin(part: NeutralPart): JsonObject {
  return part.origin?.dialect === 'anthropic' ? part.origin.value : {};
}

function encodePart(part: NeutralPart): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ ...ownOrigin(part), type: 'text', text: part.text }];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning': {
      const blocks: JsonObject[] = [];
      // The field is demanded by the API; an empty signature is read back as none.
      if (part.text !== '' || part.signature !== undefined) {
        blocks.push({ type: 'thinking', thinking: part.text, signature: part.signature ?? '' });
      }
      if (part.encrypted !== undefined) blocks.push({ type: 'redacted_thinking', data: part.encrypted });
      return blocks;
    }
    case 'tool-call': {
      const { input } = parseToolArguments(part.arguments);
      return [{ ...ownOrigin(part), type: 'tool_use', id: wireCallId(part.id), name: part.name, input }];
    }
    case 'opaque':
      return part.dialect === 'anthropic' && isObject(part.value) ? [part.value] : [];
    default:
      // Media in answers have no form in this API.
      return [];
  }
}

/**
 * Whether a call's signature needs a thinking block of its own, without text, before the call: a call has no place for one
 * here, and the writer of Gemini's requests gives it back to the call behind the thought. Only the first signed call of a
 * message has one, unless a thought is signed itself; a client with thinking off does not expect the block.
 */
export function needsSignatureBlock(
  signature: string | undefined,
  to: { context: ResponseContext; hasSignedThought: boolean },
): signature is string {
  const asked = to.context.request?.reasoning;
  return signature !== undefined && !to.hasSignedThought && (asked?.enabled === true || asked?.adaptive === true);
}

function encodeContent(content: readonly NeutralPart[], context: ResponseContext): JsonObject[] {
  let hasSignedThought = content.some((part) => part.type === 'reasoning' && part.signature !== undefined);
  return content.flatMap((part) => {
    if (part.type !== 'tool-call' || !needsSignatureBlock(part.signature, { context, hasSignedThought })) {
      return encodePart(part);
    }
    hasSignedThought = true;
    return [{ type: 'thinking', thinking: '', signature: part.signature }, ...encodePart(part)];
  });
}

/** Writes a whole message. It has one answer: the first candidate. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0];
  const content = candidate?.content ?? [];
  const refused = content.some((part) => part.type === 'refusal');
  const usage = writeAnthropicUsage(response.usage);
  if (response.serviceTier !== undefined && SERVICE_TIERS.has(response.serviceTier)) {
    usage['service_tier'] = response.serviceTier;
  }
  const body: JsonObject = {
    ...response.extensions?.anthropic,
    id: response.id === '' ? context.newId('msg_') : response.id,
    type: 'message',
    role: 'assistant',
    model: response.model === '' ? context.requestModel : response.model,
    content: encodeContent(content, context),
    stop_reason: encodeStopReason(candidate ?? { finishReason: 'stop' }, refused),
    usage,
  };
  if (candidate?.stopSequence !== undefined) body['stop_sequence'] = candidate.stopSequence;
  return body;
}
