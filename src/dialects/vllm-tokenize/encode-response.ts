import type { JsonObject } from '../../json/types.ts';
import type { NeutralTokenCountResponse } from '../neutral/token-count.ts';

/** Writes the answer of `POST /tokenize`. Providers that only count leave `tokens` empty and `max_model_len` null. */
export function encodeResponse(response: NeutralTokenCountResponse): JsonObject {
  return {
    ...response.extensions?.['vllm-tokenize'],
    count: response.inputTokens,
    max_model_len: response.maxModelTokens ?? null,
    tokens: response.tokens ?? [],
    token_strs: response.tokenTexts ?? null,
  };
}
