import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { readAnnotations } from './annotations.ts';
import { textOrigin } from './decode-items.ts';
import { decodeOwnReasoning, SUMMARY_BREAK } from './decode-reasoning.ts';
import { originOf, RESPONSES } from './wire.ts';

type Emit = (event: NeutralEvent) => void;

/** Hands out block numbers. */
export interface BlockNumbers {
  next: number;
}

/** Reads the events of one output item into blocks. */
export interface ItemReader {
  /** An event of this item between `added` and `done`. */
  read(type: string, body: JsonObject, emit: Emit): void;
  /** The item is done; without it, the stream's end closes what is open. */
  close(item: JsonObject | undefined, emit: Emit): void;
}

/** A content part of a message while it streams. */
interface Part {
  kind: 'text' | 'refusal';
  block: number;
  length: number;
  ended: boolean;
  annotations: JsonValue[];
}

/** Makes the reader of a message: each content part is a block. */
export function createMessageReader(added: JsonObject, blocks: BlockNumbers): ItemReader {
  const parts = new Map<number, Part>();

  const partOf = (index: number, kind: Part['kind'], emit: Emit): Part => {
    let part = parts.get(index);
    if (part === undefined) {
      part = { kind, block: blocks.next++, length: 0, ended: false, annotations: [] };
      parts.set(index, part);
      if (kind === 'text') emit({ type: 'text-start', candidate: 0, block: part.block });
    }
    return part;
  };

  const say = (part: Part, text: string, logprobs: JsonValue | undefined, emit: Emit): void => {
    if (part.ended || text === '') return;
    part.length += text.length;
    const at = { candidate: 0, block: part.block };
    if (part.kind === 'refusal') emit({ type: 'refusal-delta', ...at, text });
    else if (Array.isArray(logprobs) && logprobs.length > 0) {
      emit({ type: 'text-delta', ...at, text, logprobs: { content: logprobs } });
    } else emit({ type: 'text-delta', ...at, text });
  };

  const end = (part: Part, value: JsonObject | undefined, phase: JsonValue | undefined, emit: Emit): void => {
    if (part.ended) return;
    part.ended = true;
    if (part.kind === 'refusal') return;
    const annotations = Array.isArray(value?.['annotations']) ? value['annotations'] : part.annotations;
    const origin = textOrigin({ annotations }, phase);
    const event: NeutralEvent & { type: 'text-end' } = { type: 'text-end', candidate: 0, block: part.block };
    if (origin !== undefined) event.origin = originOf(origin);
    if (annotations.length > 0) event.citations = readAnnotations(annotations);
    emit(event);
  };

  /** A finished part: its whole text counts only where nothing of it was streamed. */
  const settle = (index: number, value: JsonObject, emit: Emit): Part | undefined => {
    const kind = value['type'] === 'refusal' ? 'refusal' : 'text';
    const known = parts.get(index);
    const whole = textOf(value[kind === 'text' ? 'text' : 'refusal']) ?? '';
    if (known === undefined && whole === '') return undefined;
    const part = known ?? partOf(index, kind, emit);
    if (part.length === 0) say(part, whole, value['logprobs'], emit);
    return part;
  };

  return {
    read(type, body, emit) {
      const index = typeof body['content_index'] === 'number' ? body['content_index'] : 0;
      switch (type) {
        case 'response.content_part.added': {
          const kind = textOf(objectOf(body['part'])?.['type']);
          if (kind === 'output_text' || kind === 'refusal') {
            partOf(index, kind === 'refusal' ? 'refusal' : 'text', emit);
          }
          return;
        }
        case 'response.output_text.delta':
          say(partOf(index, 'text', emit), textOf(body['delta']) ?? '', body['logprobs'], emit);
          return;
        case 'response.refusal.delta':
          say(partOf(index, 'refusal', emit), textOf(body['delta']) ?? '', undefined, emit);
          return;
        case 'response.output_text.annotation.added':
          if (body['annotation'] !== undefined && body['annotation'] !== null) {
            partOf(index, 'text', emit).annotations.push(body['annotation']);
          }
          return;
        case 'response.output_text.done':
          settle(index, { type: 'output_text', text: body['text'], logprobs: body['logprobs'] }, emit);
          return;
        case 'response.refusal.done':
          settle(index, { type: 'refusal', refusal: body['refusal'] }, emit);
          return;
        case 'response.content_part.done': {
          const value = objectOf(body['part']);
          const part = value === undefined ? undefined : settle(index, value, emit);
          if (part !== undefined) end(part, value, added['phase'], emit);
          return;
        }
        default:
      }
    },
    close(item, emit) {
      const content = Array.isArray(item?.['content']) ? item['content'] : [];
      for (const [index, value] of content.entries()) {
        const given = objectOf(value);
        if (given === undefined) continue;
        if (given['type'] !== 'output_text' && given['type'] !== 'refusal') {
          emit({ type: 'opaque', dialect: RESPONSES, candidate: 0, block: blocks.next++, value: given });
          continue;
        }
        const part = settle(index, given, emit);
        if (part !== undefined) end(part, given, item?.['phase'] ?? added['phase'], emit);
      }
      for (const part of parts.values()) end(part, undefined, added['phase'], emit);
    },
  };
}

/** Makes the reader of a reasoning item: one block. Summary parts are one text; the reasoning itself counts where no summary is given. */
export function createReasoningReader(added: JsonObject, blocks: BlockNumbers, emit: Emit): ItemReader {
  const block = blocks.next++;
  let source: 'summary' | 'content' | undefined;
  let part = 0;
  let ended = false;
  emit({ type: 'reasoning-start', candidate: 0, block });

  const say = (from: 'summary' | 'content', text: string, to: Emit): void => {
    source ??= from;
    if (source === from && text !== '') to({ type: 'reasoning-delta', candidate: 0, block, text });
  };

  return {
    read(type, body, to) {
      const text = textOf(body['delta']) ?? '';
      if (type === 'response.reasoning_text.delta') say('content', text, to);
      if (type !== 'response.reasoning_summary_text.delta') return;
      const index = typeof body['summary_index'] === 'number' ? body['summary_index'] : part;
      if (index !== part) say('summary', SUMMARY_BREAK, to);
      part = index;
      say('summary', text, to);
    },
    close(item, to) {
      if (ended) return;
      ended = true;
      const whole = decodeOwnReasoning(item ?? added);
      if (whole.type !== 'reasoning') return;
      if (source === undefined) say('summary', whole.text, to);
      const event: NeutralEvent & { type: 'reasoning-end' } = { type: 'reasoning-end', candidate: 0, block };
      if (whole.encrypted !== undefined) event.encrypted = whole.encrypted;
      if (item !== undefined) event.origin = originOf(item);
      to(event);
    },
  };
}

/** Makes the reader of a call: of a function, whose arguments are JSON, or of a custom tool, whose text becomes JSON. */
export function createCallReader(
  added: JsonObject,
  to: { blocks: BlockNumbers; context: ProviderResponseContext; emit: Emit },
): ItemReader {
  const custom = added['type'] === 'custom_tool_call';
  const block = to.blocks.next++;
  const at = { candidate: 0, block };
  let argued = false;
  let ended = false;
  to.emit({
    type: 'tool-call-start',
    ...at,
    id: textOf(added['call_id']) || to.context.newId('call_'),
    name: textOf(added['name']) ?? '',
  });

  const argue = (text: string, emit: Emit): void => {
    if (text === '') return;
    const opening = custom && !argued ? '{"input":"' : '';
    argued = true;
    const escaped = custom ? JSON.stringify(text).slice(1, -1) : text;
    emit({ type: 'tool-call-delta', ...at, arguments: opening + escaped });
  };

  return {
    read(type, body, emit) {
      if (ended) return;
      switch (type) {
        case 'response.function_call_arguments.delta':
        case 'response.custom_tool_call_input.delta':
          argue(textOf(body['delta']) ?? '', emit);
          return;
        case 'response.function_call_arguments.done':
          if (!argued) argue(textOf(body['arguments']) ?? '', emit);
          return;
        case 'response.custom_tool_call_input.done':
          if (!argued) argue(textOf(body['input']) ?? '', emit);
          return;
        default:
      }
    },
    close(item, emit) {
      if (ended) return;
      if (!argued) argue(textOf(item?.[custom ? 'input' : 'arguments']) ?? '', emit);
      ended = true;
      if (custom) emit({ type: 'tool-call-delta', ...at, arguments: argued ? '"}' : '{"input":""}' });
      emit({ type: 'tool-call-end', ...at });
    },
  };
}

/** Makes the reader of an item that the gateway does not know: it is handed on whole. */
export function createOpaqueReader(added: JsonObject, blocks: BlockNumbers): ItemReader {
  const block = blocks.next++;
  let ended = false;
  return {
    read() {
      // Progress of a tool that OpenAI runs; the finished item tells all.
    },
    close(item, emit) {
      if (ended) return;
      ended = true;
      emit({ type: 'opaque', dialect: RESPONSES, candidate: 0, block, value: item ?? added });
    },
  };
}
