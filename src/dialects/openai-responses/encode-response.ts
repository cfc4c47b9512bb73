import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { annotationsOf } from './annotations.ts';
import type { AnswerContext } from './answer-context.ts';
import { customToolNames } from './encode-tools.ts';
import {
  callItem,
  callSignatureContent,
  encryptedContentOf,
  messageItem,
  outputText,
  reasoningItem,
} from './output-items.ts';
import { echoSettings, finalStatus, responseId, writeResponse } from './response-object.ts';
import { RESPONSES, RESPONSES_ANSWER, unwrapCustomInput } from './wire.ts';

/** Writes the items of one answer: texts that follow each other are one message. */
function encodeOutput(candidate: NeutralCandidate, context: AnswerContext): JsonObject[] {
  const items: JsonObject[] = [];
  const customTools = context.request === undefined ? new Set<string>() : customToolNames(context.request);
  // Log probabilities come for the whole answer: they stand on its first text.
  const { content } = candidate.logprobs ?? {};
  let logprobs: JsonValue[] = Array.isArray(content) ? content : [];
  let message: JsonObject[] | undefined;

  const say = (part: JsonObject): void => {
    if (message === undefined) {
      message = [];
      items.push(messageItem(context.newId('msg_'), 'completed', message));
    }
    message.push(part);
  };

  const add = (part: NeutralPart): void => {
    switch (part.type) {
      case 'text':
        warnOfLostMarks(part, { api: RESPONSES_ANSWER, shown: true }, context.warn);
        say(outputText(part.text, annotationsOf(part, part.text.length), logprobs));
        logprobs = [];
        return;
      case 'refusal':
        say({ type: 'refusal', refusal: part.text });
        return;
      case 'reasoning':
        message = undefined;
        items.push(reasoningItem(context.newId('rs_'), part.text, encryptedContentOf(part, context.providerDialect)));
        return;
      case 'tool-call': {
        message = undefined;
        if (part.signature !== undefined) {
          const sealed = callSignatureContent(part.signature, context.providerDialect);
          items.push(reasoningItem(context.newId('rs_'), '', sealed));
        }
        const custom = customTools.has(part.name);
        const text = custom ? unwrapCustomInput(part.arguments) : part.arguments === '' ? '{}' : part.arguments;
        const call = { callId: part.id, name: part.name, text, custom };
        items.push(callItem(context.newId(custom ? 'ctc_' : 'fc_'), call, 'completed'));
        return;
      }
      default:
        if (part.type !== 'opaque' || part.dialect !== RESPONSES || !isObject(part.value)) {
          warnOfLostPart(part, RESPONSES_ANSWER, context.warn);
          return;
        }
        message = undefined;
        items.push(part.value);
    }
  };

  for (const part of candidate.content) add(part);
  return items;
}

/** Writes a whole response. It has one answer: the first candidate. */
export function encodeResponse(response: NeutralResponse, context: AnswerContext): JsonObject {
  const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
  if (response.candidates.length > 1) warnOfMoreCandidates(RESPONSES_ANSWER, context.warn);
  warnOfLostFields(response, RESPONSES_ANSWER, context.warn);
  const output = encodeOutput(candidate, context);
  const final = finalStatus(candidate.finishReason);
  warnOfLostFinish(candidate, final.status, context.warn);
  const last = output.at(-1);
  if (final.status === 'incomplete' && last?.['status'] === 'completed') last['status'] = 'incomplete';
  const identity = {
    id: responseId(response.id, context),
    model: response.model,
    created: response.created,
    serviceTier: response.serviceTier,
  };
  const settings = { ...echoSettings(context.request), ...response.extensions?.[RESPONSES] };
  return writeResponse(identity, { ...final, output, usage: response.usage }, { settings, context });
}
