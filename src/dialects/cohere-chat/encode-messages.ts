import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { toDataUri } from '../openai/data-uri.ts';
import { encodeDocument } from './documents.ts';
import { COHERE, citationsOf, isToolPlan } from './wire.ts';

/** What the writers of one request share. */
export interface EncodeState {
  /** Documents found in messages: the API takes them beside the conversation. */
  documents: JsonValue[];
  /** Names a loss, once for each text. */
  warn(warning: string): void;
}

type ToolResult = Extract<NeutralPart, { type: 'tool-result' }>;

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

function encodeImage(part: NeutralPart & { type: 'image' }): JsonObject {
  const { source } = part;
  if (source.kind === 'file') throw unsupported('An image given by file id lives at another provider; send its bytes.');
  const url = source.kind === 'url' ? source.url : toDataUri(source.mediaType, source.data);
  const image: JsonObject = { ...(part.origin?.dialect === COHERE ? part.origin.value : undefined), url };
  if (part.detail !== undefined) image['detail'] = part.detail;
  return { type: 'image_url', image_url: image };
}

/** Fields of a message that travel as an opaque part. */
function messageFields(parts: readonly NeutralPart[]): JsonObject {
  const fields: JsonObject = {};
  for (const part of parts) {
    if (part.type !== 'opaque' || part.dialect !== COHERE || !isObject(part.value)) continue;
    const own = part.value['message_fields'];
    if (isObject(own)) Object.assign(fields, own);
  }
  return fields;
}

/** Writes a part of a user's, system's or assistant's content; nothing for parts that are written elsewhere. */
function encodePart(part: NeutralPart, state: EncodeState): JsonObject[] {
  if (part.cache !== undefined) state.warn('Prompt cache marks were left out: Cohere caches prompts by itself.');
  switch (part.type) {
    case 'text':
      if (part.origin !== undefined && part.origin.dialect !== COHERE) {
        state.warn('Citations and other marks on text were left out: Cohere cannot read them.');
      }
      return [{ type: 'text', text: part.text }];
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [encodeImage(part)];
    case 'document':
      state.documents.push(encodeDocument(part));
      return [];
    case 'audio':
      throw unsupported('Cohere takes no audio.');
    case 'video':
      throw unsupported('Cohere takes no video.');
    case 'opaque':
      if (part.dialect === COHERE && isObject(part.value)) {
        return part.value['message_fields'] === undefined ? [part.value] : [];
      }
      state.warn(`A content part that only the ${part.dialect} API knows was left out.`);
      return [];
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
      // Written by the message they belong to.
      return [];
    default:
      return part satisfies never;
  }
}

/** A single plain text stands as a string, as most clients write it. */
function asContent(parts: JsonObject[]): JsonValue {
  const [only] = parts;
  return parts.length === 1 && only?.['type'] === 'text' ? (only['text'] ?? '') : parts;
}

/** A thought goes back only where Cohere, or a server without signatures, may have made it. */
function encodeThought(part: NeutralPart & { type: 'reasoning' }, state: EncodeState): JsonObject[] {
  const foreign = part.origin !== undefined && part.origin.dialect !== COHERE;
  if (part.signature !== undefined || part.encrypted !== undefined || foreign) {
    state.warn('Thoughts of another provider were left out: Cohere cannot read them.');
    return [];
  }
  return part.text === '' ? [] : [{ type: 'thinking', thinking: part.text }];
}

function encodeAssistant(source: NeutralMessage, state: EncodeState): JsonObject {
  const message: JsonObject = { ...messageFields(source.content), role: 'assistant' };
  const content: JsonObject[] = [];
  const citations: JsonValue[] = [];
  const calls: JsonObject[] = [];
  for (const part of source.content) {
    citations.push(...citationsOf(part.origin));
    if (part.type === 'reasoning' && isToolPlan(part.origin)) message['tool_plan'] = part.text;
    else if (part.type === 'reasoning') content.push(...encodeThought(part, state));
    else if (part.type === 'tool-call') {
      const text = part.arguments === '' ? '{}' : part.arguments;
      calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: text } });
    } else content.push(...encodePart(part, state));
  }
  if (content.length > 0) message['content'] = asContent(content);
  else if (calls.length === 0) message['content'] = '';
  if (calls.length > 0) message['tool_calls'] = calls;
  if (citations.length > 0) message['citations'] = citations;
  return message;
}

/** A tool message takes texts and documents; images of a result follow in a message of the user. */
function encodeResult(part: ToolResult, state: EncodeState): { message: JsonObject; attached: JsonObject[] } {
  const content: JsonObject[] = [];
  const attached: JsonObject[] = [];
  for (const item of part.content) {
    if (item.type === 'document') content.push({ type: 'document', document: resultDocument(item) });
    else if (item.type === 'image') attached.push(encodeImage(item));
    else content.push(...encodePart(item, state));
  }
  if (part.isError === true) {
    state.warn('The error flag of a tool result was left out: Cohere has none; its text says what failed.');
  }
  if (attached.length > 0) {
    state.warn('Images of a tool result were moved to a user message: tool messages take text only.');
    if (content.length === 0) content.push({ type: 'text', text: 'The result follows in the next user message.' });
  }
  const message: JsonObject = {
    role: 'tool',
    tool_call_id: part.callId,
    content: content.length === 0 ? '' : asContent(content),
  };
  return { message, attached };
}

/** Documents of results must be objects; those beside the conversation may be strings. */
function resultDocument(part: NeutralPart & { type: 'document' }): JsonValue {
  const document = encodeDocument(part);
  return typeof document === 'string' ? { data: document } : document;
}

function encodeTextRole(
  source: NeutralMessage,
  options: { role: 'user' | 'system'; attachments: JsonObject[]; state: EncodeState },
): JsonObject[] {
  const { role, attachments, state } = options;
  const content = [...attachments, ...source.content.flatMap((part) => encodePart(part, state))];
  if (role === 'system' && content.some((part) => part['type'] !== 'text')) {
    throw unsupported('Cohere takes only text as instructions; move images to a user message.');
  }
  if (content.length === 0) return [];
  return [{ ...messageFields(source.content), role, content: asContent(content) }];
}

/** Writes `messages`; documents among them are collected in `state`. */
export function encodeMessages(messages: readonly NeutralMessage[], state: EncodeState): JsonObject[] {
  const written: JsonObject[] = [];
  let attachments: JsonObject[] = [];
  const flush = (): void => {
    // After the whole run of tool messages: nothing may stand between a call and its results.
    if (attachments.length > 0) written.push({ role: 'user', content: attachments });
    attachments = [];
  };
  for (const source of messages) {
    if (source.name !== undefined) state.warn("Participants' names were left out: Cohere has none.");
    const results = source.content.filter((part) => part.type === 'tool-result');
    // What the user says next takes them up.
    if (results.length === 0 && source.role !== 'user') flush();
    for (const part of results) {
      const { message, attached } = encodeResult(part, state);
      written.push({ ...messageFields(source.content), ...message });
      attachments.push(...attached);
    }
    if (source.role === 'tool') continue;
    if (source.role === 'assistant') written.push(encodeAssistant(source, state));
    else {
      written.push(...encodeTextRole(source, { role: source.role === 'user' ? 'user' : 'system', attachments, state }));
      attachments = [];
    }
  }
  flush();
  return written;
}
