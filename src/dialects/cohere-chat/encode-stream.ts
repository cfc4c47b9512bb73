import type { JsonObject, JsonValue } from '../../json/types.ts';
import { cohereErrors } from '../cohere/errors.ts';
import { writeCohereUsage } from '../cohere/usage.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import {
  warnOfLostEvent,
  warnOfLostFinish,
  warnOfLostMarks,
  warnOfLostTokens,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { writeCitations } from './citations.ts';
import { encodeFinishReason } from './finish-reason.ts';
import { encodeLogprobs } from './logprobs.ts';
import { COHERE, COHERE_ANSWER, citationsOf } from './wire.ts';

/** One event of the stream; `fields` follow its type. */
function sse(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const START_MESSAGE: JsonObject = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };

/** Makes the writer of a streamed answer. It has one: the first candidate. */
export function createStreamEncoder(context: ResponseContext): StreamEncoder {
  /** Index in `content` and length so far by neutral block, for blocks that are open. */
  const contents = new Map<number, { index: number; length: number }>();
  /** Index in `tool_calls` by neutral block. */
  const calls = new Map<number, number>();
  let contentCount = 0;
  let citationCount = 0;
  let started = false;
  let ended = false;
  let usage: Usage | undefined;
  let reason = encodeFinishReason('stop', undefined);

  const start = (id: string): string => {
    if (started) return '';
    started = true;
    return sse('message-start', {
      id: id === '' ? context.newId('') : id,
      delta: { message: START_MESSAGE },
    });
  };

  const openContent = (block: number, field: 'text' | 'thinking'): string => {
    if (contents.has(block)) return '';
    const index = contentCount++;
    contents.set(block, { index, length: 0 });
    return sse('content-start', { index, delta: { message: { content: { type: field, [field]: '' } } } });
  };

  const contentDelta = (block: number, field: 'text' | 'thinking', value: { text: string; logprobs?: JsonObject }) => {
    const opened = openContent(block, field);
    const content = contents.get(block);
    if (content !== undefined) content.length += value.text.length;
    const index = content?.index ?? 0;
    const fields: JsonObject = { index, delta: { message: { content: { [field]: value.text } } } };
    const [logprobs] = encodeLogprobs(value.logprobs);
    if (logprobs !== undefined) fields['logprobs'] = logprobs;
    return opened + sse('content-delta', fields);
  };

  const cite = (citations: readonly JsonValue[]): string =>
    citations
      .map((citation) => {
        const index = citationCount++;
        const message: JsonObject = { citations: citation };
        return sse('citation-start', { index, delta: { message } }) + sse('citation-end', { index });
      })
      .join('');

  const endContent = (block: number, citations: readonly JsonValue[]): string => {
    const index = contents.get(block)?.index;
    if (index === undefined) return '';
    contents.delete(block);
    return cite(citations) + sse('content-end', { index });
  };

  const startCall = (event: NeutralEvent & { type: 'tool-call-start' }): string => {
    const index = calls.size;
    calls.set(event.block, index);
    const call: JsonObject = { id: event.id, type: 'function', function: { name: event.name, arguments: '' } };
    return sse('tool-call-start', { index, delta: { message: { tool_calls: call } } });
  };

  const addArguments = (block: number, text: string): string => {
    if (text === '') return '';
    const delta: JsonObject = { message: { tool_calls: { function: { arguments: text } } } };
    return sse('tool-call-delta', { index: calls.get(block) ?? 0, delta });
  };

  const closeContents = (): string => [...contents.keys()].map((block) => endContent(block, [])).join('');

  const end = (): string => {
    ended = true;
    const delta: JsonObject = { finish_reason: reason };
    if (usage !== undefined) delta['usage'] = writeCohereUsage(usage);
    return `${start('')}${closeContents()}${sse('message-end', { delta })}data: [DONE]\n\n`;
  };

  const write = (event: Extract<NeutralEvent, { candidate: number }>): string => {
    switch (event.type) {
      case 'text-start':
        return openContent(event.block, 'text');
      case 'text-delta':
        return contentDelta(event.block, 'text', event);
      case 'refusal-delta':
        return contentDelta(event.block, 'text', event);
      case 'text-end': {
        warnOfLostMarks(event, { api: COHERE_ANSWER, shown: true }, context.warn);
        const content = contents.get(event.block);
        const own = event.origin?.dialect === COHERE || content === undefined;
        const to = { contentIndex: content?.index ?? 0, length: content?.length ?? 0 };
        return endContent(event.block, own ? citationsOf(event.origin) : writeCitations(event.citations, to));
      }
      case 'reasoning-start':
        // Waits for its first text: an encrypted thought has none.
        return '';
      case 'reasoning-delta':
        return contentDelta(event.block, 'thinking', event);
      case 'reasoning-end':
        warnOfLostTokens(event, COHERE_ANSWER, context.warn);
        return endContent(event.block, citationsOf(event.origin));
      case 'tool-call-start':
        warnOfLostTokens(event, COHERE_ANSWER, context.warn);
        return startCall(event);
      case 'tool-call-delta':
        return addArguments(event.block, event.arguments);
      case 'tool-call-end':
        return sse('tool-call-end', { index: calls.get(event.block) ?? 0 });
      case 'opaque':
        warnOfLostEvent(event, COHERE_ANSWER, context.warn);
        return '';
      case 'finish':
        reason = encodeFinishReason(event.finishReason, event.rawFinishReason);
        warnOfLostFinish(event, reason, context.warn);
        return closeContents();
      default:
        return event satisfies never;
    }
  };

  return {
    push(event) {
      if (ended) return '';
      switch (event.type) {
        case 'start':
          return start(event.id);
        case 'usage':
          usage = event.usage;
          return '';
        case 'ping':
          // Not every client of this API reads past comments.
          return '';
        case 'error':
          ended = true;
          return cohereErrors.encodeInStream(toErrorAnswer(event.error));
        case 'end':
          return end();
        default:
          if (event.candidate === 0) return start('') + write(event);
          warnOfMoreCandidates(COHERE_ANSWER, context.warn);
          return '';
      }
    },
  };
}
