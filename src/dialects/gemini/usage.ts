import { parseObject } from '../../json/parse-object.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { inputTotal, type Usage, usageTotal } from '../neutral/usage.ts';
import { decodeErrorObject } from './errors.ts';
import { camelKeys, numberField, objectField, objectsField, stringField } from './wire.ts';

/**
 * Reads `usageMetadata`. `promptTokenCount` includes the cached tokens and excludes those of tool
 * results; `candidatesTokenCount` excludes the thoughts
 * (https://ai.google.dev/api/generate-content#UsageMetadata).
 */
export function decodeUsage(metadata: JsonObject): Usage {
  const raw = camelKeys(metadata);
  const cacheRead = count(raw, 'cachedContentTokenCount');
  const reasoning = count(raw, 'thoughtsTokenCount');
  const usage: Usage = {
    input: Math.max(0, count(raw, 'promptTokenCount') - cacheRead) + count(raw, 'toolUsePromptTokenCount'),
    cacheRead,
    cacheWrite: 0,
    cacheWrite1h: 0,
    output: count(raw, 'candidatesTokenCount') + reasoning,
    reasoning,
    inputAudio: uncached(raw, 'AUDIO'),
    outputAudio: modality(raw, 'candidatesTokensDetails', 'AUDIO'),
    inputImage: uncached(raw, 'IMAGE'),
    outputImage: modality(raw, 'candidatesTokensDetails', 'IMAGE'),
  };
  const total = numberField(raw, 'totalTokenCount');
  if (total !== undefined && total !== usageTotal(usage)) usage.reportedTotal = total;
  return usage;
}

function count(raw: JsonObject, name: string): number {
  return Math.max(0, numberField(raw, name) ?? 0);
}

function uncached(raw: JsonObject, name: string): number {
  const prompt = modality(raw, 'promptTokensDetails', name) - modality(raw, 'cacheTokensDetails', name);
  return Math.max(0, prompt) + modality(raw, 'toolUsePromptTokensDetails', name);
}

function modality(raw: JsonObject, field: string, name: string): number {
  // Most answers are text alone and have no such list.
  if (raw[field] === undefined) return 0;
  let sum = 0;
  for (const entry of objectsField(raw, field)) {
    const detail = camelKeys(entry);
    if (detail['modality'] === name) sum += numberField(detail, 'tokenCount') ?? 0;
  }
  return sum;
}

/** Writes `usageMetadata`. */
export function encodeUsage(usage: Usage): JsonObject {
  const prompt = inputTotal(usage);
  const candidates = usage.output - usage.reasoning;
  const out: JsonObject = {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: usageTotal(usage),
  };
  if (usage.cacheRead > 0) out['cachedContentTokenCount'] = usage.cacheRead;
  if (usage.reasoning > 0) out['thoughtsTokenCount'] = usage.reasoning;
  const promptDetails = details(prompt, usage.inputAudio, usage.inputImage);
  if (promptDetails !== undefined) out['promptTokensDetails'] = promptDetails;
  const outputDetails = details(candidates, usage.outputAudio, usage.outputImage);
  if (outputDetails !== undefined) out['candidatesTokensDetails'] = outputDetails;
  return out;
}

function details(total: number, audio: number, image: number): JsonObject[] | undefined {
  if (audio + image === 0) return undefined;
  const out: JsonObject[] = [];
  const text = total - audio - image;
  if (text > 0) out.push({ modality: 'TEXT', tokenCount: text });
  if (audio > 0) out.push({ modality: 'AUDIO', tokenCount: audio });
  if (image > 0) out.push({ modality: 'IMAGE', tokenCount: image });
  return out;
}

function readAnswer(fields: JsonObject): ObservedAnswer {
  const metadata = objectField(fields, 'usageMetadata');
  return {
    usage: metadata === undefined ? undefined : decodeUsage(metadata),
    model: stringField(fields, 'modelVersion'),
  };
}

// Quotes inside JSON strings are escaped, so these match field names only (of any depth): a hit is confirmed by parsing.
const FINISH_FIELD = /"finishReason"\s*:/;
const ERROR_FIELD = /"error"\s*:/;
const USAGE_FIELD = '"usageMetadata"';

class GeminiStreamObserver implements StreamObserver {
  complete = false;
  error: ProviderError | undefined;
  #lastWithUsage = '';
  #observed: ObservedAnswer = {};

  frame(_event: string, data: string): void {
    if (data.includes(USAGE_FIELD)) this.#lastWithUsage = data;
    if (!this.complete && (FINISH_FIELD.test(data) || data.includes('"promptFeedback"'))) {
      const chunk = parseObject(data);
      if (chunk !== undefined) {
        this.complete =
          objectsField(chunk, 'candidates').some((candidate) => stringField(candidate, 'finishReason')) ||
          stringField(objectField(chunk, 'promptFeedback') ?? {}, 'blockReason') !== undefined;
      }
    }
    if (this.error === undefined && ERROR_FIELD.test(data)) {
      const found = objectField(parseObject(data) ?? {}, 'error');
      if (found !== undefined) this.error = decodeErrorObject(found, numberField(found, 'code') ?? 500);
    }
  }

  get usage(): Usage | undefined {
    return this.#read().usage;
  }

  get model(): string | undefined {
    return this.#read().model;
  }

  /** Every chunk carries usage so far; only the last counts, so it is parsed when asked for. */
  #read(): ObservedAnswer {
    if (this.#lastWithUsage === '') return this.#observed;
    const chunk = parseObject(this.#lastWithUsage);
    this.#lastWithUsage = '';
    if (chunk !== undefined) {
      const answer = readAnswer(chunk);
      this.#observed = { usage: answer.usage ?? this.#observed.usage, model: answer.model ?? this.#observed.model };
    }
    return this.#observed;
  }
}

/** Reads usage from Gemini answers that pass through. */
export const usage: UsageDialect = {
  fields: ['usageMetadata', 'modelVersion'],
  read: readAnswer,
  createStreamObserver: () => new GeminiStreamObserver(),
};
