import type { JsonObject } from '../../json/types.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { encodeFinishReason } from './wire.ts';

/** Writes the answer of `POST /generate`: the text of the first candidate, always with details. */
export function encodeResponse(response: NeutralResponse): JsonObject {
  const candidate = response.candidates[0];
  const text = (candidate?.content ?? [])
    .map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''))
    .join('');
  return {
    generated_text: text,
    details: {
      finish_reason: encodeFinishReason(candidate?.finishReason ?? 'stop'),
      generated_tokens: response.usage?.output ?? 0,
      seed: null,
      prefill: [],
      tokens: [],
    },
  };
}
