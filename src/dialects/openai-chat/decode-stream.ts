import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder, StreamFrame } from '../dialect.ts';
import type { NeutralEvent, ProviderError } from '../neutral/response.ts';
import { readOpenAiErrorBody } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { readOpenAiUsage } from '../openai/usage.ts';
import { ChoiceReader } from './choice-reader.ts';

type Emit = (event: NeutralEvent) => void;

/** The HTTP status an error inside a stream would have had, from its numeric code or its type. */
function statusOfStreamError(body: JsonObject): number {
  const inner = objectOf(body['error']) ?? body;
  const code = Number(inner['code'] ?? inner['status'] ?? Number.NaN);
  if (Number.isInteger(code) && code >= 400 && code <= 599) return code;
  const words = `${textOf(inner['type']) ?? ''} ${textOf(inner['code']) ?? ''}`;
  if (words.includes('rate_limit')) return 429;
  if (words.includes('overloaded')) return 503;
  if (words.includes('invalid_request')) return 400;
  if (words.includes('server_error')) return 500;
  return 502;
}

/** The error a chunk carries: OpenAI's `{error}`, or vLLM's `{object: "error", message}`. */
export function readStreamError(body: JsonObject): ProviderError | undefined {
  const error = body['error'];
  const named = isObject(error) || (typeof error === 'string' && error !== '');
  if (!named && body['object'] !== 'error') return undefined;
  return readOpenAiErrorBody(statusOfStreamError(body), body);
}

/**
 * Makes the reader of a streamed chat completion, from OpenAI or a server that speaks its API. An
 * answer is whole once `[DONE]` came, or once every choice seen has its finish reason.
 */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const choices = new Map<number, ChoiceReader>();
  let started = false;
  let done = false;

  const start = (body: JsonObject, emit: Emit): void => {
    started = true;
    const event: NeutralEvent = {
      type: 'start',
      id: textOf(body['id']) ?? '',
      model: textOf(body['model']) ?? '',
    };
    if (typeof body['created'] === 'number' && body['created'] > 0) event.created = body['created'];
    const tier = textOf(body['service_tier']);
    if (tier !== undefined) event.serviceTier = tier;
    emit(event);
  };

  const readChoice = (choice: JsonObject, emit: Emit): void => {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    let reader = choices.get(index);
    if (reader === undefined) {
      reader = new ChoiceReader(index, context);
      choices.set(index, reader);
    }
    reader.read(choice, emit);
  };

  const fail = (error: ProviderError, emit: Emit): void => {
    done = true;
    emit({ type: 'error', error });
  };

  const complete = (emit: Emit): void => {
    done = true;
    for (const reader of choices.values()) reader.finish(undefined, emit);
    emit({ type: 'end' });
  };

  return {
    push(frame: StreamFrame, emit: Emit) {
      if (done || frame.data === '') return;
      if (frame.data === '[DONE]' || frame.data.trim() === '[DONE]') {
        if (started) complete(emit);
        else fail(cutStreamError(), emit);
        return;
      }
      const body = parseFrame(frame.data);
      const error = readStreamError(body);
      if (error !== undefined) {
        fail(error, emit);
        return;
      }
      const list: JsonValue = Array.isArray(body['choices']) ? body['choices'] : [];
      // Azure's first chunk holds prompt filter results only, without id and model.
      if (!started && list.length > 0) start(body, emit);
      for (const choice of list) {
        if (isObject(choice)) readChoice(choice, emit);
      }
      const usage = readOpenAiUsage(body['usage'] ?? objectOf(body['x_groq'])?.['usage']);
      if (usage !== undefined) emit({ type: 'usage', usage });
    },
    finish(emit: Emit) {
      if (done) return;
      const readers = [...choices.values()];
      if (readers.length > 0 && readers.every((reader) => reader.finished)) complete(emit);
      else fail(cutStreamError(), emit);
    },
  };
}
