import type { JsonObject, JsonValue } from '../../json/types.ts';
import type {
  NeutralMessage,
  NeutralPart,
  NeutralReasoningPart,
  NeutralToolCall,
  NeutralToolResult,
} from '../neutral/request.ts';
import { type EncodeState, encodePart, writeCacheMark } from './encode-parts.ts';
import { messageFieldsOf, signatureExtra } from './wire.ts';

type Content = string | JsonObject[];

/** A lone plain text is written as a string: the form every server knows. */
function asContent(parts: JsonObject[]): Content {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only !== undefined && only['type'] === 'text' && Object.keys(only).length === 2) return String(only['text']);
  return parts;
}

function asParts(content: Content): JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function encodeParts(parts: NeutralPart[], state: EncodeState): JsonObject[] {
  const written: JsonObject[] = [];
  for (const part of parts) {
    const value = encodePart(part, state);
    if (value !== undefined) written.push(value);
  }
  return written;
}

/** Takes the client's own message fields out of the parts. */
function splitMessageFields(parts: NeutralPart[]): { rest: NeutralPart[]; fields: JsonObject } {
  let fields: JsonObject = {};
  const rest: NeutralPart[] = [];
  for (const part of parts) {
    const own = part.type === 'opaque' && part.dialect === 'openai-chat' ? messageFieldsOf(part.value) : undefined;
    if (own === undefined) rest.push(part);
    else fields = { ...fields, ...own };
  }
  return { rest, fields };
}

function encodeCall(part: NeutralToolCall & Pick<NeutralPart, 'origin' | 'cache'>, state: EncodeState): JsonObject {
  if (part.origin?.dialect === 'openai-chat') return part.origin.value;
  const call: JsonObject = {
    id: part.id,
    type: 'function',
    function: { name: part.name, arguments: part.arguments === '' ? '{}' : part.arguments },
  };
  if (part.signature !== undefined) call['extra_content'] = signatureExtra(part.signature);
  writeCacheMark(call, part.cache, state);
  return call;
}

function isSealed(part: NeutralReasoningPart): boolean {
  return part.signature !== undefined || part.encrypted !== undefined;
}

/**
 * Thoughts go back to the server that made them as it wrote them. Those of another API are given back only unsigned: an
 * OpenAI-compatible server made them and may want them, while a signed thought means nothing to it
 * and an unknown field is an error at OpenAI.
 */
function writeReasoning(
  message: JsonObject,
  parts: (NeutralReasoningPart & Pick<NeutralPart, 'origin'>)[],
  state: EncodeState,
): void {
  if (parts.length === 0) return;
  const own = parts.filter((part) => {
    const maker = part.origin?.dialect;
    // The client's own unmarked blocks, which it had from this very server, read as Anthropic's.
    if (maker === 'anthropic') return state.sameDialect;
    return maker === undefined ? state.sameDialect || !isSealed(part) : maker === 'openai-chat';
  });
  if (own.some(isSealed)) message['thinking_blocks'] = own.map(encodeThinkingBlock);
  if (own.length < parts.length) {
    const what = state.sameDialect ? 'Tokens of' : 'Signed or encrypted';
    state.warn(`${what} thoughts of another provider were left out: chat completions cannot carry them.`);
  }
  const text = (state.sameDialect ? parts : own).map((part) => part.text).join('');
  if (text !== '') message['reasoning_content'] = text;
}

/** A thought in the form of Anthropic's blocks, as `thinking_blocks` lists them. */
export function encodeThinkingBlock(part: NeutralReasoningPart): JsonObject {
  if (part.encrypted !== undefined) return { type: 'redacted_thinking', data: part.encrypted };
  return { type: 'thinking', thinking: part.text, signature: part.signature ?? '' };
}

function annotationsOf(parts: NeutralPart[]): JsonValue | undefined {
  for (const part of parts) {
    if (part.type === 'text' && part.origin?.dialect === 'openai-chat') {
      const annotations = part.origin.value['annotations'];
      if (annotations !== undefined) return annotations;
    }
  }
  return undefined;
}

function assistantContent(parts: NeutralPart[], state: EncodeState): Content | undefined {
  const written = encodeParts(parts, state);
  if (written.length === 0) return undefined;
  const plain = written.every((part) => part['type'] === 'text' && Object.keys(part).length === 2);
  // Many compatible servers take an assistant's content as a string only; to the model the join is the same text.
  if (plain && !state.sameDialect) return written.map((part) => part['text']).join('');
  return asContent(written);
}

function encodeAssistant(source: NeutralMessage, state: EncodeState): JsonObject {
  const { rest, fields } = splitMessageFields(source.content);
  const message: JsonObject = { ...fields, role: 'assistant' };
  if (source.name !== undefined) message['name'] = source.name;
  const refusals = rest.filter((part) => part.type === 'refusal');
  const visible = refusals.length === 1 ? rest.filter((part) => part.type !== 'refusal') : rest;
  const content = assistantContent(visible, state);
  if (content !== undefined) message['content'] = content;
  if (refusals.length === 1) message['refusal'] = refusals[0]?.text;
  const reasoning = rest.filter((part) => part.type === 'reasoning');
  writeReasoning(message, reasoning, state);
  const calls = rest.filter((part) => part.type === 'tool-call').map((part) => encodeCall(part, state));
  if (calls.length > 0) message['tool_calls'] = calls;
  else if (content === undefined && refusals.length !== 1) message['content'] = '';
  const annotations = annotationsOf(rest);
  if (annotations !== undefined) message['annotations'] = annotations;
  return message;
}

type ToolResult = NeutralToolResult & Pick<NeutralPart, 'cache' | 'origin'>;

/** A tool message takes text only; what else a result holds follows in a user message. */
function encodeResult(part: ToolResult, state: EncodeState): { message: JsonObject; attached: JsonObject[] } {
  const texts = part.content.filter((item) => item.type === 'text');
  const others = state.sameDialect ? [] : part.content.filter((item) => item.type !== 'text');
  const parts = encodeParts(state.sameDialect ? part.content : texts, state);
  const message: JsonObject = {
    role: 'tool',
    tool_call_id: part.callId,
    content: parts.length === 0 ? '' : asContent(parts),
  };
  writeCacheMark(message, part.cache, state);
  if (part.isError === true && !state.sameDialect) {
    state.warn('The error flag of a tool result was left out: chat completions have none; its text says what failed.');
  }
  const attached = encodeParts(others, state);
  if (attached.length === 0) return { message, attached };
  if (texts.length === 0) message['content'] = 'The result follows in the next user message.';
  state.warn('Images and documents of a tool result were moved to a user message: tool messages take text only.');
  return {
    message,
    attached: [{ type: 'text', text: `Attached to the result of tool call ${part.callId}:` }, ...attached],
  };
}

function encodeTextRole(source: NeutralMessage, state: EncodeState): JsonObject {
  const { rest, fields } = splitMessageFields(source.content);
  const message: JsonObject = { ...fields, role: source.role };
  if (source.name !== undefined) message['name'] = source.name;
  message['content'] = asContent(encodeParts(rest, state));
  return message;
}

/** Writes `messages`. */
export function encodeMessages(messages: NeutralMessage[], state: EncodeState): JsonObject[] {
  const written: JsonObject[] = [];
  let attachments: JsonObject[] = [];
  const flush = (): void => {
    // After the whole run of tool messages: nothing may stand between a call and its results.
    if (attachments.length > 0) written.push({ role: 'user', content: attachments });
    attachments = [];
  };
  for (const source of messages) {
    const results = source.content.filter((part) => part.type === 'tool-result');
    // A user message that follows takes them up: some servers want roles to alternate.
    if (results.length === 0 && source.role !== 'user') flush();
    for (const part of results) {
      const { message, attached } = encodeResult(part, state);
      written.push(source.role === 'tool' ? { ...splitMessageFields(source.content).fields, ...message } : message);
      attachments.push(...attached);
    }
    if (source.role === 'tool') continue;
    if (source.role === 'assistant') {
      written.push(encodeAssistant(source, state));
    } else if (source.content.some((part) => part.type !== 'tool-result') || results.length === 0) {
      const message = encodeTextRole(source, state);
      if (attachments.length > 0) message['content'] = [...attachments, ...asParts(message['content'] as Content)];
      attachments = [];
      written.push(message);
    }
  }
  flush();
  return written;
}
