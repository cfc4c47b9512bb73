import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { placeCallSignatures, thoughtTokens } from '../neutral/opaque-token.ts';
import type { NeutralCacheMark, NeutralPart, NeutralSource } from '../neutral/request.ts';
import {
  hasOtherFields,
  readBoolean,
  readObject,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { readCitations } from './citations.ts';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'cache_control']);
const MEDIA_FIELDS: ReadonlySet<string> = new Set(['type', 'source', 'title', 'context', 'cache_control']);
const CALL_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'name', 'input', 'cache_control']);
const RESULT_FIELDS: ReadonlySet<string> = new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control']);

/** The mark in `cache_control`. */
export function readCacheMark(object: JsonObject, at: string): NeutralCacheMark | undefined {
  const control = readObject(object, 'cache_control', at);
  if (control === undefined) return undefined;
  const ttl = readString(control, 'ttl', `${at}.cache_control`);
  return ttl === '5m' || ttl === '1h' ? { ttl } : {};
}

/** Adds the cache mark, and the block itself where it holds more than the part does. */
function finish(
  part: NeutralPart,
  block: JsonObject,
  options: { at: string; known: ReadonlySet<string> },
): NeutralPart {
  const cache = readCacheMark(block, options.at);
  if (cache !== undefined) part.cache = cache;
  if (part.origin === undefined && hasOtherFields(block, options.known)) {
    // Text and bytes are in the part: a second copy would double what a large block holds.
    const { text: _text, source: _source, content: _content, ...rest } = block;
    part.origin = { dialect: 'anthropic', value: rest };
  }
  return part;
}

function readSource(block: JsonObject, at: string): NeutralSource | { kind: 'text'; text: string } | undefined {
  const place = `${at}.source`;
  const source = requireObject(block['source'], place);
  switch (requireString(source, 'type', place)) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: requireString(source, 'media_type', place),
        data: requireString(source, 'data', place),
      };
    case 'url':
      return { kind: 'url', url: requireString(source, 'url', place) };
    case 'file':
      return { kind: 'file', id: requireString(source, 'file_id', place) };
    case 'text':
      return { kind: 'text', text: requireString(source, 'data', place) };
    default:
      return undefined;
  }
}

function decodeMedia(block: JsonObject, at: string): NeutralPart {
  const source = readSource(block, at);
  const opaque: NeutralPart = { type: 'opaque', dialect: 'anthropic', value: block };
  // Custom content documents and sources of the future.
  if (source === undefined) return opaque;
  let part: NeutralPart;
  if (block['type'] === 'image') {
    if (source.kind === 'text') return opaque;
    part = { type: 'image', source };
  } else {
    part = { type: 'document', source };
    const name = readString(block, 'title', at);
    if (name !== undefined) part.name = name;
    const context = readString(block, 'context', at);
    if (context !== undefined) part.context = context;
  }
  // An id means something here only: the origin says so.
  if (source.kind === 'file') part.origin = { dialect: 'anthropic', value: {} };
  return finish(part, block, { at, known: MEDIA_FIELDS });
}

function decodeResult(block: JsonObject, at: string, names: ReadonlyMap<string, string>): NeutralPart {
  const callId = requireString(block, 'tool_use_id', at);
  const part: NeutralPart = {
    type: 'tool-result',
    callId,
    content: decodeContent(block['content'], `${at}.content`, names),
  };
  const name = names.get(callId);
  if (name !== undefined) part.name = name;
  const isError = readBoolean(block, 'is_error', at);
  if (isError !== undefined) part.isError = isError;
  return finish(part, block, { at, known: RESULT_FIELDS });
}

/** Reads one content block. `names` are the functions of the calls so far, by id. A block of an unknown type is kept as it is. */
export function decodeBlock(item: JsonValue, at: string, names: ReadonlyMap<string, string>): NeutralPart {
  const block = requireObject(item, at);
  switch (requireString(block, 'type', at)) {
    case 'text': {
      const part: NeutralPart = { type: 'text', text: requireString(block, 'text', at) };
      const citations = block['citations'];
      if (Array.isArray(citations) && citations.length > 0) part.citations = readCitations(citations);
      return finish(part, block, { at, known: TEXT_FIELDS });
    }
    case 'image':
    case 'document':
      return decodeMedia(block, at);
    case 'thinking': {
      const text = requireString(block, 'thinking', at);
      const signature = readString(block, 'signature', at);
      if (signature === undefined || signature === '') return { type: 'reasoning', text };
      return { type: 'reasoning', text, ...thoughtTokens(signature, 'signature', 'anthropic') };
    }
    case 'redacted_thinking': {
      const tokens = thoughtTokens(requireString(block, 'data', at), 'encrypted', 'anthropic');
      return { type: 'reasoning', text: '', ...tokens };
    }
    case 'tool_use': {
      const input = block['input'] ?? {};
      if (!isObject(input)) throw wrongField(`${at}.input`, 'an object');
      const part: NeutralPart = {
        type: 'tool-call',
        id: requireString(block, 'id', at),
        name: requireString(block, 'name', at),
        arguments: JSON.stringify(input),
      };
      return finish(part, block, { at, known: CALL_FIELDS });
    }
    case 'tool_result':
      return decodeResult(block, at, names);
    default:
      // Tools that run at the provider, search results, uploads.
      return { type: 'opaque', dialect: 'anthropic', value: block };
  }
}

/** Reads `content`: a text or a list of blocks. */
export function decodeContent(
  content: JsonValue | undefined,
  at: string,
  names: ReadonlyMap<string, string>,
): NeutralPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw wrongField(at, 'a string or an array of content blocks');
  return placeCallSignatures(content.map((item, index) => decodeBlock(item, `${at}[${index}]`, names)));
}
