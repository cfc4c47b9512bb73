import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder } from '../dialect.ts';
import type { NeutralEvent, ProviderError } from '../neutral/response.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { decodeFinish } from './decode-response.ts';
import { readAnswerError } from './errors.ts';
import {
  type BlockNumbers,
  createCallReader,
  createMessageReader,
  createOpaqueReader,
  createReasoningReader,
  type ItemReader,
} from './item-reader.ts';
import { readResponsesUsage } from './token-counts.ts';

type Emit = (event: NeutralEvent) => void;

/** The kind of item that an event belongs to, for servers that send it without announcing the item. */
function impliedItem(type: string): string | undefined {
  if (type.startsWith('response.output_text.') || type.startsWith('response.refusal.')) return 'message';
  if (type.startsWith('response.reasoning_')) return 'reasoning';
  return undefined;
}

/** Makes the reader of a streamed response. It is whole once its last event came: completed, incomplete or failed. */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const items = new Map<number, ItemReader>();
  const blocks: BlockNumbers = { next: 0 };
  let started = false;
  let done = false;
  let hasCalls = false;

  const start = (response: JsonObject, emit: Emit): void => {
    if (started) return;
    started = true;
    const event: NeutralEvent = {
      type: 'start',
      id: textOf(response['id']) ?? '',
      model: textOf(response['model']) ?? '',
    };
    const created = response['created_at'];
    if (typeof created === 'number' && created > 0) event.created = Math.floor(created);
    const tier = textOf(response['service_tier']);
    if (tier !== undefined) event.serviceTier = tier;
    emit(event);
  };

  const add = (index: number, item: JsonObject, emit: Emit): ItemReader => {
    let reader = items.get(index);
    if (reader !== undefined) return reader;
    start({}, emit);
    const type = item['type'];
    if (type === 'message') reader = createMessageReader(item, blocks);
    else if (type === 'reasoning') reader = createReasoningReader(item, blocks, emit);
    else if (type === 'function_call' || type === 'custom_tool_call') {
      hasCalls = true;
      reader = createCallReader(item, { blocks, context, emit });
    } else reader = createOpaqueReader(item, blocks);
    items.set(index, reader);
    return reader;
  };

  const fail = (error: ProviderError, emit: Emit): void => {
    done = true;
    emit({ type: 'error', error });
  };

  const complete = (response: JsonObject, emit: Emit): void => {
    done = true;
    start(response, emit);
    const output = Array.isArray(response['output']) ? response['output'].filter(isObject) : [];
    // Some servers send short answers in the last event alone.
    const alone = items.size === 0;
    if (alone) for (const [index, item] of output.entries()) add(index, item, emit).close(item, emit);
    for (const reader of items.values()) reader.close(undefined, emit);
    const usage = readResponsesUsage(response['usage']);
    if (usage !== undefined) emit({ type: 'usage', usage });
    emit({ type: 'finish', candidate: 0, ...decodeFinish(response, hasCalls) });
    emit({ type: 'end' });
  };

  const readItemEvent = (type: string, body: JsonObject, emit: Emit): void => {
    const index = typeof body['output_index'] === 'number' ? body['output_index'] : Math.max(0, items.size - 1);
    const item = objectOf(body['item']);
    if (type === 'response.output_item.added') {
      if (item !== undefined) add(index, item, emit);
    } else if (type === 'response.output_item.done') {
      if (item !== undefined) add(index, item, emit).close(item, emit);
    } else {
      const implied = impliedItem(type);
      const reader = items.get(index) ?? (implied === undefined ? undefined : add(index, { type: implied }, emit));
      reader?.read(type, body, emit);
    }
  };

  return {
    push(frame, emit) {
      if (done || frame.data === '' || frame.data === '[DONE]') return;
      const body = parseFrame(frame.data);
      const type = textOf(body['type']) ?? frame.event;
      const response = objectOf(body['response']) ?? {};
      switch (type) {
        case 'response.created':
        case 'response.in_progress':
        case 'response.queued':
          start(response, emit);
          return;
        case 'response.completed':
        case 'response.incomplete':
          complete(type === 'response.incomplete' ? { ...response, status: 'incomplete' } : response, emit);
          return;
        case 'response.failed':
          fail(readAnswerError(objectOf(response['error']) ?? { message: 'The response failed.' }), emit);
          return;
        case 'error':
          fail(readAnswerError(body), emit);
          return;
        case 'keepalive':
          emit({ type: 'ping' });
          return;
        default:
          if (type.startsWith('response.')) readItemEvent(type, body, emit);
          else if (objectOf(body['error']) !== undefined) fail(readAnswerError(body), emit);
      }
    },
    finish(emit) {
      if (done) return;
      fail(cutStreamError(), emit);
    },
  };
}
