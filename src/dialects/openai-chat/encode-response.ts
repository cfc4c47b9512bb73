import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { encodeFinishReason } from '../openai/finish-reason.ts';
import { writeOpenAiUsage } from '../openai/usage.ts';
import { annotationsOf } from './annotations.ts';
import { answerShape } from './answer-shape.ts';
import { encodeThinkingBlock } from './encode-messages.ts';
import { messageFieldsOf, signatureExtra } from './wire.ts';

/** The words of `service_tier` in this API's answers. */
const SERVICE_TIERS: ReadonlySet<string> = new Set(['auto', 'default', 'flex', 'scale', 'priority']);

/** A service tier as this API names it; another API's word is left out. */
export function encodeServiceTier(tier: string | undefined): string | undefined {
  return tier !== undefined && SERVICE_TIERS.has(tier) ? tier : undefined;
}

function encodeMessage(candidate: NeutralCandidate): JsonObject {
  let text: string | undefined;
  let refusal = '';
  let reasoning = '';
  let fields: JsonObject | undefined;
  const thinkingBlocks: JsonObject[] = [];
  let sealed = false;
  const annotations: JsonValue[] = [];
  const calls: JsonObject[] = [];
  for (const part of candidate.content) {
    switch (part.type) {
      case 'text':
        annotations.push(...annotationsOf(part.origin, { start: text?.length ?? 0, length: part.text.length }));
        text = (text ?? '') + part.text;
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        thinkingBlocks.push(encodeThinkingBlock(part));
        sealed ||= part.signature !== undefined || part.encrypted !== undefined;
        break;
      case 'tool-call': {
        if (part.origin?.dialect === 'openai-chat') {
          calls.push(part.origin.value);
          break;
        }
        const fn: JsonObject = { name: part.name, arguments: part.arguments === '' ? '{}' : part.arguments };
        const call: JsonObject = { id: part.id, type: 'function', function: fn };
        if (part.signature !== undefined) call['extra_content'] = signatureExtra(part.signature);
        calls.push(call);
        break;
      }
      case 'opaque':
        if (part.dialect === 'openai-chat') fields = { ...fields, ...messageFieldsOf(part.value) };
        break;
      default:
        // Media in answers have no form in this API.
        break;
    }
  }
  const message: JsonObject = { ...fields, role: 'assistant', content: text ?? null };
  if (refusal !== '') message['refusal'] = refusal;
  if (reasoning !== '') message['reasoning_content'] = reasoning;
  // Needed only to give the thoughts back: without a proof they are the text above.
  if (sealed) message['thinking_blocks'] = thinkingBlocks;
  if (calls.length > 0) message['tool_calls'] = calls;
  if (annotations.length > 0) message['annotations'] = annotations;
  return message;
}

function encodeChoice(candidate: NeutralCandidate): JsonObject {
  const choice: JsonObject = {
    index: candidate.index,
    message: encodeMessage(candidate),
    finish_reason: encodeFinishReason(candidate.finishReason),
  };
  if (candidate.logprobs !== undefined) choice['logprobs'] = candidate.logprobs;
  return choice;
}

/** Writes a whole chat completion. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const shape = answerShape(context);
  const body: JsonObject = {
    ...response.extensions?.['openai-chat'],
    object: 'chat.completion',
    model: response.model === '' ? context.requestModel : response.model,
    choices: response.candidates.map(encodeChoice),
  };
  if (!shape.bareIdentity || response.id !== '' || response.created !== undefined) {
    body['id'] = response.id === '' ? context.newId('chatcmpl-') : response.id;
    body['created'] = response.created ?? context.created;
  }
  if (response.usage !== undefined) body['usage'] = writeOpenAiUsage(response.usage, shape.usageDetails);
  const tier = encodeServiceTier(response.serviceTier);
  if (tier !== undefined) body['service_tier'] = tier;
  return body;
}
