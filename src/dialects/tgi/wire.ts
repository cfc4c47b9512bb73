import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { FinishReason } from '../neutral/response.ts';

/** Words of Text Generation Inference's own API (https://huggingface.github.io/text-generation-inference). */

/** Parameters with a neutral meaning. */
export const PARAMETERS: ReadonlySet<string> = new Set([
  'max_new_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'stop',
  'grammar',
  'do_sample',
  'details',
  'top_n_tokens',
]);

/** Fields of a request with a neutral meaning. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set(['inputs', 'parameters', 'stream', 'model']);

/** TGI's `finish_reason` in the neutral words. */
export function decodeFinishReason(word: string | undefined): { finishReason: FinishReason; rawFinishReason?: string } {
  switch (word) {
    case undefined:
    case 'eos_token':
      return { finishReason: 'stop' };
    case 'length':
      return { finishReason: 'length' };
    case 'stop_sequence':
      return { finishReason: 'stop-sequence' };
    default:
      return { finishReason: 'other', rawFinishReason: word };
  }
}

/** The neutral reason in TGI's words, of which there are three: whatever ended well is the end of the text. */
export function encodeFinishReason(reason: FinishReason): 'eos_token' | 'length' | 'stop_sequence' {
  if (reason === 'length') return 'length';
  return reason === 'stop-sequence' ? 'stop_sequence' : 'eos_token';
}

/** OpenAI's log probability of one token and its alternatives; `undefined` where TGI was not asked for alternatives. */
export function tokenLogprob(token: JsonValue | undefined, top: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(token) || !Array.isArray(top)) return undefined;
  const entry = (one: JsonObject): JsonObject => ({
    token: typeof one['text'] === 'string' ? one['text'] : '',
    logprob: typeof one['logprob'] === 'number' ? one['logprob'] : 0,
    bytes: null,
  });
  return { ...entry(token), top_logprobs: top.filter(isObject).map(entry) };
}
