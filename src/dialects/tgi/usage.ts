import { parseObject } from '../../json/parse-object.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { emptyUsage, type Usage } from '../neutral/usage.ts';
import { countOf, objectOf } from '../openai/fields.ts';
import { readTgiError } from './errors.ts';

/** A response header by lower-case name. */
type HeaderReader = (name: string) => string | undefined;

/** The count in a header; `undefined` where it holds none. */
function headerCount(header: HeaderReader | undefined, name: string): number | undefined {
  const text = header?.(name) ?? '';
  const count = text === '' ? Number.NaN : Number(text);
  return Number.isInteger(count) && count >= 0 ? count : undefined;
}

/**
 * Reads the token counts of `details`: `input_length` stands in streams, `prefill` in whole answers that list the
 * prompt's tokens; else the server's header `x-prompt-tokens` counts them. `x-generated-tokens` counts the answer of
 * those who asked for no details.
 */
export function readTgiUsage(details: JsonValue | undefined, header?: HeaderReader): Usage | undefined {
  const known = objectOf(details);
  const prompt = headerCount(header, 'x-prompt-tokens');
  if (known === undefined && prompt === undefined) return undefined;
  const prefill = known?.['prefill'];
  const listed = Array.isArray(prefill) ? prefill.length : 0;
  const input = countOf(known?.['input_length']) || listed || (prompt ?? 0);
  const output = countOf(known?.['generated_tokens']) || (headerCount(header, 'x-generated-tokens') ?? 0);
  return { ...emptyUsage(), input, output };
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

/** Usage of answers that pass through; the headers, where they are given, know the counts too. TGI names no model. */
export const tgiUsage = {
  fields: ['details'],
  read: (fields: JsonObject, header?: HeaderReader): ObservedAnswer => ({
    usage: readTgiUsage(fields['details'], header),
  }),
  createStreamObserver: (): StreamObserver => new TokenStreamObserver(),
} satisfies UsageDialect;
