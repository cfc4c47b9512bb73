import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { UsedUnits } from '../neutral/units.ts';
import { emptyUsage, inputTotal, type Usage } from '../neutral/usage.ts';
import { countOf, objectOf } from '../openai/fields.ts';

/**
 * Reads Cohere's `usage` (chat) or `meta` (embed, rerank). What is billed comes first: `tokens` and `cached_tokens`
 * also count what Cohere itself puts before the prompt, which nobody pays for (https://docs.cohere.com/reference/chat).
 * `undefined` where no tokens are counted, as for rerank, which bills search units.
 */
export function readCohereUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const billed = objectOf(value['billed_units']);
  const tokens = objectOf(value['tokens']);
  const image = countOf(billed?.['image_tokens']);
  const usage = emptyUsage();
  if (billed?.['input_tokens'] !== undefined || billed?.['output_tokens'] !== undefined || image > 0) {
    usage.input = countOf(billed?.['input_tokens']) + image;
    usage.inputImage = image;
    usage.output = countOf(billed?.['output_tokens']);
    return usage;
  }
  if (tokens === undefined) return undefined;
  const input = countOf(tokens['input_tokens']);
  usage.cacheRead = Math.min(countOf(value['cached_tokens']), input);
  usage.input = input - usage.cacheRead;
  usage.output = countOf(tokens['output_tokens']);
  return usage;
}

/** The search units that rerank's `meta` says are billed; undefined when it names none. */
export function readSearches(meta: JsonValue | undefined): UsedUnits | undefined {
  const searches = countOf(objectOf(objectOf(meta)?.['billed_units'])?.['search_units']);
  return searches > 0 ? { searches } : undefined;
}

/** Writes chat's `usage`. */
export function writeCohereUsage(usage: Usage): JsonObject {
  const counts = { input_tokens: inputTotal(usage), output_tokens: usage.output };
  const written: JsonObject = { billed_units: counts, tokens: { ...counts } };
  if (usage.cacheRead > 0) written['cached_tokens'] = usage.cacheRead;
  return written;
}
