import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';

function count(value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function details(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/**
 * Reads the `usage` object of any OpenAI API: chat's spelling (`prompt_tokens`, `completion_tokens`) and
 * that of responses, images and audio (`input_tokens`, `output_tokens`). Undefined when it is not there, or counts seconds
 * instead of tokens (https://platform.openai.com/docs/api-reference).
 */
export function readOpenAiUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = value['prompt_tokens'] ?? value['input_tokens'];
  const output = value['completion_tokens'] ?? value['output_tokens'];
  if (input === undefined && output === undefined && value['total_tokens'] === undefined) return undefined;
  const inputDetails = details(
    value['prompt_tokens_details'] ?? value['input_tokens_details'] ?? value['input_token_details'],
  );
  const outputDetails = details(
    value['completion_tokens_details'] ?? value['output_tokens_details'] ?? value['output_token_details'],
  );
  const usage = emptyUsage();
  // DeepSeek counts cache hits beside the details.
  usage.cacheRead = Math.min(count(inputDetails['cached_tokens'] ?? value['prompt_cache_hit_tokens']), count(input));
  usage.input = count(input) - usage.cacheRead;
  usage.output = count(output);
  usage.reasoning = count(outputDetails['reasoning_tokens']);
  usage.inputAudio = count(inputDetails['audio_tokens']);
  usage.outputAudio = count(outputDetails['audio_tokens']);
  usage.inputImage = count(inputDetails['image_tokens']);
  usage.outputImage = count(outputDetails['image_tokens']);
  const total = count(value['total_tokens']);
  if (total > 0 && total !== count(input) + usage.output) usage.reportedTotal = total;
  return usage;
}
