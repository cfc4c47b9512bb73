import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { attachCitations, readCitations } from './citations.ts';
import { type CallIds, decodePart } from './decode-parts.ts';
import { decodeFinishReason } from './finish-reason.ts';
import { candidateLogprobs } from './logprobs.ts';
import { decodeUsage } from './usage.ts';
import { camelKeys, hasOtherKeys, numberField, objectField, objectsField, stringField } from './wire.ts';

/** Fields of an answer with a neutral meaning; all others travel in `extensions.gemini`. */
const KNOWN: readonly string[] = ['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime'];

/** Fields of a candidate with a neutral meaning; all others (grounding, citations, safety ratings …) are extras. */
const KNOWN_OF_CANDIDATE: readonly string[] = ['content', 'finishReason', 'index', 'logprobsResult'];

/**
 * Reads a `GenerateContentResponse`. `extensions.gemini` holds its remaining fields, and in
 * `candidates` those of each candidate (`groundingMetadata`, `citationMetadata`, `safetyRatings`,
 * `finishMessage` …) at the candidate's position. A prompt that was blocked yields one empty candidate
 * that ended by content filter. Throws GatewayError `provider_bad_response` when it is no such answer.
 */
export function decodeResponse(raw: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const body = camelKeys(raw);
  const metadata = objectField(body, 'usageMetadata');
  if (!Array.isArray(body['candidates']) && !isObject(body['promptFeedback']) && metadata === undefined) {
    throw new GatewayError('provider_bad_response', 'The provider’s answer is no Gemini answer: it has no candidates.');
  }
  const ids = answerIds(context);
  const extras: JsonObject[] = [];
  const candidates = objectsField(body, 'candidates').map((candidate, position) => {
    const message = camelKeys(candidate);
    extras.push(candidateExtras(message) ?? {});
    return decodeCandidate(message, position, ids);
  });
  if (candidates.length === 0) candidates.push(blockedCandidate(body));

  const response: NeutralResponse = {
    id: stringField(body, 'responseId') ?? '',
    model: stringField(body, 'modelVersion') ?? '',
    candidates,
  };
  const created = createdSeconds(body);
  if (created !== undefined) response.created = created;
  if (metadata !== undefined) response.usage = decodeUsage(metadata);
  const extension = answerExtension(body, extras);
  if (extension !== undefined) response.extensions = { gemini: extension };
  return response;
}

/** Ids for the calls of an answer; it holds no responses. */
export function answerIds(context: ProviderResponseContext): CallIds {
  const fresh = (): string => context.newId('call_');
  return { forCall: fresh, forResponse: fresh };
}

function decodeCandidate(message: JsonObject, position: number, ids: CallIds): NeutralCandidate {
  const content = objectsField(camelKeys(objectField(message, 'content') ?? {}), 'parts').map((part) =>
    decodePart(part, ids),
  );
  attachCitations(content, readCitations(message));
  const hasToolCalls = content.some((part) => part.type === 'tool-call');
  const candidate: NeutralCandidate = {
    index: numberField(message, 'index') ?? position,
    content,
    ...decodeFinishReason(stringField(message, 'finishReason') ?? 'STOP', hasToolCalls),
  };
  const logprobs = candidateLogprobs(message);
  if (logprobs !== undefined) candidate.logprobs = logprobs;
  return candidate;
}

/** The candidate that stands for an answer without any; why a prompt was blocked is its raw finish reason. */
export function blockedCandidate(body: JsonObject): NeutralCandidate {
  const reason = blockReason(body);
  return reason === undefined
    ? { index: 0, content: [], finishReason: 'other' }
    : { index: 0, content: [], finishReason: 'content-filter', rawFinishReason: reason };
}

/** `promptFeedback.blockReason`, when the prompt was blocked. */
export function blockReason(body: JsonObject): string | undefined {
  return stringField(camelKeys(objectField(body, 'promptFeedback') ?? {}), 'blockReason');
}

/** Unix seconds of `createTime`. */
export function createdSeconds(body: JsonObject): number | undefined {
  const milliseconds = Date.parse(stringField(body, 'createTime') ?? '');
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}

/** A candidate's fields without neutral meaning; undefined when it has none. */
export function candidateExtras(message: JsonObject): JsonObject | undefined {
  if (!hasOtherKeys(message, KNOWN_OF_CANDIDATE)) return undefined;
  const extras = without(message, KNOWN_OF_CANDIDATE);
  return Object.keys(extras).length === 0 ? undefined : extras;
}

function answerExtension(body: JsonObject, candidates: JsonObject[]): JsonObject | undefined {
  const extension = without(body, KNOWN);
  if (candidates.some((extra) => Object.keys(extra).length > 0)) extension['candidates'] = candidates;
  return Object.keys(extension).length === 0 ? undefined : extension;
}

function without(message: JsonObject, names: readonly string[]): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(message)) {
    if (!names.includes(key) && key !== '__proto__') out[key] = value;
  }
  return out;
}
