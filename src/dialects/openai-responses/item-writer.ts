import type { JsonObject, JsonValue } from '../../json/types.ts';
import { callItem, type ItemStatus, messageItem, outputText, reasoningItem } from './output-items.ts';

/** Writes one event of the stream; `fields` is the inside of its object behind type and number. */
export type WriteEvent = (type: string, fields: string) => string;

/** An output item while it streams. */
export interface OutputItem {
  /** The finished item, for the last event of the stream. */
  value: JsonObject;
  /** Whether `output_item.done` was written. */
  done: boolean;
}

/** Writes `output_item.added`. */
export function addItem(write: WriteEvent, index: number, value: JsonObject): string {
  return write('response.output_item.added', `"output_index":${index},"item":${JSON.stringify(value)}`);
}

/** Writes `output_item.done`, once. */
export function finishItem(write: WriteEvent, index: number, item: OutputItem): string {
  if (item.done) return '';
  item.done = true;
  return write('response.output_item.done', `"output_index":${index},"item":${JSON.stringify(item.value)}`);
}

/** A content part of a message: a text or a refusal. */
interface Part {
  readonly kind: 'text' | 'refusal';
  /** `"item_id":…,"output_index":…,"content_index":…,` of its events. */
  readonly head: string;
  text: string;
  logprobs: JsonValue[];
  ended: boolean;
  value: JsonObject;
}

/** Writes a message: one content part for each text or refusal. */
export class MessageWriter implements OutputItem {
  done = false;
  value: JsonObject;
  readonly #write: WriteEvent;
  readonly #id: string;
  readonly #index: number;
  #parts: Part[] = [];
  /** Whether a later item began: the message is done as soon as its parts are. */
  #sealed = false;

  constructor(write: WriteEvent, id: string, index: number) {
    this.#write = write;
    this.#id = id;
    this.#index = index;
    this.value = messageItem(id, 'in_progress', []);
  }

  /** Announces the message. */
  open(): string {
    return addItem(this.#write, this.#index, this.value);
  }

  /** Begins a part. Nothing says when a refusal ends: it stays open to the end of the answer. */
  begin(kind: Part['kind']): { part: Part; out: string } {
    const index = this.#parts.length;
    const head = `"item_id":"${this.#id}","output_index":${this.#index},"content_index":${index},`;
    const value: JsonObject = kind === 'text' ? outputText('', [], []) : { type: 'refusal', refusal: '' };
    const part: Part = { kind, head, text: '', logprobs: [], ended: false, value };
    this.#parts.push(part);
    return { part, out: this.#write('response.content_part.added', `${head}"part":${JSON.stringify(value)}`) };
  }

  /** Writes a piece of a part. */
  delta(part: Part, text: string, logprobs: JsonValue[]): string {
    part.text += text;
    if (part.kind === 'refusal') {
      return this.#write('response.refusal.delta', `${part.head}"delta":${JSON.stringify(text)}`);
    }
    if (logprobs.length === 0) {
      return this.#write('response.output_text.delta', `${part.head}"delta":${JSON.stringify(text)},"logprobs":[]`);
    }
    part.logprobs.push(...logprobs);
    const fields = `${part.head}"delta":${JSON.stringify(text)},"logprobs":${JSON.stringify(logprobs)}`;
    return this.#write('response.output_text.delta', fields);
  }

  /** Ends a part. */
  end(part: Part, annotations: JsonValue[]): string {
    if (part.ended) return '';
    part.ended = true;
    let out = '';
    const text = JSON.stringify(part.text);
    if (part.kind === 'refusal') {
      part.value = { type: 'refusal', refusal: part.text };
      out += this.#write('response.refusal.done', `${part.head}"refusal":${text}`);
    } else {
      part.value = outputText(part.text, annotations, part.logprobs);
      for (const [at, annotation] of annotations.entries()) {
        const fields = `${part.head}"annotation_index":${at},"annotation":${JSON.stringify(annotation)}`;
        out += this.#write('response.output_text.annotation.added', fields);
      }
      const fields = `${part.head}"text":${text},"logprobs":${JSON.stringify(part.logprobs)}`;
      out += this.#write('response.output_text.done', fields);
    }
    out += this.#write('response.content_part.done', `${part.head}"part":${JSON.stringify(part.value)}`);
    return this.#sealed ? out + this.#finish('completed') : out;
  }

  /** Another item began: no part is added any more. */
  seal(): string {
    this.#sealed = true;
    return this.#finish('completed');
  }

  /** The answer is over. */
  close(status: ItemStatus): string {
    let out = '';
    this.#sealed = false;
    for (const part of this.#parts) out += this.end(part, []);
    return out + this.#finish(status);
  }

  #finish(status: ItemStatus): string {
    if (this.done || this.#parts.some((part) => !part.ended)) return '';
    this.value = messageItem(
      this.#id,
      status,
      this.#parts.map((part) => part.value),
    );
    return finishItem(this.#write, this.#index, this);
  }
}

/** Writes a thought as the summary of a reasoning item. */
export class ReasoningWriter implements OutputItem {
  done = false;
  value: JsonObject;
  readonly #write: WriteEvent;
  readonly #id: string;
  readonly #index: number;
  readonly #head: string;
  #text = '';
  #begun = false;

  constructor(write: WriteEvent, id: string, index: number) {
    this.#write = write;
    this.#id = id;
    this.#index = index;
    this.#head = `"item_id":"${id}","output_index":${index},"summary_index":0,`;
    this.value = reasoningItem(id, '', undefined);
  }

  /** Announces the item. */
  open(): string {
    return addItem(this.#write, this.#index, this.value);
  }

  /** Writes a piece of the thought. */
  delta(text: string): string {
    let out = '';
    if (!this.#begun) {
      this.#begun = true;
      out = this.#write('response.reasoning_summary_part.added', `${this.#head}"part":${summaryPart('')}`);
    }
    this.#text += text;
    return out + this.#write('response.reasoning_summary_text.delta', `${this.#head}"delta":${JSON.stringify(text)}`);
  }

  /** Ends the thought, with the token that comes back with it. */
  close(encrypted: string | undefined): string {
    if (this.done) return '';
    let out = '';
    if (this.#begun) {
      const text = JSON.stringify(this.#text);
      out += this.#write('response.reasoning_summary_text.done', `${this.#head}"text":${text}`);
      out += this.#write('response.reasoning_summary_part.done', `${this.#head}"part":${summaryPart(this.#text)}`);
    }
    this.value = reasoningItem(this.#id, this.#text, encrypted);
    return out + finishItem(this.#write, this.#index, this);
  }
}

function summaryPart(text: string): string {
  return JSON.stringify({ type: 'summary_text', text });
}

/** Writes a call: of a function piece by piece, of a tool that takes free text when it is whole. */
export class CallWriter implements OutputItem {
  done = false;
  value: JsonObject;
  readonly #write: WriteEvent;
  readonly #index: number;
  readonly #id: string;
  readonly #call: { callId: string; name: string; custom: boolean; unwrap(text: string): string };
  readonly #head: string;
  #text = '';

  constructor(
    write: WriteEvent,
    to: { id: string; index: number },
    call: { callId: string; name: string; custom: boolean; unwrap(text: string): string },
  ) {
    this.#write = write;
    this.#index = to.index;
    this.#id = to.id;
    this.#call = call;
    this.#head = `"item_id":"${to.id}","output_index":${to.index},`;
    this.value = callItem(to.id, { ...call, text: '' }, 'in_progress');
  }

  /** Announces the call. */
  open(): string {
    return addItem(this.#write, this.#index, this.value);
  }

  /** Writes a piece of the arguments. */
  delta(text: string): string {
    if (text === '') return '';
    this.#text += text;
    // Free text cannot be told from its JSON before that is whole.
    return this.#call.custom ? '' : this.#delta('response.function_call_arguments.delta', text);
  }

  /** Ends the call. */
  close(status: ItemStatus): string {
    if (this.done) return '';
    let out = '';
    let text = this.#text;
    if (this.#call.custom) {
      text = this.#call.unwrap(text);
      out += this.#delta('response.custom_tool_call_input.delta', text);
      out += this.#write('response.custom_tool_call_input.done', `${this.#head}"input":${JSON.stringify(text)}`);
    } else {
      if (text === '' && status === 'completed') {
        // No arguments at all: what parses them wants an object.
        text = '{}';
        out += this.#delta('response.function_call_arguments.delta', text);
      }
      out += this.#write('response.function_call_arguments.done', `${this.#head}"arguments":${JSON.stringify(text)}`);
    }
    this.value = callItem(this.#id, { ...this.#call, text }, status);
    return out + finishItem(this.#write, this.#index, this);
  }

  #delta(type: string, text: string): string {
    return this.#write(type, `${this.#head}"delta":${JSON.stringify(text)}`);
  }
}
