import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralResponse } from '../neutral/response.ts';
import { encodeStopReason } from './finish-reason.ts';
import { toBlob } from './opaque-bytes.ts';
import { encodeUsage } from './usage.ts';
import { asObject, BEDROCK, IMAGE_FORMATS, ownBlock } from './wire.ts';

/** The tiers Converse names (API_runtime_ServiceTier); another provider's are left out. */
const SERVICE_TIERS: readonly (string | undefined)[] = ['priority', 'default', 'flex', 'reserved'];

/**
 * Writes the answer of Converse (API_runtime_Converse) from the first candidate: Converse has one. `metrics` is there
 * always; its latency is 0 when the provider was not Bedrock.
 */
export function encodeResponse(response: NeutralResponse): JsonObject {
  const candidate = response.candidates[0];
  const content = (candidate?.content ?? []).flatMap(encodeAnswerPart);
  return {
    metrics: { latencyMs: 0 },
    ...response.extensions?.[BEDROCK],
    output: { message: { role: 'assistant', content } },
    stopReason: encodeStopReason(candidate?.finishReason ?? 'stop', candidate?.rawFinishReason),
    usage: encodeUsage(response.usage),
    ...(SERVICE_TIERS.includes(response.serviceTier) ? { serviceTier: { type: response.serviceTier } } : {}),
  };
}

/** Writes one part of an answer; a part that Converse has no block for gives none. */
function encodeAnswerPart(part: NeutralPart): JsonObject[] {
  const own = ownBlock(part);
  if (own !== undefined) return [completeCitations(own, part)];
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'reasoning':
      return encodeReasoningBlocks(part);
    case 'tool-call':
      return [{ toolUse: { toolUseId: part.id, name: part.name, input: parseInput(part.arguments) } }];
    case 'image': {
      const format = part.source.kind === 'base64' ? IMAGE_FORMATS[part.source.mediaType] : undefined;
      if (part.source.kind !== 'base64' || format === undefined) return [];
      return [{ image: { format, source: { bytes: part.source.data } } }];
    }
    case 'document':
    case 'audio':
    case 'video':
    case 'tool-result':
    case 'opaque':
      return [];
  }
}

/** A thought and its redacted continuation are blocks of their own in Converse. */
function encodeReasoningBlocks(part: Extract<NeutralPart, { type: 'reasoning' }>): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (part.text !== '' || part.signature !== undefined) {
    const signature = part.signature === undefined ? {} : { signature: part.signature };
    blocks.push({ reasoningContent: { reasoningText: { text: part.text, ...signature } } });
  }
  if (part.encrypted !== undefined) blocks.push({ reasoningContent: { redactedContent: toBlob(part.encrypted) } });
  return blocks;
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
