import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralToolCall, NeutralToolResult } from '../neutral/request.ts';
import { annotationsOf } from './annotations.ts';
import { type EncodeState, encodePart, warnOfOpaque } from './encode-parts.ts';
import { encodeReasoning } from './encode-reasoning.ts';
import { ownValue, RESPONSES, unwrapCustomInput, wireCallId } from './wire.ts';

/** A lone plain text is written as a string: the form every server knows. */
function asContent(parts: JsonObject[]): JsonValue {
  const only = parts.length === 1 ? parts[0] : undefined;
  const plain = only?.['type'] === 'input_text' && Object.keys(only).length === 2;
  return plain ? (only?.['text'] ?? '') : parts;
}

/** Chat's custom tool call holds its text one level deeper. */
function chatCustomInput(call: NeutralPart): string | undefined {
  const value = call.origin?.dialect === 'openai-chat' ? call.origin.value['custom'] : undefined;
  return isObject(value) && typeof value['input'] === 'string' ? value['input'] : undefined;
}

function encodeCall(part: NeutralPart & NeutralToolCall, state: EncodeState): JsonObject {
  if (part.signature !== undefined) {
    state.warn('A thought signature of another provider on a tool call was left out.');
  }
  const own = ownValue(part);
  const callId = wireCallId(part.id);
  const chatInput = chatCustomInput(part);
  if (own?.['type'] === 'custom_tool_call' || chatInput !== undefined || state.customTools.has(part.name)) {
    const input = chatInput ?? unwrapCustomInput(part.arguments);
    return { ...own, type: 'custom_tool_call', call_id: callId, name: part.name, input };
  }
  const text = part.arguments === '' ? '{}' : part.arguments;
  return { ...own, type: 'function_call', call_id: callId, name: part.name, arguments: text };
}

/** Writes an answer's text with its label and annotations, as far as OpenAI knows them. */
function encodeOutputText(part: NeutralPart & { type: 'text' }, state: EncodeState): JsonObject {
  const annotations = annotationsOf(part, part.text.length);
  if (part.origin !== undefined && ownValue(part) === undefined && annotations.length === 0) {
    state.warn('Citations and other marks on text were left out: the Responses API cannot carry them.');
  }
  return { type: 'output_text', text: part.text, annotations };
}

/** One message of the model: what it said between two items of other kinds. */
class AnswerText {
  #content: JsonObject[] = [];
  #phase: JsonValue | undefined;
  readonly #items: JsonObject[];

  constructor(items: JsonObject[]) {
    this.#items = items;
  }

  add(content: JsonObject, phase: JsonValue | undefined): void {
    if (phase !== undefined && phase !== this.#phase) this.flush();
    if (phase !== undefined) this.#phase = phase;
    this.#content.push(content);
  }

  flush(): void {
    const [only] = this.#content;
    if (only === undefined) return;
    const annotated = Array.isArray(only['annotations']) && only['annotations'].length > 0;
    const plain = this.#content.length === 1 && only['type'] === 'output_text' && !annotated;
    const item: JsonObject = {
      type: 'message',
      role: 'assistant',
      content: plain ? only['text'] : this.#content,
    };
    if (this.#phase !== undefined) item['phase'] = this.#phase;
    this.#items.push(item);
    this.#content = [];
    this.#phase = undefined;
  }
}

function encodeAssistant(parts: readonly NeutralPart[], state: EncodeState): JsonObject[] {
  const items: JsonObject[] = [];
  const text = new AnswerText(items);
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (part === undefined) continue;
    switch (part.type) {
      case 'text':
        if (part.text !== '') text.add(encodeOutputText(part, state), ownValue(part)?.['phase']);
        break;
      case 'refusal':
        text.add({ type: 'refusal', refusal: part.text }, undefined);
        break;
      case 'tool-call':
        text.flush();
        items.push(encodeCall(part, state));
        break;
      case 'reasoning': {
        text.flush();
        const { item, next } = encodeReasoning(parts, at, state);
        if (item !== undefined) items.push(item);
        at = next - 1;
        break;
      }
      case 'opaque':
        text.flush();
        if (part.dialect === RESPONSES && isObject(part.value)) items.push(part.value);
        else warnOfOpaque(part, state);
        break;
      case 'tool-result':
        // Written after the message.
        break;
      default:
        state.warn(`A part of type ${part.type} in an answer was left out: the Responses API takes none back.`);
    }
  }
  text.flush();
  while (!state.sameDialect && items.at(-1)?.['type'] === 'reasoning') {
    // OpenAI refuses reasoning without the item it led to.
    state.warn('Thoughts that led to no words and no call were left out: OpenAI refuses them.');
    items.pop();
  }
  return items;
}

function encodeOutput(part: NeutralPart & NeutralToolResult, state: EncodeState): JsonObject {
  if (part.isError === true && !state.sameDialect && !state.guessedErrors) {
    state.warn('The error flag of a tool result was left out: the Responses API has none; its text says what failed.');
  }
  if (part.cache !== undefined && !state.sameDialect) {
    state.warn('Prompt cache marks were left out: OpenAI caches prompts by itself.');
  }
  const own = ownValue(part);
  const custom =
    own?.['type'] === 'custom_tool_call_output' || (part.name !== undefined && state.customTools.has(part.name));
  const content = part.content.flatMap((inner) => encodePart(inner, state));
  return {
    ...own,
    type: custom ? 'custom_tool_call_output' : 'function_call_output',
    call_id: wireCallId(part.callId),
    output: content.length === 0 ? '' : asContent(content),
  };
}

/** Writes the conversation as `input` items, in order; instructions stay where they stand, under their role. */
export function encodeInput(messages: readonly NeutralMessage[], state: EncodeState): JsonObject[] {
  const items: JsonObject[] = [];
  for (const message of messages) {
    if (message.name !== undefined) state.warn("Participants' names were left out: the Responses API has none.");
    for (const part of message.content) {
      // Results of a user turn come first: nothing may stand between a call and its output.
      if (part.type === 'tool-result') items.push(encodeOutput(part, state));
    }
    if (message.role === 'assistant') {
      items.push(...encodeAssistant(message.content, state));
      continue;
    }
    const content = message.content.flatMap((part) => encodePart(part, state));
    if (content.length === 0) continue;
    // A tool's message holds nothing else in most APIs; what one adds is the user's.
    const role = message.role === 'tool' ? 'user' : message.role;
    items.push({ type: 'message', role, content: asContent(content) });
  }
  return items;
}
