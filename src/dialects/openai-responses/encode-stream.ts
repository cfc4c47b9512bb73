import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { StreamEncoder } from '../dialect.ts';
import { warnOfLostEvent, warnOfLostFinish, warnOfLostMarks, warnOfMoreCandidates } from '../neutral/answer-losses.ts';
import type { FinishReason, NeutralEvent, ProviderError } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { annotationsOf } from './annotations.ts';
import type { AnswerContext } from './answer-context.ts';
import { customToolNames } from './encode-tools.ts';
import { errorEvent, failedResponseError } from './errors.ts';
import {
  addItem,
  CallWriter,
  finishItem,
  MessageWriter,
  type OutputItem,
  ReasoningWriter,
  type WriteEvent,
} from './item-writer.ts';
import { callSignatureContent, encryptedContentOf } from './output-items.ts';
import { type AnswerState, echoSettings, finalStatus, responseId, writeResponse } from './response-object.ts';
import { RESPONSES, RESPONSES_ANSWER, unwrapCustomInput } from './wire.ts';

/** Events that belong to a block. */
type BlockEvent = Extract<NeutralEvent, { block: number }>;

/** A content part, as its message knows it. */
type Part = ReturnType<MessageWriter['begin']>['part'];

/** What writes the events of one neutral block. */
type Block =
  | { kind: 'part'; message: MessageWriter; part: Part; length: number }
  | { kind: 'reasoning'; writer: ReasoningWriter }
  | { kind: 'call'; writer: CallWriter };

function logprobsOf(logprobs: JsonObject | undefined): JsonValue[] {
  const content = logprobs?.['content'];
  return Array.isArray(content) ? content : [];
}

/** Writes the blocks of an answer as output items. Items may interleave, as blocks may: each event names its item. */
class OutputWriter {
  readonly #write: WriteEvent;
  readonly #context: AnswerContext;
  readonly #customTools: ReadonlySet<string>;
  #items: OutputItem[] = [];
  #blocks = new Map<number, Block>();
  /** The last item, while it is a message that texts may be added to. */
  #message: MessageWriter | undefined;

  constructor(write: WriteEvent, context: AnswerContext) {
    this.#write = write;
    this.#context = context;
    this.#customTools = context.request === undefined ? new Set() : customToolNames(context.request);
  }

  /** The items that are done. */
  get output(): JsonObject[] {
    return this.#items.filter((item) => item.done).map((item) => item.value);
  }

  push(event: BlockEvent): string {
    switch (event.type) {
      case 'text-start':
        return this.#part(event.block, 'text').out;
      case 'text-delta': {
        const { block, out } = this.#part(event.block, 'text');
        block.length += event.text.length;
        return out + block.message.delta(block.part, event.text, logprobsOf(event.logprobs));
      }
      case 'refusal-delta': {
        const { block, out } = this.#part(event.block, 'refusal');
        return out + block.message.delta(block.part, event.text, []);
      }
      case 'text-end': {
        const block = this.#blocks.get(event.block);
        if (block?.kind !== 'part') return '';
        warnOfLostMarks(event, { api: RESPONSES_ANSWER, shown: true }, this.#context.warn);
        return block.message.end(block.part, annotationsOf(event, block.length));
      }
      case 'reasoning-start':
        return this.#reasoning(event.block).out;
      case 'reasoning-delta': {
        const { writer, out } = this.#reasoning(event.block);
        return event.text === '' ? out : out + writer.delta(event.text);
      }
      case 'reasoning-end': {
        const { writer, out } = this.#reasoning(event.block);
        return out + writer.close(encryptedContentOf(event, this.#context.providerDialect));
      }
      case 'tool-call-start':
        return this.#call(event);
      case 'tool-call-delta': {
        const block = this.#blocks.get(event.block);
        return block?.kind === 'call' ? block.writer.delta(event.arguments) : '';
      }
      case 'tool-call-end': {
        const block = this.#blocks.get(event.block);
        return block?.kind === 'call' ? block.writer.close('completed') : '';
      }
      case 'opaque':
        if (event.dialect === RESPONSES) return this.#opaque(event.value);
        warnOfLostEvent(event, RESPONSES_ANSWER, this.#context.warn);
        return '';
      default:
        return event satisfies never;
    }
  }

  /** Ends what is open; what the answer broke off in is incomplete. */
  close(status: 'completed' | 'incomplete'): string {
    let out = '';
    for (const block of this.#blocks.values()) {
      if (block.kind === 'reasoning') out += block.writer.close(undefined);
      else if (block.kind === 'call') out += block.writer.close(status);
      else if (block.message !== this.#message) out += block.message.close('completed');
    }
    out += this.#message?.close(status) ?? '';
    this.#message = undefined;
    return out;
  }

  /** A new item comes: its index, and what ends the message before it. */
  #next(): { index: number; out: string } {
    const out = this.#message?.seal() ?? '';
    this.#message = undefined;
    return { index: this.#items.length, out };
  }

  #part(number: number, kind: 'text' | 'refusal'): { block: Block & { kind: 'part' }; out: string } {
    const known = this.#blocks.get(number);
    if (known?.kind === 'part' && known.part.kind === kind && !known.part.ended) return { block: known, out: '' };
    let out = '';
    let message = this.#message;
    if (message === undefined) {
      const { index } = this.#next();
      message = new MessageWriter(this.#write, this.#context.newId('msg_'), index);
      this.#items.push(message);
      this.#message = message;
      out = message.open();
    }
    const begun = message.begin(kind);
    const block: Block & { kind: 'part' } = { kind: 'part', message, part: begun.part, length: 0 };
    this.#blocks.set(number, block);
    return { block, out: out + begun.out };
  }

  #reasoning(number: number): { writer: ReasoningWriter; out: string } {
    const known = this.#blocks.get(number);
    if (known?.kind === 'reasoning') return { writer: known.writer, out: '' };
    const { index, out } = this.#next();
    const writer = new ReasoningWriter(this.#write, this.#context.newId('rs_'), index);
    this.#items.push(writer);
    this.#blocks.set(number, { kind: 'reasoning', writer });
    return { writer, out: out + writer.open() };
  }

  #call(event: BlockEvent & { type: 'tool-call-start' }): string {
    let sealed = '';
    if (event.signature !== undefined) {
      const { index, out } = this.#next();
      const writer = new ReasoningWriter(this.#write, this.#context.newId('rs_'), index);
      this.#items.push(writer);
      const content = callSignatureContent(event.signature, this.#context.providerDialect);
      sealed = out + writer.open() + writer.close(content);
    }
    const { index, out } = this.#next();
    const custom = this.#customTools.has(event.name);
    const id = this.#context.newId(custom ? 'ctc_' : 'fc_');
    const call = { callId: event.id, name: event.name, custom, unwrap: unwrapCustomInput };
    const writer = new CallWriter(this.#write, { id, index }, call);
    this.#items.push(writer);
    this.#blocks.set(event.block, { kind: 'call', writer });
    return sealed + out + writer.open();
  }

  #opaque(value: JsonObject): string {
    const { index, out } = this.#next();
    const item: OutputItem = { value, done: false };
    this.#items.push(item);
    return out + addItem(this.#write, index, value) + finishItem(this.#write, index, item);
  }
}

/** Makes the writer of a streamed response. It has one answer: the first candidate. */
export function createStreamEncoder(context: AnswerContext): StreamEncoder {
  const identity = {
    id: '',
    model: '',
    created: undefined as number | undefined,
    serviceTier: undefined as string | undefined,
  };
  const settings = echoSettings(context.request);
  let sequence = 0;
  let started = false;
  let ended = false;
  let closed = false;
  let usage: Usage | undefined;
  let finishReason: FinishReason = 'stop';

  const write: WriteEvent = (type, fields) =>
    `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence++},${fields}}\n\n`;
  const output = new OutputWriter(write, context);

  const life = (type: string, state: AnswerState): string =>
    write(type, `"response":${JSON.stringify(writeResponse(identity, state, { settings, context }))}`);

  const start = (event?: NeutralEvent & { type: 'start' }): string => {
    if (started) return '';
    started = true;
    identity.id = responseId(event?.id ?? '', context);
    identity.model = event?.model ?? '';
    identity.created = event?.created;
    identity.serviceTier = event?.serviceTier;
    const state: AnswerState = { status: 'in_progress', output: [] };
    return life('response.created', state) + life('response.in_progress', state);
  };

  const close = (status: 'completed' | 'incomplete'): string => {
    if (closed) return '';
    closed = true;
    return output.close(status);
  };

  /** The last event waits for the end: providers may report usage after the finish. */
  const end = (): string => {
    const final = finalStatus(finishReason);
    const rest = start() + close(final.status);
    return rest + life(`response.${final.status}`, { ...final, output: output.output, usage });
  };

  /** What is open stays so: clients act on items that are done, such as calls. */
  const fail = (error: ProviderError): string => {
    const answer = { ...toErrorAnswer(error), code: error.code ?? String(failedResponseError(error)['code']) };
    const rest = start() + errorEvent(answer, sequence++);
    const state: AnswerState = { status: 'failed', output: output.output, error: failedResponseError(error), usage };
    return rest + life('response.failed', state);
  };

  return {
    push(event) {
      if (ended) return '';
      switch (event.type) {
        case 'start':
          return start(event);
        case 'usage':
          usage = event.usage;
          return '';
        case 'ping':
          // The API documents no keep-alive event; a comment is one to every reader of event streams.
          return started ? ': keep-alive\n\n' : '';
        case 'finish':
          if (event.candidate !== 0) return '';
          finishReason = event.finishReason;
          warnOfLostFinish(event, finalStatus(finishReason).status, context.warn);
          return start() + close(finalStatus(finishReason).status);
        case 'error':
          ended = true;
          return fail(event.error);
        case 'end':
          ended = true;
          return end();
        default:
          if (event.candidate !== 0) warnOfMoreCandidates(RESPONSES_ANSWER, context.warn);
          return event.candidate !== 0 || closed ? '' : start() + output.push(event);
      }
    },
  };
}
