import { parseObject } from '../../json/parse-object.ts';
import type { JsonValue } from '../../json/types.ts';
import type { StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import { countOf, objectOf } from '../openai/fields.ts';
import { readTgiError } from './errors.ts';

/**
 * Reads the token counts of `details`: `input_length` stands in streams, `prefill` in whole answers that list the
 * prompt's tokens; else the server's header `x-prompt-tokens` counts them.
 */
export function readTgiUsage(details: JsonValue | undefined, promptTokens?: string): Usage | undefined {
  const known = objectOf(details);
  const header = promptTokens === undefined || promptTokens === '' ? Number.NaN : Number(promptTokens);
  if (known === undefined && Number.isNaN(header)) return undefined;
  const prefill = known?.['prefill'];
  const listed = Array.isArray(prefill) ? prefill.length : 0;
  const input = countOf(known?.['input_length']) || listed || (Number.isNaN(header) ? 0 : header);
  return { ...emptyUsage(), input, output: countOf(known?.['generated_tokens']) };
}

/** Watches a stream of tokens: only its last event, and errors, are parsed. */
class TokenStreamObserver implements StreamObserver {
  usage: Usage | undefined = undefined;
  readonly model: string | undefined = undefined;
  complete = false;
  error: ProviderError | undefined = undefined;

  frame(_event: string, data: string): void {
    if (data.includes('"finish_reason"')) {
      this.usage = readTgiUsage(parseObject(data)?.['details']) ?? this.usage;
      this.complete = this.error === undefined;
    } else if (data.includes('"error"')) {
      const body = parseObject(data);
      // The word may also stand in a generated token.
      if (typeof body?.['error'] === 'string') this.error ??= readTgiError(body);
    }
  }
}

/** Usage of answers that pass through. TGI names no model. */
export const tgiUsage: UsageDialect = {
  fields: ['details'],
  read: (fields) => ({ usage: readTgiUsage(fields['details']) }),
  createStreamObserver: () => new TokenStreamObserver(),
};
