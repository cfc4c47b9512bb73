import type { JsonObject } from '../../json/types.ts';
import type { ClientDialect, ResponseContext, StreamEncoder } from '../dialect.ts';
import {
  warnOfLostEvent,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostTokens,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { FinishReason } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { encodeCall } from './encode-response.ts';
import { ollamaErrors } from './errors.ts';
import { encodeDoneReason, OLLAMA_ANSWER, type OllamaForm, toTimestamp, writeOllamaUsage } from './wire.ts';

/** Makes the writer of streamed answers of `POST /api/chat` or `/api/generate`. They have one: the first candidate. */
export function createStreamEncoderOf(form: OllamaForm): ClientDialect['createStreamEncoder'] {
  return (context) => createEncoder(form, context);
}

function createEncoder(form: OllamaForm, context: ResponseContext): StreamEncoder {
  /** Calls that have not ended: the API writes each in one line. */
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  const { warn } = context;
  let model = context.requestModel;
  let created = context.created;
  let callCount = 0;
  let ended = false;
  let reason: FinishReason = 'stop';
  let usage: Usage | undefined;

  const line = (content: JsonObject, rest: JsonObject): string => {
    const said: JsonObject =
      form === 'chat' ? { message: { role: 'assistant', content: '', ...content } } : { response: '', ...content };
    return `${JSON.stringify({ model, created_at: toTimestamp(created), ...said, ...rest })}\n`;
  };

  const delta = (content: JsonObject, logprobs?: JsonObject): string => {
    const list = logprobs?.['content'];
    return line(content, { done: false, ...(Array.isArray(list) ? { logprobs: list } : {}) });
  };

  const text = (value: string, logprobs?: JsonObject): string =>
    delta(form === 'chat' ? { content: value } : { response: value }, logprobs);

  const endCall = (block: number): string => {
    const call = calls.get(block);
    if (call === undefined) return '';
    calls.delete(block);
    return delta({ tool_calls: [encodeCall(call, callCount++, warn)] });
  };

  const end = (): string => {
    ended = true;
    const last = { done: true, done_reason: encodeDoneReason(reason), ...writeOllamaUsage(usage) };
    return [...calls.keys()].map(endCall).join('') + line({}, last);
  };

  return {
    push(event) {
      if (ended) return '';
      if ('candidate' in event && event.candidate !== 0) {
        warnOfMoreCandidates(OLLAMA_ANSWER, warn);
        return '';
      }
      switch (event.type) {
        case 'start':
          if (event.model !== '') model = event.model;
          created = event.created ?? created;
          return '';
        case 'text-delta':
          return text(event.text, event.logprobs);
        case 'refusal-delta':
          return text(event.text);
        case 'reasoning-delta':
          return delta({ thinking: event.text });
        case 'reasoning-end':
          warnOfLostTokens(event, OLLAMA_ANSWER, warn);
          return '';
        case 'tool-call-start':
          warnOfLostTokens(event, OLLAMA_ANSWER, warn);
          calls.set(event.block, { id: event.id, name: event.name, arguments: '' });
          return '';
        case 'tool-call-delta': {
          const call = calls.get(event.block);
          if (call !== undefined) call.arguments += event.arguments;
          return '';
        }
        case 'tool-call-end':
          return endCall(event.block);
        case 'finish':
          reason = event.finishReason;
          warnOfLostFinish(event, encodeDoneReason(reason), warn);
          return '';
        case 'usage':
          usage = event.usage;
          return '';
        case 'error':
          ended = true;
          return ollamaErrors.encodeInStream(toErrorAnswer(event.error));
        case 'end':
          return end();
        case 'text-end':
          warnOfLostMarks(event, { api: OLLAMA_ANSWER, shown: false }, warn);
          return '';
        case 'opaque':
          warnOfLostEvent(event, OLLAMA_ANSWER, warn);
          return '';
        case 'text-start':
        case 'reasoning-start':
        case 'ping':
          // The API has no words for these: blocks have no ends in it, and blank lines are not for every client.
          return '';
        default:
          return event satisfies never;
      }
    },
  };
}
