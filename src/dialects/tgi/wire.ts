import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { FinishReason } from '../neutral/response.ts';

/** Words of Text Generation Inference's own API (https://huggingface.github.io/text-generation-inference). */

/** This API in sentences about what it cannot show. */
export const TGI_ANSWER: AnswerApi = { dialect: 'tgi', title: "TGI's generate" };

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

/** A token of an answer with the alternatives there were, as TGI shows them. Other APIs tell no ids. */
export interface ShownToken {
  token: JsonObject & { text: string };
  alternatives: JsonObject[];
}

function shownToken(entry: JsonObject): ShownToken['token'] {
  const text = typeof entry['token'] === 'string' ? entry['token'] : '';
  return { id: 0, text, logprob: typeof entry['logprob'] === 'number' ? entry['logprob'] : null, special: false };
}

/** The tokens of OpenAI's log probabilities; empty where there are none. */
export function shownTokens(logprobs: JsonObject | undefined): ShownToken[] {
  const content = logprobs?.['content'];
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).map((entry) => {
    const top = entry['top_logprobs'];
    return { token: shownToken(entry), alternatives: Array.isArray(top) ? top.filter(isObject).map(shownToken) : [] };
  });
}
