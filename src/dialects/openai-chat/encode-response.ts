import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import { warnOfLostFields, warnOfLostFinish, warnOfLostMarks, warnOfLostPart } from '../neutral/answer-losses.ts';
import { tokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralReasoningPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { encodeFinishReason } from '../openai/finish-reason.ts';
import { writeOpenAiUsage } from '../openai/usage.ts';
import { annotationsOf } from './annotations.ts';
import { answerShape, CHAT_ANSWER } from './answer-shape.ts';
import { encodeThinkingBlock } from './encode-messages.ts';
import { encodeAnswerImage } from './images.ts';
import { messageFieldsOf, signatureExtra } from './wire.ts';

/** The words of `service_tier` in this API's answers. */
const SERVICE_TIERS: ReadonlySet<string> = new Set(['auto', 'default', 'flex', 'scale', 'priority']);

/** A service tier as this API names it; another API's word is left out. */
export function encodeServiceTier(tier: string | undefined): string | undefined {
  return tier !== undefined && SERVICE_TIERS.has(tier) ? tier : undefined;
}

function encodeMessage(candidate: NeutralCandidate, context: ResponseContext): JsonObject {
  const { warn } = context;
  let text: string | undefined;
  let refusal = '';
  let reasoning = '';
  let fields: JsonObject | undefined;
  const thinkingBlocks: JsonObject[] = [];
  let sealed = false;
  const annotations: JsonValue[] = [];
  const calls: JsonObject[] = [];
  const images: JsonObject[] = [];
  for (const part of candidate.content) {
    switch (part.type) {
      case 'text':
        if (part.origin !== undefined || part.citations !== undefined) {
          annotations.push(...annotationsOf(part, { start: text?.length ?? 0, length: part.text.length }));
          warnOfLostMarks(part, { api: CHAT_ANSWER, shown: true }, warn);
        }
        text = text === undefined ? part.text : text + part.text;
        break;
      case 'refusal':
        refusal += part.text;
        break;
      case 'reasoning':
        reasoning += part.text;
        thinkingBlocks.push(encodeThinkingBlock(sealForClient(part, context.providerDialect)));
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
      case 'image': {
        const image = encodeAnswerImage(part);
        if (image === undefined) warnOfLostPart(part, CHAT_ANSWER, warn);
        else images.push(image);
        break;
      }
      default: {
        const own = part.type === 'opaque' && part.dialect === 'openai-chat' ? messageFieldsOf(part.value) : undefined;
        if (own === undefined) warnOfLostPart(part, CHAT_ANSWER, warn);
        else fields = { ...fields, ...own };
      }
    }
  }
  const message: JsonObject = { ...fields, role: 'assistant', content: text ?? null };
  if (refusal !== '') message['refusal'] = refusal;
  if (reasoning !== '') message['reasoning_content'] = reasoning;
  // Needed only to give the thoughts back: without a proof they are the text above.
  if (sealed) message['thinking_blocks'] = thinkingBlocks;
  if (calls.length > 0) message['tool_calls'] = calls;
  if (images.length > 0) message['images'] = images;
  if (annotations.length > 0) message['annotations'] = annotations;
  return message;
}

/** A finished thought as a client gets it: another vendor's token than Anthropic's, which these blocks are made for, is marked. */
export function sealForClient(
  part: NeutralReasoningPart,
  provider: ResponseContext['providerDialect'],
): NeutralReasoningPart {
  if (part.signature === undefined && part.encrypted === undefined) return part;
  // What a server of this API gave goes back to it as it was.
  const to = { client: 'anthropic', provider: provider === 'openai-chat' ? undefined : provider } as const;
  const sealed: NeutralReasoningPart = { type: 'reasoning', text: part.text };
  if (part.signature !== undefined) sealed.signature = tokenForClient(part.signature, 'thought', to);
  if (part.encrypted !== undefined) sealed.encrypted = tokenForClient(part.encrypted, 'encrypted', to);
  return sealed;
}

function encodeChoice(candidate: NeutralCandidate, context: ResponseContext): JsonObject {
  const word = encodeFinishReason(candidate.finishReason);
  warnOfLostFinish(candidate, word, context.warn);
  const choice: JsonObject = {
    index: candidate.index,
    message: encodeMessage(candidate, context),
    finish_reason: word,
  };
  if (candidate.logprobs !== undefined) choice['logprobs'] = candidate.logprobs;
  return choice;
}

/** Writes a whole chat completion. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const shape = answerShape(context);
  warnOfLostFields(response, CHAT_ANSWER, context.warn);
  const body: JsonObject = {
    ...response.extensions?.['openai-chat'],
    object: 'chat.completion',
    model: response.model === '' ? context.requestModel : response.model,
    choices: response.candidates.map((candidate) => encodeChoice(candidate, context)),
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
