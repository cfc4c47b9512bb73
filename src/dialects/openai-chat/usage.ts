import { parseObject } from '../../json/parse-object.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ObservedAnswer, StreamObserver, UsageDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { textOf } from '../openai/fields.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { readStreamError } from './decode-stream.ts';

const SPACE = 32;
const LETTER_N = 110;
const QUOTE = 34;

/** The code of the first character after `from` that is no space. */
function valueStart(data: string, from: number): number {
  let at = from;
  while (data.charCodeAt(at) === SPACE) at++;
  return at;
}

/** A field's name in JSON text, cut for the search: its first letter or two, and the rest with closing quote and colon. */
interface SoughtField {
  /** With the opening quote. */
  readonly head: string;
  readonly rest: string;
}

const USAGE: SoughtField = { head: '"', rest: 'usage":' };
const ERROR: SoughtField = { head: '"e', rest: 'rror":' };
const FINISH_REASON: SoughtField = { head: '"', rest: 'finish_reason":' };

/**
 * Whether the frame has this field with a value other than null. What is searched for begins with a letter that is rare in
 * a chunk: the search stops at each of them, and JSON is full of quotes and of the letter e.
 */
function hasValue(data: string, { head, rest }: SoughtField): boolean {
  let found = data.indexOf(rest);
  while (found > 0 && !data.startsWith(head, found - head.length)) found = data.indexOf(rest, found + 1);
  return found > 0 && data.charCodeAt(valueStart(data, found + rest.length)) !== LETTER_N;
}

/** The model in a chunk, found without parsing it: the first `"model":"…"` without escapes. */
function findModel(data: string): string | undefined {
  const found = data.indexOf('"model":');
  if (found < 0) return undefined;
  const start = valueStart(data, found + 8);
  if (data.charCodeAt(start) !== QUOTE) return undefined;
  const end = data.indexOf('"', start + 1);
  const name = data.slice(start + 1, end);
  return end < 0 || name === '' || name.includes('\\') ? undefined : name;
}

/**
 * Watches a chat completions stream. Runs on every chunk: ordinary ones cost two substring searches
 * and are never parsed.
 */
class ChatStreamObserver implements StreamObserver {
  usage: Usage | undefined;
  model: string | undefined;
  error: ProviderError | undefined;
  serviceTier: string | undefined;
  #done = false;
  /** The latest frames, looked into only when a stream ended without `[DONE]`. */
  #last = '';
  #beforeLast = '';

  frame(_event: string, data: string): void {
    if (data.length < 16) {
      if (data.trim() === '[DONE]') this.#done = true;
      return;
    }
    this.#beforeLast = this.#last;
    this.#last = data;
    if (this.model === undefined) this.model = findModel(data);
    if (hasValue(data, USAGE)) {
      const body = parseObject(data);
      const nested = isObject(body?.['x_groq']) ? body['x_groq']['usage'] : undefined;
      this.usage = readOpenAiUsage(body?.['usage'] ?? nested) ?? this.usage;
      this.serviceTier = textOf(body?.['service_tier']) ?? this.serviceTier;
    }
    if (hasValue(data, ERROR) || data.startsWith('{"object":"error"')) {
      const body = parseObject(data);
      if (body !== undefined) this.error ??= readStreamError(body);
    }
  }

  get complete(): boolean {
    if (this.error !== undefined) return false;
    return this.#done || hasValue(this.#last, FINISH_REASON) || hasValue(this.#beforeLast, FINISH_REASON);
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Whether a choice of a chunk says no more than who speaks. */
function isOpening(choice: unknown): boolean {
  if (!isObject(choice) || !isEmpty(choice['finish_reason'])) return false;
  const delta = choice['delta'];
  return isObject(delta) && Object.keys(delta).every((name) => name === 'role' || isEmpty(delta[name]));
}

/** The role chunk, Azure's first chunk without choices, and the mark that ends every stream. */
function isPreamble(_event: string, data: string): boolean {
  if (data.trim() === '[DONE]') return true;
  const choices = parseObject(data)?.['choices'];
  return Array.isArray(choices) && choices.every(isOpening);
}

function read(fields: JsonObject): ObservedAnswer {
  return {
    usage: readOpenAiUsage(fields['usage']),
    model: textOf(fields['model']),
    serviceTier: textOf(fields['service_tier']),
  };
}

/** Usage of chat completions that pass through. */
export const chatUsage: UsageDialect = {
  fields: ['usage', 'model', 'service_tier'],
  read,
  createStreamObserver: () => new ChatStreamObserver(),
  isPreamble,
};
