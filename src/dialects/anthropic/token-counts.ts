import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import { countOf, objectOf, textOf } from '../openai/fields.ts';

/** The service tier that `usage` names. */
export function serviceTierOf(usage: JsonValue | undefined): string | undefined {
  return textOf(objectOf(usage)?.['service_tier']);
}

/**
 * Reads `usage`, where `input_tokens` counts uncached input alone. In streams `message_delta` gives
 * running totals: a field it names replaces the one of `message_start`, the others stay.
 */
export function readAnthropicUsage(value: JsonValue | undefined, before?: Usage): Usage | undefined {
  if (!isObject(value)) return before;
  const usage = before === undefined ? emptyUsage() : { ...before };
  if (given(value, 'input_tokens')) usage.input = countOf(value['input_tokens']);
  if (given(value, 'cache_read_input_tokens')) usage.cacheRead = countOf(value['cache_read_input_tokens']);
  const byLifetime = objectOf(value['cache_creation']);
  if (byLifetime !== undefined) usage.cacheWrite1h = countOf(byLifetime['ephemeral_1h_input_tokens']);
  if (given(value, 'cache_creation_input_tokens')) {
    usage.cacheWrite = Math.max(0, countOf(value['cache_creation_input_tokens']) - usage.cacheWrite1h);
  } else if (byLifetime !== undefined) {
    usage.cacheWrite = countOf(byLifetime['ephemeral_5m_input_tokens']);
  }
  if (given(value, 'output_tokens')) usage.output = countOf(value['output_tokens']);
  const outputDetails = objectOf(value['output_tokens_details']);
  if (outputDetails !== undefined) usage.reasoning = countOf(outputDetails['thinking_tokens']);
  return usage;
}

function given(value: JsonObject, key: string): boolean {
  return typeof value[key] === 'number';
}

function addLifetimes(written: JsonObject, usage: Usage): void {
  if (usage.cacheWrite1h === 0) return;
  written['cache_creation'] = {
    ephemeral_5m_input_tokens: usage.cacheWrite,
    ephemeral_1h_input_tokens: usage.cacheWrite1h,
  };
}

function addReasoning(written: JsonObject, usage: Usage): void {
  if (usage.reasoning > 0) written['output_tokens_details'] = { thinking_tokens: usage.reasoning };
}

/** Writes the `usage` of a whole answer; zeros where the provider reported none. */
export function writeAnthropicUsage(usage: Usage | undefined): JsonObject {
  const known = usage ?? emptyUsage();
  const written: JsonObject = {
    input_tokens: known.input,
    cache_creation_input_tokens: known.cacheWrite + known.cacheWrite1h,
    cache_read_input_tokens: known.cacheRead,
    output_tokens: known.output,
  };
  addLifetimes(written, known);
  addReasoning(written, known);
  return written;
}

/** Writes the `usage` of a stream's event: cache counts only where a cache was used. */
export function writeAnthropicStreamUsage(usage: Usage | undefined): JsonObject {
  const known = usage ?? emptyUsage();
  const written: JsonObject = { input_tokens: known.input, output_tokens: known.output };
  if (known.cacheRead > 0) written['cache_read_input_tokens'] = known.cacheRead;
  const cacheWrite = known.cacheWrite + known.cacheWrite1h;
  if (cacheWrite > 0) written['cache_creation_input_tokens'] = cacheWrite;
  addLifetimes(written, known);
  addReasoning(written, known);
  return written;
}
