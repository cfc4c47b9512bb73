import type { JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext, StreamDecoder, StreamFrame } from '../dialect.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { decodeCalls, messageOf } from './decode-response.ts';
import { readOllamaError } from './errors.ts';
import { decodeDoneReason, fromTimestamp, readOllamaUsage } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** Makes the reader of a streamed answer: one JSON object a line. It is whole with the line that says `done`. */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  let started = false;
  let done = false;
  let nextBlock = 0;
  let called = false;
  let open: { kind: 'text' | 'reasoning'; block: number } | undefined;

  const close = (emit: Emit): void => {
    if (open === undefined) return;
    emit({ type: open.kind === 'text' ? 'text-end' : 'reasoning-end', candidate: 0, block: open.block });
    open = undefined;
  };

  const enter = (kind: 'text' | 'reasoning', emit: Emit): number => {
    if (open?.kind === kind) return open.block;
    close(emit);
    const block = nextBlock++;
    open = { kind, block };
    emit({ type: kind === 'text' ? 'text-start' : 'reasoning-start', candidate: 0, block });
    return block;
  };

  const start = (body: JsonObject, emit: Emit): void => {
    if (started) return;
    started = true;
    const event: NeutralEvent = { type: 'start', id: '', model: textOf(body['model']) ?? '' };
    const created = fromTimestamp(body['created_at']);
    if (created !== undefined) event.created = created;
    emit(event);
  };

  const readMessage = (body: JsonObject, emit: Emit): void => {
    const message = messageOf(body);
    const thought = textOf(message['thinking']) ?? '';
    if (thought !== '') {
      const block = enter('reasoning', emit);
      emit({ type: 'reasoning-delta', candidate: 0, block, text: thought });
    }
    const text = textOf(message['content']) ?? '';
    if (text !== '') {
      const block = enter('text', emit);
      const logprobs = body['logprobs'];
      if (Array.isArray(logprobs)) {
        emit({ type: 'text-delta', candidate: 0, block, text, logprobs: { content: logprobs } });
      } else emit({ type: 'text-delta', candidate: 0, block, text });
    }
    for (const call of decodeCalls(message, context)) {
      close(emit);
      called = true;
      const block = nextBlock++;
      emit({ type: 'tool-call-start', candidate: 0, block, id: call.id, name: call.name });
      emit({ type: 'tool-call-delta', candidate: 0, block, arguments: call.arguments });
      emit({ type: 'tool-call-end', candidate: 0, block });
    }
  };

  return {
    push(frame: StreamFrame, emit: Emit) {
      if (done || frame.data === '') return;
      const body = parseFrame(frame.data);
      if (typeof body['error'] === 'string') {
        done = true;
        emit({ type: 'error', error: readOllamaError(500, body) });
        return;
      }
      start(body, emit);
      readMessage(body, emit);
      if (body['done'] !== true) return;
      close(emit);
      const usage = readOllamaUsage(body);
      if (usage !== undefined) emit({ type: 'usage', usage });
      emit({ type: 'finish', candidate: 0, ...decodeDoneReason(textOf(body['done_reason']), called) });
      done = true;
      emit({ type: 'end' });
    },
    finish(emit: Emit) {
      if (done) return;
      done = true;
      emit({ type: 'error', error: cutStreamError() });
    },
  };
}
