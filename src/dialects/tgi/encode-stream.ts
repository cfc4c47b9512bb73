import type { JsonObject } from '../../json/types.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import {
  warnOfLostEvent,
  warnOfLostFinish,
  warnOfLostLogprobs,
  warnOfLostMarks,
  warnOfLostPart,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { FinishReason } from '../neutral/response.ts';
import { inputTotal, type Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { tgiErrors } from './errors.ts';
import { encodeFinishReason, shownTokens, TGI_ANSWER } from './wire.ts';

/**
 * Makes the writer of a stream of tokens: pieces of text where the provider shows no tokens, whose ids other APIs do not
 * know. The last event has an empty special token, which clients read over, and repeats the whole text.
 */
export function createStreamEncoder({ warn }: ResponseContext): StreamEncoder {
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

  const write = (piece: string, logprobs?: JsonObject): string => {
    if (piece === '') return '';
    text += piece;
    const unfinished = { generated_text: null, details: null };
    const tokens = shownTokens(logprobs);
    if (tokens.length > 0 && tokens.map(({ token }) => token.text).join('') === piece) {
      return tokens
        .map(({ token, alternatives }) => event(token, { top_tokens: alternatives, ...unfinished }))
        .join('');
    }
    warnOfLostLogprobs(logprobs, TGI_ANSWER, warn);
    return event({ text: piece, special: false }, unfinished);
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
      if ('candidate' in next && next.candidate !== 0) {
        warnOfMoreCandidates(TGI_ANSWER, warn);
        return '';
      }
      switch (next.type) {
        case 'text-delta':
          return write(next.text, next.logprobs);
        case 'refusal-delta':
          return write(next.text);
        case 'text-end':
          warnOfLostMarks(next, { api: TGI_ANSWER, shown: false }, warn);
          return '';
        case 'reasoning-start':
          warnOfLostPart({ type: 'reasoning', text: '' }, TGI_ANSWER, warn);
          return '';
        case 'tool-call-start':
          warnOfLostPart({ type: 'tool-call', id: next.id, name: next.name, arguments: '' }, TGI_ANSWER, warn);
          return '';
        case 'opaque':
          warnOfLostEvent(next, TGI_ANSWER, warn);
          return '';
        case 'finish':
          reason = next.finishReason;
          warnOfLostFinish(next, encodeFinishReason(reason), warn);
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
        case 'reasoning-delta':
        case 'reasoning-end':
        case 'tool-call-delta':
        case 'tool-call-end':
          return '';
        default:
          return next satisfies never;
      }
    },
  };
}
