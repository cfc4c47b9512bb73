import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { inputTotal, type Usage, usageTotal } from '../neutral/usage.ts';
import { countOf, objectOf } from './fields.ts';

/** The first of these fields that is there: chat's spelling stands first, then that of responses, images and audio. */
function either(value: JsonObject, ...names: string[]): JsonValue | undefined {
  for (const name of names) if (value[name] !== undefined) return value[name];
  return undefined;
}

/**
 * Reads the `usage` of any OpenAI API: chat's spelling (`prompt_tokens`) and that of responses, images and audio
 * (`input_tokens`). `undefined` when there is none, or when it counts seconds instead of tokens.
 */
export function readOpenAiUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  if (either(value, 'prompt_tokens', 'input_tokens', 'completion_tokens', 'total_tokens') === undefined)
    return undefined;
  const prompt = countOf(either(value, 'prompt_tokens', 'input_tokens'));
  const completion = countOf(either(value, 'completion_tokens', 'output_tokens'));
  const total = countOf(value['total_tokens']);
  const promptDetails = objectOf(either(value, 'prompt_tokens_details', 'input_tokens_details', 'input_token_details'));
  const completionDetails = objectOf(
    either(value, 'completion_tokens_details', 'output_tokens_details', 'output_token_details'),
  );
  // DeepSeek names its cache hits at the top.
  const cacheRead = countOf(promptDetails?.['cached_tokens'] ?? value['prompt_cache_hit_tokens']);
  // OpenAI's name first, then those of servers that front Claude.
  const cacheWrite = countOf(
    promptDetails?.['cache_write_tokens'] ??
      promptDetails?.['cache_creation_tokens'] ??
      promptDetails?.['cache_creation_input_tokens'],
  );
  const reasoning = countOf(completionDetails?.['reasoning_tokens']);
  // A prompt smaller than its cached part cannot contain it: such a server counts the uncached part alone.
  const input = prompt >= cacheRead + cacheWrite ? prompt - cacheRead - cacheWrite : prompt;
  // xAI leaves reasoning out of completion_tokens, but not out of the total.
  const apart = reasoning > 0 && total > 0 && total === prompt + completion + reasoning;
  const output = apart ? completion + reasoning : completion;
  const usage: Usage = {
    input,
    cacheRead,
    cacheWrite,
    cacheWrite1h: 0,
    output,
    reasoning: Math.min(reasoning, output),
    inputAudio: countOf(promptDetails?.['audio_tokens']),
    outputAudio: countOf(completionDetails?.['audio_tokens']),
    inputImage: countOf(promptDetails?.['image_tokens']),
    outputImage: countOf(completionDetails?.['image_tokens']),
  };
  if (total > 0 && total !== inputTotal(usage) + output) usage.reportedTotal = total;
  return usage;
}

/**
 * Which details objects a written usage has: `always`, empty ones included, or only those that say
 * something. Each member appears only when it is more than 0.
 */
export type UsageDetails = 'always' | 'when-known';

/** Writes the `usage` of chat completions: `prompt_tokens` are all input tokens, cached ones included. */
export function writeOpenAiUsage(usage: Usage, details: UsageDetails): JsonObject {
  const promptDetails: JsonObject = {};
  if (usage.cacheRead > 0) promptDetails['cached_tokens'] = usage.cacheRead;
  const cacheWrite = usage.cacheWrite + usage.cacheWrite1h;
  if (cacheWrite > 0) promptDetails['cache_write_tokens'] = cacheWrite;
  if (usage.inputAudio > 0) promptDetails['audio_tokens'] = usage.inputAudio;
  if (usage.inputImage > 0) promptDetails['image_tokens'] = usage.inputImage;
  const completionDetails: JsonObject = {};
  if (usage.reasoning > 0) completionDetails['reasoning_tokens'] = usage.reasoning;
  if (usage.outputAudio > 0) completionDetails['audio_tokens'] = usage.outputAudio;
  if (usage.outputImage > 0) completionDetails['image_tokens'] = usage.outputImage;
  const written: JsonObject = {
    prompt_tokens: inputTotal(usage),
    completion_tokens: usage.output,
    total_tokens: usageTotal(usage),
  };
  if (details === 'always' || Object.keys(promptDetails).length > 0) written['prompt_tokens_details'] = promptDetails;
  if (details === 'always' || Object.keys(completionDetails).length > 0) {
    written['completion_tokens_details'] = completionDetails;
  }
  return written;
}
