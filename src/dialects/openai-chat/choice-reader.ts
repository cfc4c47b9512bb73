import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { objectOf, otherFields, textOf } from '../openai/fields.ts';
import { readAnnotations } from './annotations.ts';
import { thinkingText } from './decode-parts.ts';
import { argumentsText, settleFinishReason } from './decode-response.ts';
import { encodeAnswerImage, readAnswerImages, withoutImages } from './images.ts';
import { MESSAGE_FIELDS, messageFields, signatureOfExtra } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** A tool call while it streams. It starts once its name is known; arguments that come before wait in `held`. */
interface Call {
  key: number;
  block: number;
  id: string;
  name: string;
  started: boolean;
  held: string;
  signature: string | undefined;
}

/** Reads the deltas of one choice into blocks: texts and thoughts follow each other, tool calls stay open to the end. */
export class ChoiceReader {
  /** Whether the choice's finish reason came. */
  finished = false;
  readonly #candidate: number;
  readonly #context: ProviderResponseContext;
  #nextBlock = 0;
  #open: { kind: 'text' | 'reasoning' | 'refusal'; block: number } | undefined;
  #calls: Call[] = [];
  #annotations: JsonValue[] = [];

  constructor(candidate: number, context: ProviderResponseContext) {
    this.#candidate = candidate;
    this.#context = context;
  }

  /** Reads one element of `choices`. */
  read(choice: JsonObject, emit: Emit): void {
    if (this.finished) return;
    const delta = objectOf(choice['delta']) ?? objectOf(choice['message']);
    if (delta !== undefined) this.#readDelta(delta, objectOf(choice['logprobs']), emit);
    const word = textOf(choice['finish_reason']);
    if (word !== undefined && word !== '') this.finish(choice, emit);
  }

  /** Closes what is open and tells why the choice ended; without a choice object the provider did not say. */
  finish(choice: JsonObject | undefined, emit: Emit): void {
    if (this.finished) return;
    this.finished = true;
    this.#close(emit);
    for (const call of this.#calls) {
      this.#startCall(call, emit);
      emit({ type: 'tool-call-end', candidate: this.#candidate, block: call.block });
    }
    const word = textOf(choice?.['finish_reason']);
    const stop = textOf(choice?.['stop_reason']);
    const finishReason = settleFinishReason(word, this.#calls.length > 0);
    const event: NeutralEvent & { type: 'finish' } = { type: 'finish', candidate: this.#candidate, finishReason };
    if (finishReason === 'other' && word !== undefined) event.rawFinishReason = word;
    // vLLM names the stop sequence here.
    if (finishReason === 'stop' && stop !== undefined) {
      event.finishReason = 'stop-sequence';
      event.stopSequence = stop;
    }
    emit(event);
  }

  #readDelta(delta: JsonObject, logprobs: JsonObject | undefined, emit: Emit): void {
    // Some servers send both names while they rename one to the other.
    const thought = textOf(delta['reasoning_content']) ?? textOf(delta['reasoning']);
    if (thought !== undefined && thought !== '') this.#reason(thought, emit);
    const blocks = delta['thinking_blocks'];
    if (Array.isArray(blocks)) {
      for (const block of blocks) if (isObject(block)) this.#sealThought(block, emit);
    }
    const content = delta['content'];
    if (typeof content === 'string') {
      if (content !== '' || logprobs !== undefined) this.#text(content, logprobs, emit);
    } else if (Array.isArray(content)) {
      for (const item of content) if (isObject(item)) this.#readContentItem(item, emit);
    }
    const refusal = textOf(delta['refusal']);
    if (refusal !== undefined && refusal !== '') {
      const block = this.#enter('refusal', emit);
      emit({ type: 'refusal-delta', candidate: this.#candidate, block, text: refusal });
    }
    if (Array.isArray(delta['annotations'])) this.#annotations.push(...delta['annotations']);
    const calls = delta['tool_calls'];
    if (Array.isArray(calls)) {
      for (const call of calls) if (isObject(call)) this.#readCall(call, emit);
    }
    const legacy = objectOf(delta['function_call']);
    if (legacy !== undefined) this.#readCall({ index: 0, function: legacy }, emit);
    const images = readAnswerImages(delta['images']);
    for (const image of images ?? []) {
      // To clients of this API it goes as any field it does not know.
      this.#opaque(messageFields({ images: [encodeAnswerImage(image) ?? {}] }), emit, image);
    }
    const fields = otherFields(delta, MESSAGE_FIELDS);
    const rest = images === undefined ? fields : withoutImages(fields);
    if (rest !== undefined) this.#opaque(messageFields(rest), emit);
  }

  /** Mistral's reasoning models stream lists of parts. */
  #readContentItem(item: JsonObject, emit: Emit): void {
    if (item['type'] === 'text') {
      const text = textOf(item['text']) ?? '';
      if (text !== '') this.#text(text, undefined, emit);
    } else if (item['type'] === 'thinking') {
      const text = thinkingText(item['thinking']);
      if (text !== '') this.#reason(text, emit);
    } else {
      this.#opaque(item, emit);
    }
  }

  #opaque(value: JsonObject, emit: Emit, part?: NeutralPart): void {
    const block = this.#nextBlock++;
    const event: NeutralEvent = { type: 'opaque', dialect: 'openai-chat', candidate: this.#candidate, block, value };
    emit(part === undefined ? event : { ...event, part });
  }

  #text(text: string, logprobs: JsonObject | undefined, emit: Emit): void {
    const block = this.#enter('text', emit);
    if (logprobs === undefined) emit({ type: 'text-delta', candidate: this.#candidate, block, text });
    else emit({ type: 'text-delta', candidate: this.#candidate, block, text, logprobs });
  }

  #reason(text: string, emit: Emit): void {
    const block = this.#enter('reasoning', emit);
    emit({ type: 'reasoning-delta', candidate: this.#candidate, block, text });
  }

  /** A block of `thinking_blocks` closes the thought that `reasoning_content` streamed, with its proof. */
  #sealThought(value: JsonObject, emit: Emit): void {
    const redacted = value['type'] === 'redacted_thinking';
    const proof = textOf(redacted ? value['data'] : value['signature']);
    if (proof === undefined || proof === '') return;
    if (redacted) this.#close(emit);
    const open = this.#open?.kind === 'reasoning';
    const block = this.#enter('reasoning', emit);
    const text = textOf(value['thinking']) ?? '';
    if (!open && !redacted && text !== '') emit({ type: 'reasoning-delta', candidate: this.#candidate, block, text });
    this.#open = undefined;
    const end: NeutralEvent = { type: 'reasoning-end', candidate: this.#candidate, block };
    emit(redacted ? { ...end, encrypted: proof } : { ...end, signature: proof });
  }

  /** The block of this kind: the open one, or a new one after closing what is open. */
  #enter(kind: 'text' | 'reasoning' | 'refusal', emit: Emit): number {
    if (this.#open?.kind === kind) return this.#open.block;
    this.#close(emit);
    const block = this.#nextBlock++;
    this.#open = { kind, block };
    if (kind === 'text') emit({ type: 'text-start', candidate: this.#candidate, block });
    else if (kind === 'reasoning') emit({ type: 'reasoning-start', candidate: this.#candidate, block });
    return block;
  }

  #close(emit: Emit): void {
    const open = this.#open;
    this.#open = undefined;
    if (open?.kind === 'reasoning') emit({ type: 'reasoning-end', candidate: this.#candidate, block: open.block });
    if (open?.kind !== 'text') return;
    const event: NeutralEvent & { type: 'text-end' } = {
      type: 'text-end',
      candidate: this.#candidate,
      block: open.block,
    };
    if (this.#annotations.length > 0) {
      event.origin = { dialect: 'openai-chat', value: { annotations: this.#annotations } };
      event.citations = readAnnotations(this.#annotations);
      this.#annotations = [];
    }
    emit(event);
  }

  /**
   * The call a delta belongs to. Servers leave out the index or the id, or give every parallel call
   * index 0: an id not seen at that index, or a name where none is awaited, begins a new call.
   */
  #callFor(value: JsonObject, id: string | undefined, name: string | undefined): Call {
    const index = typeof value['index'] === 'number' ? value['index'] : undefined;
    const last = this.#calls.at(-1);
    const known =
      index === undefined
        ? id === undefined
          ? name !== undefined && last?.started === true
            ? undefined
            : last
          : this.#calls.find((call) => call.id === id)
        : this.#calls.findLast((call) => call.key === index && (id === undefined || call.id === id || call.id === ''));
    if (known !== undefined) return known;
    const call: Call = {
      key: index ?? this.#calls.length,
      block: -1,
      id: id ?? '',
      name: '',
      started: false,
      held: '',
      signature: undefined,
    };
    this.#calls.push(call);
    return call;
  }

  #readCall(value: JsonObject, emit: Emit): void {
    const fn = objectOf(value['function']) ?? objectOf(value['custom']) ?? {};
    const id = textOf(value['id']) || undefined;
    const name = textOf(fn['name']) || undefined;
    const call = this.#callFor(value, id, name);
    if (call.id === '' && id !== undefined) call.id = id;
    if (call.name === '' && name !== undefined) call.name = name;
    call.signature ??= signatureOfExtra(value['extra_content']);
    const text = argumentsText(fn['arguments'] ?? fn['input']);
    if (call.started) {
      if (text !== '') this.#argument(call, text, emit);
      return;
    }
    call.held += text;
    if (call.name !== '') this.#startCall(call, emit);
  }

  #startCall(call: Call, emit: Emit): void {
    if (call.started) return;
    call.started = true;
    if (call.id === '') call.id = this.#context.newId('call_');
    // A text that resumes after the call is another block.
    this.#close(emit);
    call.block = this.#nextBlock++;
    const event: NeutralEvent & { type: 'tool-call-start' } = {
      type: 'tool-call-start',
      candidate: this.#candidate,
      block: call.block,
      id: call.id,
      name: call.name,
    };
    if (call.signature !== undefined) event.signature = call.signature;
    emit(event);
    if (call.held !== '') this.#argument(call, call.held, emit);
    call.held = '';
  }

  #argument(call: Call, text: string, emit: Emit): void {
    emit({ type: 'tool-call-delta', candidate: this.#candidate, block: call.block, arguments: text });
  }
}
