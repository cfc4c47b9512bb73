import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { FinishReason } from '../neutral/response.ts';
import { emptyUsage, inputTotal, type Usage } from '../neutral/usage.ts';
import { countOf } from '../openai/fields.ts';

/** Words of Ollama's own API (https://docs.ollama.com/api). */

/** This API in sentences about what it cannot show. */
export const OLLAMA_ANSWER: AnswerApi = { dialect: 'ollama-chat', title: 'Ollama' };

/** The two forms of the API: turns in `messages`, or one `prompt`. */
export type OllamaForm = 'chat' | 'generate';

/** Request fields with a neutral meaning, of both forms. */
export const REQUEST_FIELDS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'prompt',
  'system',
  'images',
  'tools',
  'format',
  'options',
  'think',
  'stream',
  'logprobs',
  'top_logprobs',
]);

/** Members of `options` with a neutral meaning. */
export const OPTIONS: ReadonlySet<string> = new Set([
  'num_predict',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'frequency_penalty',
  'presence_penalty',
]);

/** Ollama's `done_reason` in the neutral words. `load` and `unload` answer requests without content. */
export function decodeDoneReason(
  word: string | undefined,
  hasCalls: boolean,
): { finishReason: FinishReason; rawFinishReason?: string } {
  if (word === 'length') return { finishReason: 'length' };
  if (hasCalls) return { finishReason: 'tool-calls' };
  if (word === undefined || word === '' || word === 'stop') return { finishReason: 'stop' };
  return { finishReason: 'other', rawFinishReason: word };
}

/** The neutral reason in Ollama's words. */
export function encodeDoneReason(reason: FinishReason): 'stop' | 'length' {
  return reason === 'length' ? 'length' : 'stop';
}

/** Reads the counts of a last object; `undefined` when it has none. A prompt that was cached whole is not counted. */
export function readOllamaUsage(body: JsonObject): Usage | undefined {
  if (body['prompt_eval_count'] === undefined && body['eval_count'] === undefined) return undefined;
  return { ...emptyUsage(), input: countOf(body['prompt_eval_count']), output: countOf(body['eval_count']) };
}

/** Writes the counts. Durations are not known of other APIs. */
export function writeOllamaUsage(usage: Usage | undefined): JsonObject {
  return usage === undefined ? {} : { prompt_eval_count: inputTotal(usage), eval_count: usage.output };
}

/** Unix seconds as `created_at` (RFC 3339). */
export function toTimestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Unix seconds of `created_at`; `undefined` when it is no date. */
export function fromTimestamp(value: JsonValue | undefined): number | undefined {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(milliseconds) ? Math.floor(milliseconds / 1000) : undefined;
}

/** First characters of base64 by media type: Ollama's images are bare bytes. */
const IMAGE_STARTS: readonly (readonly [start: string, mediaType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** The media type of an image in base64; JPEG where its first bytes do not tell. */
export function imageType(data: string): string {
  return IMAGE_STARTS.find(([start]) => data.startsWith(start))?.[1] ?? 'image/jpeg';
}
