import type { JsonObject, JsonValue } from '../../json/types.ts';
import { readCohereUsage } from '../cohere/usage.ts';
import type { ProviderResponseContext, StreamDecoder, StreamFrame } from '../dialect.ts';
import type { NeutralEvent, ProviderError } from '../neutral/response.ts';
import { boundedText } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { cutStreamError, parseFrame } from '../openai/stream-errors.ts';
import { readCitations } from './citations.ts';
import { decodeFinishReason } from './finish-reason.ts';
import { decodeLogprobs } from './logprobs.ts';
import { TOOL_PLAN, withCitations } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** A text or thought while it streams. Its end waits: citations may follow it. */
interface Content {
  kind: 'text' | 'reasoning';
  block: number;
  citations: JsonValue[];
}

/** The error of a stream that ended with the finish reason `ERROR`, or of a bare error object. */
export function streamError(message: string | undefined): ProviderError {
  return {
    status: 502,
    type: 'api_error',
    message: boundedText(message ?? '') || 'The provider ended the stream with an error.',
  };
}

function messageOf(body: JsonObject): JsonObject {
  return objectOf(objectOf(body['delta'])?.['message']) ?? {};
}

function indexOf(body: JsonObject): number {
  return typeof body['index'] === 'number' ? body['index'] : 0;
}

/** Reads the contents, plan and calls of one streamed message into blocks. */
class MessageReader {
  readonly #newId: (prefix: string) => string;
  #nextBlock = 0;
  /** Contents that have not ended, by their index, in order. */
  readonly #contents = new Map<number, Content>();
  readonly #calls = new Map<number, number>();
  #plan: number | undefined;

  constructor(newId: (prefix: string) => string) {
    this.#newId = newId;
  }

  startContent(body: JsonObject, emit: Emit): void {
    this.#closeContents(emit);
    const content = objectOf(messageOf(body)['content']) ?? {};
    this.#open(indexOf(body), content['type'] === 'thinking' ? 'reasoning' : 'text', emit);
    this.addContent(body, emit);
  }

  addContent(body: JsonObject, emit: Emit): void {
    const delta = objectOf(messageOf(body)['content']) ?? {};
    const thought = textOf(delta['thinking']);
    const kind = thought === undefined ? 'text' : 'reasoning';
    const text = thought ?? textOf(delta['text']) ?? '';
    const logprobs = decodeLogprobs(body['logprobs']);
    if (text === '' && logprobs === undefined) return;
    const known = this.#contents.get(indexOf(body));
    const { block, kind: opened } = known ?? this.#open(indexOf(body), kind, emit);
    if (opened === 'reasoning') emit({ type: 'reasoning-delta', candidate: 0, block, text });
    else if (logprobs === undefined) emit({ type: 'text-delta', candidate: 0, block, text });
    else emit({ type: 'text-delta', candidate: 0, block, text, logprobs });
  }

  addPlan(body: JsonObject, emit: Emit): void {
    const text = textOf(messageOf(body)['tool_plan']) ?? '';
    if (text === '') return;
    if (this.#plan === undefined) {
      this.#closeContents(emit);
      this.#plan = this.#nextBlock++;
      emit({ type: 'reasoning-start', candidate: 0, block: this.#plan });
    }
    emit({ type: 'reasoning-delta', candidate: 0, block: this.#plan, text });
  }

  startCall(body: JsonObject, emit: Emit): void {
    this.#closeContents(emit);
    const call = objectOf(messageOf(body)['tool_calls']) ?? {};
    const fn = objectOf(call['function']) ?? {};
    const block = this.#nextBlock++;
    this.#calls.set(indexOf(body), block);
    const id = textOf(call['id']) || this.#newId('call_');
    emit({ type: 'tool-call-start', candidate: 0, block, id, name: textOf(fn['name']) ?? '' });
    this.addArguments(body, emit);
  }

  addArguments(body: JsonObject, emit: Emit): void {
    const block = this.#calls.get(indexOf(body));
    const fn = objectOf(objectOf(messageOf(body)['tool_calls'])?.['function']);
    const text = textOf(fn?.['arguments']) ?? '';
    if (block !== undefined && text !== '') emit({ type: 'tool-call-delta', candidate: 0, block, arguments: text });
  }

  endCall(index: number, emit: Emit): void {
    const block = this.#calls.get(index);
    if (block === undefined) return;
    this.#calls.delete(index);
    emit({ type: 'tool-call-end', candidate: 0, block });
  }

  cite(body: JsonObject): void {
    const citation = objectOf(messageOf(body)['citations']);
    if (citation === undefined) return;
    const index = citation['content_index'];
    const named = typeof index === 'number' ? this.#contents.get(index) : undefined;
    const target = named ?? [...this.#contents.values()].findLast((content) => content.kind === 'text');
    target?.citations.push(citation);
  }

  /** Ends whatever is open. */
  close(emit: Emit): void {
    this.#closeContents(emit);
    for (const index of [...this.#calls.keys()]) this.endCall(index, emit);
  }

  #open(index: number, kind: Content['kind'], emit: Emit): Content {
    const content: Content = { kind, block: this.#nextBlock++, citations: [] };
    this.#contents.set(index, content);
    emit({ type: kind === 'text' ? 'text-start' : 'reasoning-start', candidate: 0, block: content.block });
    return content;
  }

  #closeContents(emit: Emit): void {
    if (this.#plan !== undefined) {
      emit({ type: 'reasoning-end', candidate: 0, block: this.#plan, origin: TOOL_PLAN });
      this.#plan = undefined;
    }
    for (const { kind, block, citations } of this.#contents.values()) {
      const origin = citations.length === 0 ? {} : { origin: withCitations(undefined, citations) };
      if (kind === 'reasoning') emit({ type: 'reasoning-end', candidate: 0, block, ...origin });
      else if (citations.length === 0) emit({ type: 'text-end', candidate: 0, block });
      else emit({ type: 'text-end', candidate: 0, block, ...origin, citations: readCitations(citations) });
    }
    this.#contents.clear();
  }
}

/** Makes the reader of a streamed answer. It is whole once `message-end` came without an error. */
export function createStreamDecoder(context: ProviderResponseContext): StreamDecoder {
  const reader = new MessageReader(context.newId);
  let started = false;
  let done = false;

  const start = (body: JsonObject, emit: Emit): void => {
    if (started) return;
    started = true;
    emit({ type: 'start', id: textOf(body['id']) ?? '', model: '' });
  };

  const fail = (error: ProviderError, emit: Emit): void => {
    done = true;
    emit({ type: 'error', error });
  };

  const end = (body: JsonObject, emit: Emit): void => {
    const delta = objectOf(body['delta']) ?? {};
    const word = textOf(delta['finish_reason']);
    const usage = readCohereUsage(delta['usage']);
    if (usage !== undefined) emit({ type: 'usage', usage });
    if (word === 'ERROR' || typeof delta['error'] === 'string') {
      fail(streamError(textOf(delta['error'])), emit);
      return;
    }
    reader.close(emit);
    emit({ type: 'finish', candidate: 0, ...decodeFinishReason(word) });
    done = true;
    emit({ type: 'end' });
  };

  const read = (type: string, body: JsonObject, emit: Emit): void => {
    switch (type) {
      case 'content-start':
        reader.startContent(body, emit);
        return;
      case 'content-delta':
        reader.addContent(body, emit);
        return;
      case 'tool-plan-delta':
        reader.addPlan(body, emit);
        return;
      case 'tool-call-start':
        reader.startCall(body, emit);
        return;
      case 'tool-call-delta':
        reader.addArguments(body, emit);
        return;
      case 'tool-call-end':
        reader.endCall(indexOf(body), emit);
        return;
      case 'citation-start':
        reader.cite(body);
        return;
      default:
        // `content-end` waits for citations, `citation-end` says nothing; unknown events are to be passed over.
        return;
    }
  };

  return {
    push(frame: StreamFrame, emit: Emit) {
      if (done || frame.data === '' || frame.data.trim() === '[DONE]') return;
      const body = parseFrame(frame.data);
      const type = textOf(body['type']) ?? frame.event;
      if (type === '' && typeof body['message'] === 'string') {
        fail(streamError(body['message']), emit);
        return;
      }
      start(type === 'message-start' ? body : {}, emit);
      if (type === 'message-end') end(body, emit);
      else read(type, body, emit);
    },
    finish(emit: Emit) {
      if (done) return;
      fail(cutStreamError(), emit);
    },
  };
}
