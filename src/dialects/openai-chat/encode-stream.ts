import type { JsonObject, JsonValue } from '../../json/types.ts';
import { quoteJson } from '../../json/write-json.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import { warnOfLostEvent, warnOfLostFinish, warnOfLostMarks } from '../neutral/answer-losses.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { openaiErrors, toErrorAnswer } from '../openai/errors.ts';
import { encodeFinishReason } from '../openai/finish-reason.ts';
import { writeOpenAiUsage } from '../openai/usage.ts';
import { annotationsOf } from './annotations.ts';
import { answerShape, CHAT_ANSWER } from './answer-shape.ts';
import { encodeServiceTier, sealForClient } from './encode-response.ts';
import { encodeAnswerImage } from './images.ts';
import { messageFieldsOf, signatureExtra } from './wire.ts';

/** What is known of one choice while it is written. */
interface Choice {
  /** What its chunks begin with, up to the opening brace of the delta. */
  opening: string;
  roleSent: boolean;
  /** `tool_calls` index by neutral block. */
  toolIndex: Map<number, number>;
  /** Thought so far by neutral block: its proof is sent beside the whole text. */
  thoughts: Map<number, string>;
  /** Length of the content so far, and where the open text block began. */
  textLength: number;
  textStart: number;
}

function newChoice(opening: string): Choice {
  return { opening, roleSent: false, toolIndex: new Map(), thoughts: new Map(), textLength: 0, textStart: 0 };
}

/** The start of a delta: the role once, or in every chunk where the shape repeats it; ends ready for the next field. */
type DeltaHead = (choice: Choice) => string;

const ROLE_HEAD = '"role":"assistant"';

function plainHead(choice: Choice): string {
  if (choice.roleSent) return '';
  choice.roleSent = true;
  return ROLE_HEAD;
}

/** Makes the writer of a streamed chat completion: one text for each event that says something. */
export function createStreamEncoder(context: ResponseContext): StreamEncoder {
  const shape = answerShape(context);
  const head: DeltaHead = shape.fullChunks ? () => ROLE_HEAD : plainHead;
  const choices = new Map<number, Choice>();
  /** The first choice, as most answers have one. */
  let first: Choice | undefined;
  let usage: Usage | undefined;
  // `data: {"id":…,"model":…` up to and with the comma before `choices`.
  let envelope = '';
  let ended = false;

  const open = (id: string, model: string, fields: { created?: number; serviceTier?: string }): void => {
    const tier = encodeServiceTier(fields.serviceTier);
    const top: JsonObject = {
      id: id === '' ? context.newId('chatcmpl-') : id,
      object: 'chat.completion.chunk',
      created: fields.created ?? context.created,
      model: model === '' ? context.requestModel : model,
    };
    if (tier !== undefined) top['service_tier'] = tier;
    envelope = `data: ${JSON.stringify(top).slice(0, -1)},`;
  };

  const choiceOf = (candidate: number): Choice => {
    if (candidate === 0 && first !== undefined) return first;
    if (envelope === '') open('', '', {});
    let choice = choices.get(candidate);
    if (choice === undefined) {
      choice = newChoice(`${envelope}"choices":[{"index":${candidate},"delta":{`);
      choices.set(candidate, choice);
    }
    if (candidate === 0) first = choice;
    return choice;
  };

  /** One chunk; `fields` is the inside of the delta without the role, `tail` what follows the delta. */
  const chunk = (candidate: number, fields: string, tail = ''): string => {
    const choice = choiceOf(candidate);
    const start = head(choice);
    const comma = start !== '' && fields !== '' ? ',' : '';
    return `${choice.opening}${start}${comma}${fields}}${tail}}]}\n\n`;
  };

  const toolDelta = (candidate: number, block: number, text: string): string => {
    const index = choiceOf(candidate).toolIndex.get(block) ?? 0;
    const call = shape.fullChunks
      ? `{"index":${index},"id":null,"type":"function","function":{"name":"","arguments":${JSON.stringify(text)}}}`
      : `{"index":${index},"function":{"arguments":${JSON.stringify(text)}}}`;
    return chunk(candidate, `"tool_calls":[${call}]`);
  };

  const toolStart = (event: NeutralEvent & { type: 'tool-call-start' }): string => {
    const { toolIndex } = choiceOf(event.candidate);
    const index = toolIndex.size;
    toolIndex.set(event.block, index);
    const call: JsonObject = { index, id: event.id, type: 'function', function: { name: event.name, arguments: '' } };
    if (event.signature !== undefined) call['extra_content'] = signatureExtra(event.signature);
    return chunk(event.candidate, `"tool_calls":[${JSON.stringify(call)}]`);
  };

  const reasoningEnd = (event: NeutralEvent & { type: 'reasoning-end' }): string => {
    const { thoughts } = choiceOf(event.candidate);
    const text = thoughts.get(event.block) ?? '';
    thoughts.delete(event.block);
    const { signature, encrypted } = sealForClient({ ...event, type: 'reasoning', text }, context.providerDialect);
    const blocks: JsonValue[] = [];
    if (signature !== undefined) blocks.push({ type: 'thinking', thinking: text, signature });
    if (encrypted !== undefined) blocks.push({ type: 'redacted_thinking', data: encrypted });
    return blocks.length === 0 ? '' : chunk(event.candidate, `"thinking_blocks":${JSON.stringify(blocks)}`);
  };

  const textEnd = (event: NeutralEvent & { type: 'text-end' }): string => {
    if (event.origin === undefined && event.citations === undefined) return '';
    const choice = choiceOf(event.candidate);
    const span = { start: choice.textStart, length: choice.textLength - choice.textStart };
    const annotations = annotationsOf(event, span);
    warnOfLostMarks(event, { api: CHAT_ANSWER, shown: true }, context.warn);
    return annotations.length === 0 ? '' : chunk(event.candidate, `"annotations":${JSON.stringify(annotations)}`);
  };

  const finish = (event: NeutralEvent & { type: 'finish' }): string => {
    const word = encodeFinishReason(event.finishReason);
    warnOfLostFinish(event, word, context.warn);
    const tail = `,"finish_reason":"${word}"`;
    return chunk(event.candidate, shape.fullChunks ? '"content":""' : '', tail);
  };

  const end = (): string => {
    if (ended) return '';
    ended = true;
    const withUsage = context.includeUsage && usage !== undefined;
    if (withUsage && envelope === '') open('', '', {});
    const last =
      withUsage && usage !== undefined
        ? `${envelope}"choices":[],"usage":${JSON.stringify(writeOpenAiUsage(usage, shape.usageDetails))}}\n\n`
        : '';
    return `${last}data: [DONE]\n\n`;
  };

  return {
    push(event) {
      switch (event.type) {
        case 'start':
          if (envelope === '') open(event.id, event.model, event);
          return shape.fullChunks ? chunk(0, '"content":""') : '';
        case 'text-start': {
          const choice = choiceOf(event.candidate);
          choice.textStart = choice.textLength;
          return '';
        }
        case 'text-delta': {
          choiceOf(event.candidate).textLength += event.text.length;
          const tail = event.logprobs === undefined ? '' : `,"logprobs":${JSON.stringify(event.logprobs)}`;
          return chunk(event.candidate, `"content":${quoteJson(event.text)}`, tail);
        }
        case 'text-end':
          return textEnd(event);
        case 'refusal-delta':
          return chunk(event.candidate, `"refusal":${quoteJson(event.text)}`);
        case 'reasoning-start':
          choiceOf(event.candidate).thoughts.set(event.block, '');
          return '';
        case 'reasoning-delta': {
          const { thoughts } = choiceOf(event.candidate);
          thoughts.set(event.block, (thoughts.get(event.block) ?? '') + event.text);
          return chunk(event.candidate, `"reasoning_content":${quoteJson(event.text)}`);
        }
        case 'reasoning-end':
          return reasoningEnd(event);
        case 'tool-call-start':
          return toolStart(event);
        case 'tool-call-delta':
          return event.arguments === '' ? '' : toolDelta(event.candidate, event.block, event.arguments);
        case 'tool-call-end':
          return '';
        case 'opaque': {
          const fields = event.dialect === 'openai-chat' ? messageFieldsOf(event.value) : undefined;
          if (fields !== undefined) return chunk(event.candidate, JSON.stringify(fields).slice(1, -1));
          const image = event.part?.type === 'image' ? encodeAnswerImage(event.part) : undefined;
          if (image !== undefined) return chunk(event.candidate, `"images":[${JSON.stringify(image)}]`);
          warnOfLostEvent(event, CHAT_ANSWER, context.warn);
          return '';
        }
        case 'finish':
          return finish(event);
        case 'usage':
          usage = event.usage;
          return '';
        case 'ping':
          // An empty delta: it keeps idle connections open and even clients that know no SSE comments read past it.
          return envelope === '' || ended ? '' : `${envelope}"choices":[{"index":0,"delta":{}}]}\n\n`;
        case 'error':
          ended = true;
          return openaiErrors.encodeInStream(toErrorAnswer(event.error));
        case 'end':
          return end();
        default:
          return event satisfies never;
      }
    },
  };
}
