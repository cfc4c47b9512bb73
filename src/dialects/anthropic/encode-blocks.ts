import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { NeutralPart, NeutralSource } from '../neutral/request.ts';
import { parseDataUri } from '../openai/data-uri.ts';
import { parseToolArguments } from '../openai/tool-arguments.ts';
import { cacheControl, wireCallId } from './wire.ts';

/** What the writers of one request share. */
export interface EncodeState {
  /** Names a loss, once for each text. */
  warn(warning: string): void;
}

/** The origins of thoughts whose tokens are Claude's. */
const CLAUDES: ReadonlySet<string> = new Set(['anthropic', 'bedrock-converse']);

/** Whether a thought has a token of Anthropic's by which it may go back: a signature, or its redacted content. */
export function isProvenThought(part: NeutralPart): boolean {
  if (part.type !== 'reasoning' || (part.signature === undefined && part.encrypted === undefined)) return false;
  return part.origin === undefined || CLAUDES.has(part.origin.dialect);
}

function unsupported(message: string): GatewayError {
  return new GatewayError('unsupported_parameter', message, { param: 'messages' });
}

function decodeText(data: string): string {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

function encodeSource(source: NeutralSource, part: NeutralPart, kind: string): JsonObject {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data };
    case 'url': {
      const inline = parseDataUri(source.url);
      if (inline !== undefined) return { type: 'base64', media_type: inline.mediaType, data: inline.data };
      return { type: 'url', url: source.url };
    }
    case 'file':
      if (part.origin?.dialect !== 'anthropic') {
        throw unsupported(`${kind} given by file id lives at another provider; send its bytes or a URL instead.`);
      }
      return { type: 'file', file_id: source.id };
    default:
      return source satisfies never;
  }
}

function encodeDocument(part: NeutralPart & { type: 'document' }): JsonObject {
  const block: JsonObject = { ...ownOrigin(part), type: 'document' };
  const source = part.source;
  if (source.kind === 'text') {
    block['source'] = { type: 'text', media_type: 'text/plain', data: source.text };
  } else if (source.kind === 'base64' && source.mediaType.startsWith('text/')) {
    block['source'] = { type: 'text', media_type: 'text/plain', data: decodeText(source.data) };
  } else if (source.kind === 'base64' && source.mediaType !== 'application/pdf') {
    throw unsupported(`The Messages API takes PDF and text documents, not '${source.mediaType}'.`);
  } else {
    block['source'] = encodeSource(source, part, 'A document');
  }
  if (part.name !== undefined) block['title'] = part.name;
  if (part.context !== undefined) block['context'] = part.context;
  return block;
}

function ownOrigin(part: NeutralPart): JsonObject | undefined {
  return part.origin?.dialect === 'anthropic' ? part.origin.value : undefined;
}

function encodeReasoning(part: NeutralPart & { type: 'reasoning' }, state: EncodeState): JsonObject | undefined {
  if (isProvenThought(part)) {
    if (part.encrypted !== undefined) return { type: 'redacted_thinking', data: part.encrypted };
    return { type: 'thinking', thinking: part.text, signature: part.signature ?? '' };
  }
  state.warn('Thoughts without a signature of Anthropic were left out: the Messages API refuses them.');
  return undefined;
}

function encodeResult(part: NeutralPart & { type: 'tool-result' }, state: EncodeState): JsonObject {
  const block: JsonObject = { ...ownOrigin(part), type: 'tool_result', tool_use_id: wireCallId(part.callId) };
  const content = encodeBlocks(part.content, state);
  if (content.length > 0) block['content'] = content;
  block['is_error'] = part.isError ?? false;
  return block;
}

function encodeBare(part: NeutralPart, state: EncodeState): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      if (part.origin !== undefined && part.origin.dialect !== 'anthropic' && hasAnnotations(part)) {
        state.warn('Annotations on text were left out: the Messages API cannot carry them.');
      }
      // The API refuses blocks without visible text.
      return part.text.trim() === '' ? undefined : { ...ownOrigin(part), type: 'text', text: part.text };
    case 'refusal':
      return part.text.trim() === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
      if (part.detail === 'low' || part.detail === 'high') {
        state.warn("An image's detail level was left out: the Messages API has none.");
      }
      return { ...ownOrigin(part), type: 'image', source: encodeSource(part.source, part, 'An image') };
    case 'document':
      return encodeDocument(part);
    case 'audio':
      throw unsupported('The Messages API takes no audio.');
    case 'video':
      throw unsupported('The Messages API takes no video.');
    case 'reasoning':
      return encodeReasoning(part, state);
    case 'tool-call': {
      const { input, whole } = parseToolArguments(part.arguments);
      if (!whole) state.warn('Arguments of a tool call that are no JSON object were sent as a text field of one.');
      if (part.signature !== undefined)
        state.warn('A thought signature of another provider on a tool call was left out.');
      return { ...ownOrigin(part), type: 'tool_use', id: wireCallId(part.id), name: part.name, input };
    }
    case 'tool-result':
      return encodeResult(part, state);
    case 'opaque':
      return encodeOpaque(part, state);
    default:
      return part satisfies never;
  }
}

function hasAnnotations(part: NeutralPart): boolean {
  const annotations = part.origin?.value['annotations'];
  return Array.isArray(annotations) && annotations.length > 0;
}

function encodeOpaque(part: NeutralPart & { type: 'opaque' }, state: EncodeState): JsonObject | undefined {
  if (part.dialect === 'anthropic' && isObject(part.value)) return part.value;
  const fields = isObject(part.value) && isObject(part.value['message_fields']) ? part.value['message_fields'] : {};
  const names = Object.keys(fields);
  const what = names.length > 0 ? `The message field '${names.join("', '")}'` : 'A content part';
  state.warn(`${what} that only the ${part.dialect} API knows was left out.`);
  return undefined;
}

/** Writes one content block; `undefined` for a part that says nothing here, or that is left out with a warning. */
export function encodeBlock(part: NeutralPart, state: EncodeState): JsonObject | undefined {
  const block = encodeBare(part, state);
  // Thinking blocks take no mark; an opaque block carries its own.
  if (block !== undefined && part.cache !== undefined && part.type !== 'reasoning') {
    block['cache_control'] ??= cacheControl(part.cache);
  }
  return block;
}

/** Writes the content blocks of these parts. */
export function encodeBlocks(parts: NeutralPart[], state: EncodeState): JsonObject[] {
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = encodeBlock(part, state);
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}
