import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { inputTotal, type Usage, usageTotal } from '../neutral/usage.ts';
import { countOf, objectOf } from '../openai/fields.ts';

/**
 * Reads a response's `usage`: `input_tokens` include those read from and written to caches.
 * `undefined` when there is none.
 */
export function readResponsesUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const total = countOf(value['input_tokens']);
  const output = countOf(value['output_tokens']);
  const inputDetails = objectOf(value['input_tokens_details']);
  const outputDetails = objectOf(value['output_tokens_details']);
  const cacheRead = Math.min(countOf(inputDetails?.['cached_tokens']), total);
  const cacheWrite = Math.min(countOf(inputDetails?.['cache_write_tokens']), total - cacheRead);
  const usage: Usage = {
    input: total - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    cacheWrite1h: 0,
    output,
    reasoning: Math.min(countOf(outputDetails?.['reasoning_tokens']), output),
    inputAudio: countOf(inputDetails?.['audio_tokens']),
    outputAudio: countOf(outputDetails?.['audio_tokens']),
    inputImage: countOf(inputDetails?.['image_tokens']),
    outputImage: countOf(outputDetails?.['image_tokens']),
  };
  const reported = countOf(value['total_tokens']);
  if (reported > 0 && reported !== total + output) usage.reportedTotal = reported;
  return usage;
}

/** Writes a response's `usage`. The counts OpenAI documents are always there; those of sound and images when not 0. */
export function writeResponsesUsage(usage: Usage): JsonObject {
  const inputDetails: JsonObject = {
    cached_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite + usage.cacheWrite1h,
  };
  if (usage.inputAudio > 0) inputDetails['audio_tokens'] = usage.inputAudio;
  if (usage.inputImage > 0) inputDetails['image_tokens'] = usage.inputImage;
  const outputDetails: JsonObject = { reasoning_tokens: usage.reasoning };
  if (usage.outputAudio > 0) outputDetails['audio_tokens'] = usage.outputAudio;
  if (usage.outputImage > 0) outputDetails['image_tokens'] = usage.outputImage;
  return {
    input_tokens: inputTotal(usage),
    input_tokens_details: inputDetails,
    output_tokens: usage.output,
    output_tokens_details: outputDetails,
    total_tokens: usageTotal(usage),
  };
}
