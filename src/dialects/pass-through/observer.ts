import { parseObject } from '../../json/parse-object.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { StreamObserver } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import type { UsedUnits } from '../neutral/units.ts';
import type { Usage } from '../neutral/usage.ts';
import { countOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function readError(data: JsonObject): ProviderError | undefined {
  const error = isObject(data['error']) ? data['error'] : data['type'] === 'error' ? data : undefined;
  if (error === undefined) return undefined;
  return {
    status: 502,
    type: text(error['type'], 'api_error'),
    message: text(error['message'], 'The provider ended the stream with an error.'),
  };
}

/**
 * Watches a stream of one of OpenAI's APIs for its usage, its end and errors. Frames without
 * one of these words in them are not parsed.
 */
export class OpenAiStreamObserver implements StreamObserver {
  usage: Usage | undefined;
  units: UsedUnits | undefined;
  model: string | undefined;
  complete = false;
  error: ProviderError | undefined;
  readonly #finalTypes: readonly string[];
  readonly #markers: readonly string[];

  /** `finalTypes` are the `type`s of events that end a whole answer; `[DONE]` always does. */
  constructor(finalTypes: readonly string[]) {
    this.#finalTypes = finalTypes;
    this.#markers = finalTypes.map((type) => `"${type}"`);
  }

  frame(event: string, data: string): void {
    if (data === '[DONE]') {
      this.complete = true;
      return;
    }
    const final = this.#finalTypes.includes(event) || this.#markers.some((marker) => data.includes(marker));
    if (!final && !data.includes('"error"') && !data.includes('"usage":{') && !data.includes('"usage": {')) return;
    const body = parseObject(data);
    if (body === undefined) return;
    const answer = isObject(body['response']) ? body['response'] : body;
    this.usage = readOpenAiUsage(answer['usage']) ?? this.usage;
    const seconds = isObject(answer['usage']) ? countOf(answer['usage']['seconds']) : 0;
    if (seconds > 0) this.units = { audioSeconds: seconds };
    if (typeof answer['model'] === 'string') this.model = answer['model'];
    if (final) this.complete = true;
    else this.error ??= readError(body);
  }
}
