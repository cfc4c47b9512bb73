import type { JsonObject } from '../../json/types.ts';
import type { ResponseContext } from '../dialect.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { encodeFinishReason, shownTokens, TGI_ANSWER } from './wire.ts';

function partText(part: NeutralPart, { warn }: ResponseContext): string {
  if (part.type === 'text') {
    warnOfLostMarks(part, { api: TGI_ANSWER, shown: false }, warn);
    return part.text;
  }
  if (part.type === 'refusal') return part.text;
  warnOfLostPart(part, TGI_ANSWER, warn);
  return '';
}

/** Writes the answer of `POST /generate`: the text of the first candidate, always with details. */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
  const reason = encodeFinishReason(candidate.finishReason);
  if (response.candidates.length > 1) warnOfMoreCandidates(TGI_ANSWER, context.warn);
  warnOfLostFinish(candidate, reason, context.warn);
  warnOfLostFields(response, TGI_ANSWER, context.warn);
  const tokens = shownTokens(candidate.logprobs);
  const details: JsonObject = {
    finish_reason: reason,
    generated_tokens: response.usage?.output ?? 0,
    seed: null,
    prefill: [],
    tokens: tokens.map(({ token }) => token),
  };
  if (tokens.length > 0) details['top_tokens'] = tokens.map(({ alternatives }) => alternatives);
  const text = candidate.content.map((part) => partText(part, context)).join('');
  return { generated_text: text, details };
}
