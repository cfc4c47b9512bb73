import type { ProviderError } from './neutral/response.ts';

/** Why a provider refused a request that another one may well answer. */
export type RefusalReason = 'context_length' | 'content_policy';

/**
 * Codes and types: OpenAI and compatible servers (`context_length_exceeded`, `string_above_max_length`), llama.cpp
 * (`exceed_context_size_error`), Azure OpenAI
 * (`content_filter`), OpenAI images (`content_policy_violation`, `moderation_blocked`).
 */
const BY_CODE: ReadonlyMap<string, RefusalReason> = new Map([
  ['context_length_exceeded', 'context_length'],
  ['string_above_max_length', 'context_length'],
  ['exceed_context_size_error', 'context_length'],
  ['content_filter', 'content_policy'],
  ['content_policy_violation', 'content_policy'],
  ['moderation_blocked', 'content_policy'],
  ['ResponsibleAIPolicyViolation', 'content_policy'],
]);

/**
 * What messages say where no code does: Anthropic ("prompt is too long", "exceed context limit"), Bedrock ("Input is too long"), Gemini ("exceeds the
 * maximum number of tokens"), vLLM and TGI ("maximum context length", "must have less than"), Cohere ("too many tokens").
 */
const TOO_LONG =
  /prompt is too long|input is too long|exceeds? the maximum number of tokens|maximum context length|context (?:window|limit|size)|too many tokens|input validation error: `?inputs`? (?:tokens|must have less)/i;
const AGAINST_POLICY = /content (?:management )?policy|content filter|safety system|blocked by (?:the )?guardrail/i;

/** Why a provider refused with a client error; undefined when it is for neither reason, or not to be told. */
export function refusalReason(error: ProviderError): RefusalReason | undefined {
  if (error.status < 400 || error.status > 499) return undefined;
  const known = BY_CODE.get(error.code ?? '') ?? BY_CODE.get(error.type);
  if (known !== undefined) return known;
  if (error.status !== 400 && error.status !== 413 && error.status !== 422) return undefined;
  if (TOO_LONG.test(error.message)) return 'context_length';
  return AGAINST_POLICY.test(error.message) ? 'content_policy' : undefined;
}
