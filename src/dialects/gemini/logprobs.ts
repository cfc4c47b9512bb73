import type { JsonObject } from '../../json/types.ts';
import { camelKeys, numberField, objectField, objectsField, stringField } from './wire.ts';

/** Google's `logprobsResult` as OpenAI's `logprobs` object. */
export function decodeLogprobs(result: JsonObject): JsonObject {
  const raw = camelKeys(result);
  const tops = objectsField(raw, 'topCandidates');
  const content = objectsField(raw, 'chosenCandidates').map((chosen, position) => ({
    ...decodeToken(chosen),
    top_logprobs: objectsField(tops[position] ?? {}, 'candidates').map(decodeToken),
  }));
  return { content, refusal: null };
}

function decodeToken(candidate: JsonObject): JsonObject {
  const raw = camelKeys(candidate);
  return { token: stringField(raw, 'token') ?? '', logprob: numberField(raw, 'logProbability') ?? 0, bytes: null };
}

/** OpenAI's `logprobs` object as Google's `logprobsResult`; `undefined` when it names no token. */
export function encodeLogprobs(logprobs: JsonObject): JsonObject | undefined {
  const content = objectsField(logprobs, 'content');
  if (content.length === 0) return undefined;
  return {
    chosenCandidates: content.map(encodeToken),
    topCandidates: content.map((entry) => ({ candidates: objectsField(entry, 'top_logprobs').map(encodeToken) })),
  };
}

function encodeToken(entry: JsonObject): JsonObject {
  return { token: stringField(entry, 'token') ?? '', logProbability: numberField(entry, 'logprob') ?? 0 };
}

/** The candidate's log probabilities in OpenAI's shape, when it has any. */
export function candidateLogprobs(candidate: JsonObject): JsonObject | undefined {
  const result = objectField(candidate, 'logprobsResult');
  return result === undefined ? undefined : decodeLogprobs(result);
}
