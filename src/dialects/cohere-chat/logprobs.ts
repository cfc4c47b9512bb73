import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';

/** OpenAI's log probabilities of Cohere's items: `{text, token_ids, logprobs}`, of which an item may hold several tokens. */
export function decodeLogprobs(value: JsonValue | undefined): JsonObject | undefined {
  const items = Array.isArray(value) ? value : isObject(value) ? [value] : [];
  const content = items.filter(isObject).map((item): JsonObject => {
    const numbers = Array.isArray(item['logprobs']) ? item['logprobs'].filter((one) => typeof one === 'number') : [];
    const token = typeof item['text'] === 'string' ? item['text'] : '';
    return { token, logprob: numbers.reduce((sum, one) => sum + one, 0), bytes: null, top_logprobs: [] };
  });
  return content.length === 0 ? undefined : { content };
}

/** Cohere's items of OpenAI's log probabilities. Token ids are not known there. */
export function encodeLogprobs(logprobs: JsonObject | undefined): JsonObject[] {
  const content = logprobs?.['content'];
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).map((item) => ({
    text: typeof item['token'] === 'string' ? item['token'] : '',
    token_ids: [],
    logprobs: typeof item['logprob'] === 'number' ? [item['logprob']] : [],
  }));
}
