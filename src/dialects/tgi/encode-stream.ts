import type { JsonObject } from '../../json/types.ts';
import type { StreamEncoder } from '../dialect.ts';
import type { FinishReason } from '../neutral/response.ts';
import { inputTotal, type Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { tgiErrors } from './errors.ts';
import { encodeFinishReason } from './wire.ts';

/**
 * Makes the writer of a stream of tokens. Token ids and probabilities are not known of other APIs. The last event has
 * an empty special token, which clients read over, and repeats the whole text.
 */
export function createStreamEncoder(): StreamEncoder {
  let text = '';
  let index = 0;
  let ended = false;
  let reason: FinishReason = 'stop';
  let usage: Usage | undefined;

  const event = (token: JsonObject, fields: JsonObject): string => {
    index++;
    const body: JsonObject = { index, token: { id: 0, logprob: null, ...token }, ...fields };
    return `data: ${JSON.stringify(body)}\n\n`;
  };

  const write = (piece: string): string => {
    if (piece === '') return '';
    text += piece;
    return event({ text: piece, special: false }, { generated_text: null, details: null });
  };

  const end = (): string => {
    ended = true;
    const details: JsonObject = {
      finish_reason: encodeFinishReason(reason),
      generated_tokens: usage?.output ?? 0,
      input_length: usage === undefined ? 0 : inputTotal(usage),
      seed: null,
    };
    return event({ text: '', special: true }, { generated_text: text, details });
  };

  return {
    push(next) {
      if (ended) return '';
      switch (next.type) {
        case 'text-delta':
        case 'refusal-delta':
          return next.candidate === 0 ? write(next.text) : '';
        case 'finish':
          if (next.candidate === 0) reason = next.finishReason;
          return '';
        case 'usage':
          usage = next.usage;
          return '';
        case 'error':
          ended = true;
          return tgiErrors.encodeInStream(toErrorAnswer(next.error));
        case 'end':
          return end();
        case 'start':
        case 'ping':
        case 'text-start':
        case 'text-end':
        case 'reasoning-start':
        case 'reasoning-delta':
        case 'reasoning-end':
        case 'tool-call-start':
        case 'tool-call-delta':
        case 'tool-call-end':
        case 'opaque':
          // The API streams text alone; its clients can neither ask for thoughts nor for tools.
          return '';
        default:
          return next satisfies never;
      }
    },
  };
}
