import type { StreamDecoder, StreamFrame } from '../dialect.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { readTgiError } from './errors.ts';
import { readTgiUsage } from './usage.ts';
import { decodeFinishReason, tokenLogprob } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** Makes the reader of a stream of tokens. The answer is whole with the event that carries `generated_text`. */
export function createStreamDecoder(): StreamDecoder {
  let started = false;
  let done = false;

  return {
    push(frame: StreamFrame, emit: Emit) {
      if (done || frame.data === '' || frame.data.trim() === '[DONE]') return;
      const body = parseFrame(frame.data);
      if (typeof body['error'] === 'string') {
        done = true;
        emit({ type: 'error', error: readTgiError(body) });
        return;
      }
      if (!started) {
        started = true;
        emit({ type: 'start', id: '', model: '' });
        emit({ type: 'text-start', candidate: 0, block: 0 });
      }
      const token = objectOf(body['token']);
      const text = textOf(token?.['text']) ?? '';
      // Special tokens, such as the end of the text, are no part of it.
      if (text !== '' && token?.['special'] !== true) {
        const logprob = tokenLogprob(token, body['top_tokens']);
        if (logprob === undefined) emit({ type: 'text-delta', candidate: 0, block: 0, text });
        else emit({ type: 'text-delta', candidate: 0, block: 0, text, logprobs: { content: [logprob] } });
      }
      const details = objectOf(body['details']);
      if (details === undefined && textOf(body['generated_text']) === undefined) return;
      done = true;
      emit({ type: 'text-end', candidate: 0, block: 0 });
      const usage = readTgiUsage(details);
      if (usage !== undefined) emit({ type: 'usage', usage });
      emit({ type: 'finish', candidate: 0, ...decodeFinishReason(textOf(details?.['finish_reason'])) });
      emit({ type: 'end' });
    },
    finish(emit: Emit) {
      if (done) return;
      done = true;
      emit({ type: 'error', error: cutStreamError() });
    },
  };
}
