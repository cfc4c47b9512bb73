import type { JsonObject, JsonValue } from '../../json/types.ts';
import { callSignatureForClient } from '../anthropic/encode-response.ts';
import type { ResponseContext } from '../dialect.ts';
import {
  warnOfLostFields,
  warnOfLostFinish,
  warnOfLostLogprobs,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import { tokenForClient } from '../neutral/opaque-token.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { writeCitations } from './citations.ts';
import { encodeStopReason } from './finish-reason.ts';
import { toBlob } from './opaque-bytes.ts';
import { encodeUsage } from './usage.ts';
import { asObject, BEDROCK, CONVERSE_ANSWER, IMAGE_FORMATS, ownBlock } from './wire.ts';

/** The tiers Converse names (API_runtime_ServiceTier); another provider's are left out. */
const SERVICE_TIERS: readonly (string | undefined)[] = ['priority', 'default', 'flex', 'reserved'];

/**
 * Writes the answer of Converse (API_runtime_Converse) from the first candidate: Converse has one. `metrics` is there
 * always; its latency is 0 when the provider was not Bedrock.
 */
export function encodeResponse(response: NeutralResponse, context: ResponseContext): JsonObject {
  const candidate = response.candidates[0] ?? { index: 0, content: [], finishReason: 'stop' };
  const content = candidate.content.flatMap((part) => encodeAnswerPart(part, context));
  const stopReason = encodeStopReason(candidate.finishReason, candidate.rawFinishReason);
  const { warn } = context;
  if (response.candidates.length > 1) warnOfMoreCandidates(CONVERSE_ANSWER, warn);
  warnOfLostLogprobs(candidate.logprobs, CONVERSE_ANSWER, warn);
  warnOfLostFinish(candidate, stopReason, warn);
  warnOfLostFields(response, CONVERSE_ANSWER, warn);
  return {
    metrics: { latencyMs: 0 },
    ...response.extensions?.[BEDROCK],
    output: { message: { role: 'assistant', content } },
    stopReason,
    usage: encodeUsage(response.usage),
    ...(SERVICE_TIERS.includes(response.serviceTier) ? { serviceTier: { type: response.serviceTier } } : {}),
  };
}

/** Writes one part of an answer; a part that Converse has no block for gives none. */
function encodeAnswerPart(part: NeutralPart, context: ResponseContext): JsonObject[] {
  const own = ownBlock(part);
  if (own !== undefined) return [completeCitations(own, part)];
  switch (part.type) {
    case 'text': {
      warnOfLostMarks(part, { api: CONVERSE_ANSWER, shown: true }, context.warn);
      const citations = writeCitations(part.citations);
      if (citations.length > 0) return [{ citationsContent: { content: [{ text: part.text }], citations } }];
      return part.text === '' ? [] : [{ text: part.text }];
    }
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning':
      return encodeReasoningBlocks(part, context);
    case 'tool-call': {
      const call = { toolUse: { toolUseId: part.id, name: part.name, input: parseInput(part.arguments) } };
      const signature = callSignatureForClient(part.signature, context);
      if (signature === undefined) return [call];
      return [{ reasoningContent: { reasoningText: { text: '', signature } } }, call];
    }
    default: {
      const image = part.type === 'image' ? imageBlock(part) : undefined;
      if (image === undefined) warnOfLostPart(part, CONVERSE_ANSWER, context.warn);
      return image === undefined ? [] : [{ image }];
    }
  }
}

/** A picture given as bytes, in a format that Converse knows (API_runtime_ImageBlock). */
export function imageBlock(part: Extract<NeutralPart, { type: 'image' }>): JsonObject | undefined {
  if (part.source.kind !== 'base64') return undefined;
  const format = IMAGE_FORMATS[part.source.mediaType];
  return format === undefined ? undefined : { format, source: { bytes: part.source.data } };
}

/** A thought and its redacted continuation are blocks of their own in Converse. */
function encodeReasoningBlocks(
  part: Extract<NeutralPart, { type: 'reasoning' }>,
  context: ResponseContext,
): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (part.text !== '' || part.signature !== undefined) {
    const signature = signatureForClient(part.signature, context);
    const signed = signature === '' ? {} : { signature };
    blocks.push({ reasoningContent: { reasoningText: { text: part.text, ...signed } } });
  }
  if (part.encrypted !== undefined) {
    blocks.push({ reasoningContent: { redactedContent: redactedForClient(part.encrypted, context) } });
  }
  return blocks;
}

/** The signature of a thought as the client gets it; empty for none. */
export function signatureForClient(signature: string | undefined, context: ResponseContext): string {
  return tokenForClient(signature ?? '', 'thought', { client: BEDROCK, provider: context.providerDialect });
}

/** A redacted thought as the client gets it: a blob. */
export function redactedForClient(encrypted: string, context: ResponseContext): string {
  return toBlob(tokenForClient(encrypted, 'encrypted', { client: BEDROCK, provider: context.providerDialect }));
}

/** A part collected from a stream keeps its citations in its origin and its text beside it. */
function completeCitations(block: JsonObject, part: NeutralPart): JsonObject {
  const cited = asObject(block['citationsContent']);
  if (cited === undefined || cited['content'] !== undefined || part.type !== 'text') return block;
  return { citationsContent: { content: [{ text: part.text }], ...cited } };
}

/** The input of a call as JSON; what a model wrote that is not JSON is handed on as a string. */
function parseInput(text: string): JsonValue {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
