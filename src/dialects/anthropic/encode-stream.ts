import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ResponseContext, StreamEncoder } from '../dialect.ts';
import {
  warnOfLostEvent,
  warnOfLostFinish,
  warnOfLostLogprobs,
  warnOfLostMarks,
  warnOfMoreCandidates,
} from '../neutral/answer-losses.ts';
import type { NeutralEvent, NeutralEventOrigin } from '../neutral/response.ts';
import type { Usage } from '../neutral/usage.ts';
import { toErrorAnswer } from '../openai/errors.ts';
import { callSignatureForClient, redactedForClient, signatureForClient } from './encode-response.ts';
import { anthropicErrors } from './errors.ts';
import { encodeStopReason, type Finish } from './stop-reason.ts';
import { writeAnthropicStreamUsage } from './token-counts.ts';
import { MESSAGES_ANSWER, wireCallId } from './wire.ts';

/** Events that belong to a block. */
type BlockEvent = Extract<NeutralEvent, { block: number }>;

/** One event of the stream: `event:` line, `data:` line, empty line. */
function sse(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

function citationsOf(origin: NeutralEventOrigin | undefined): JsonValue[] {
  const citations = origin?.dialect === 'anthropic' ? origin.value['citations'] : undefined;
  return Array.isArray(citations) ? citations : [];
}

/**
 * Writes the blocks of a message one after the other. Neutral blocks may interleave, as the parallel
 * tool calls of OpenAI's streams do; here a block must end before the next begins, so events of
 * later blocks wait until their turn comes.
 */
class BlockWriter {
  /** Whether a refusal in words was written. */
  refused = false;
  readonly #context: ResponseContext;
  /** The neutral block being written. */
  #current: number | undefined;
  /** Whether the wire's start event of the current block is out: thoughts wait to see whether they are redacted. */
  #begun = false;
  #index = 0;
  /** Events of later blocks, in the order the blocks appeared. */
  #held = new Map<number, BlockEvent[]>();

  constructor(context: ResponseContext) {
    this.#context = context;
  }

  push(event: BlockEvent): string {
    if (event.type === 'opaque' && event.dialect !== 'anthropic') {
      warnOfLostEvent(event, MESSAGES_ANSWER, this.#context.warn);
      return '';
    }
    if (this.#current === undefined) this.#current = event.block;
    if (event.block === this.#current) return this.#write(event) + this.#next();
    const waiting = this.#held.get(event.block);
    if (waiting === undefined) this.#held.set(event.block, [event]);
    else waiting.push(event);
    return '';
  }

  /** Ends the current block and writes all that waits. */
  close(): string {
    let out = this.#stop();
    while (this.#held.size > 0) out += this.#next() + this.#stop();
    return out;
  }

  /** Takes up waiting blocks as long as the current one has ended. */
  #next(): string {
    let out = '';
    while (this.#current === undefined) {
      const entry = this.#held.entries().next().value;
      if (entry === undefined) return out;
      const [block, events] = entry;
      this.#held.delete(block);
      this.#current = block;
      for (const event of events) out += this.#write(event);
    }
    return out;
  }

  #start(block: JsonObject): string {
    this.#begun = true;
    return sse(
      'content_block_start',
      `{"type":"content_block_start","index":${this.#index},"content_block":${JSON.stringify(block)}}`,
    );
  }

  #delta(delta: string): string {
    return sse('content_block_delta', `{"type":"content_block_delta","index":${this.#index},"delta":${delta}}`);
  }

  #stop(): string {
    if (this.#current === undefined) return '';
    this.#current = undefined;
    if (!this.#begun) return '';
    this.#begun = false;
    return sse('content_block_stop', `{"type":"content_block_stop","index":${this.#index++}}`);
  }

  #startText(): string {
    return this.#begun ? '' : this.#start({ type: 'text', text: '' });
  }

  #startThinking(): string {
    return this.#begun ? '' : this.#start({ type: 'thinking', thinking: '', signature: '' });
  }

  #write(event: BlockEvent): string {
    switch (event.type) {
      case 'text-start':
        return this.#startText();
      case 'text-delta':
        warnOfLostLogprobs(event.logprobs, MESSAGES_ANSWER, this.#context.warn);
        return this.#startText() + this.#delta(`{"type":"text_delta","text":${JSON.stringify(event.text)}}`);
      case 'refusal-delta':
        this.refused = true;
        return this.#startText() + this.#delta(`{"type":"text_delta","text":${JSON.stringify(event.text)}}`);
      case 'text-end': {
        warnOfLostMarks(event, { api: MESSAGES_ANSWER, shown: false }, this.#context.warn);
        let out = '';
        for (const citation of citationsOf(event.origin)) {
          out += this.#delta(`{"type":"citations_delta","citation":${JSON.stringify(citation)}}`);
        }
        return out + this.#stop();
      }
      case 'reasoning-start':
        return '';
      case 'reasoning-delta':
        return (
          this.#startThinking() + this.#delta(`{"type":"thinking_delta","thinking":${JSON.stringify(event.text)}}`)
        );
      case 'reasoning-end':
        return this.#endThinking(event);
      case 'tool-call-start':
        return (
          this.#callSignature(event) +
          this.#start({ type: 'tool_use', id: wireCallId(event.id), name: event.name, input: {} })
        );
      case 'tool-call-delta':
        if (event.arguments === '') return '';
        return this.#delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(event.arguments)}}`);
      case 'tool-call-end':
        return this.#stop();
      case 'opaque':
        return this.#start(event.value) + this.#stop();
      default:
        return event satisfies never;
    }
  }

  #callSignature({ block, signature }: BlockEvent & { type: 'tool-call-start' }): string {
    const proof = callSignatureForClient(signature, this.#context);
    if (proof === undefined) return '';
    const out = this.#startThinking() + this.#signature(proof) + this.#stop();
    this.#current = block;
    return out;
  }

  #signature(signature: string): string {
    return this.#delta(`{"type":"signature_delta","signature":${JSON.stringify(signature)}}`);
  }

  #endThinking(event: BlockEvent & { type: 'reasoning-end' }): string {
    let out = '';
    if (event.signature !== undefined || this.#begun) {
      const signature = signatureForClient(event.signature, this.#context);
      out += this.#startThinking();
      if (signature !== '') out += this.#signature(signature);
    }
    const block = event.block;
    out += this.#stop();
    if (event.encrypted === undefined) return out;
    this.#current = block;
    const data = redactedForClient(event.encrypted, this.#context);
    return out + this.#start({ type: 'redacted_thinking', data }) + this.#stop();
  }
}

/** Makes the writer of a streamed message. It has one answer: the first candidate. */
export function createStreamEncoder(context: ResponseContext): StreamEncoder {
  const blocks = new BlockWriter(context);
  let started = false;
  let ended = false;
  let usage: Usage | undefined;
  let finish: Finish = { finishReason: 'stop' };

  const start = (id: string, model: string): string => {
    if (started) return '';
    started = true;
    const message: JsonObject = {
      id: id === '' ? context.newId('msg_') : id,
      type: 'message',
      role: 'assistant',
      model: model === '' ? context.requestModel : model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeAnthropicStreamUsage(usage),
    };
    return sse('message_start', JSON.stringify({ type: 'message_start', message }));
  };

  /** The reason waits for the end: providers may report usage after it. */
  const end = (): string => {
    if (ended) return '';
    ended = true;
    const stopReason = encodeStopReason(finish, blocks.refused);
    warnOfLostFinish(finish, stopReason, context.warn);
    const delta = {
      stop_reason: stopReason,
      stop_sequence: finish.stopSequence ?? null,
    };
    const last = { type: 'message_delta', delta, usage: writeAnthropicStreamUsage(usage) };
    return `${start('', '')}${blocks.close()}${sse('message_delta', JSON.stringify(last))}${sse('message_stop', '{"type":"message_stop"}')}`;
  };

  return {
    push(event) {
      if (ended) return '';
      switch (event.type) {
        case 'start':
          return start(event.id, event.model);
        case 'usage':
          usage = event.usage;
          return '';
        case 'ping':
          return started ? sse('ping', '{"type":"ping"}') : '';
        case 'finish':
          if (event.candidate !== 0) return '';
          finish = event;
          return blocks.close();
        case 'error':
          ended = true;
          return anthropicErrors.encodeInStream(toErrorAnswer(event.error));
        case 'end':
          return end();
        default:
          if (event.candidate === 0) return start('', '') + blocks.push(event);
          warnOfMoreCandidates(MESSAGES_ANSWER, context.warn);
          return '';
      }
    },
  };
}
