import type { JsonObject } from '../../json/types.ts';
import type { NeutralCacheMark, NeutralPart, NeutralSource } from '../neutral/request.ts';
import { readCitations } from './citations.ts';
import { fromBlob } from './opaque-bytes.ts';
import {
  AUDIO_FORMATS,
  asObject,
  asString,
  BEDROCK,
  DOCUMENT_FORMATS,
  hasOnly,
  IMAGE_FORMATS,
  mediaTypeOf,
  objectsOf,
  originOf,
  VIDEO_FORMATS,
} from './wire.ts';

/** Refuses a block whose required field is missing; `path` names the field below the block. */
export type RefuseBlock = (path: string, wanted: string) => never;

/**
 * Reads a content block (API_runtime_ContentBlock) that is no `cachePoint`. What says more than the neutral part
 * keeps its block as `origin`; what has no neutral meaning becomes an opaque part.
 */
export function decodeBlock(block: JsonObject, refuse: RefuseBlock): NeutralPart {
  const text = asString(block['text']);
  if (text !== undefined) return { type: 'text', text };
  for (const kind of Object.keys(block)) {
    const value = asObject(block[kind]);
    if (value === undefined) continue;
    switch (kind) {
      case 'image':
        return decodeImage(block, value);
      case 'document':
        return decodeDocument(block, value);
      case 'video':
        return decodeMedia(block, value, { type: 'video', formats: VIDEO_FORMATS, prefix: 'video/' });
      case 'audio':
        return decodeMedia(block, value, { type: 'audio', formats: AUDIO_FORMATS, prefix: 'audio/' });
      case 'toolUse':
        return decodeToolUse(block, value, refuse);
      case 'toolResult':
        return decodeToolResult(block, value, refuse);
      case 'reasoningContent':
        return decodeReasoning(block, value);
      case 'citationsContent': {
        const citations = readCitations(value['citations']);
        return { type: 'text', text: textOf(value['content']), citations, origin: originOf(block) };
      }
      case 'searchResult':
        return { type: 'text', text: textOf(value['content']), origin: originOf(block) };
      case 'guardContent':
        return decodeGuardContent(block, value);
    }
  }
  return { type: 'opaque', dialect: BEDROCK, value: block };
}

/** The cache mark of a `cachePoint` block; undefined for any other block. */
export function decodeCachePoint(block: JsonObject): NeutralCacheMark | undefined {
  const point = asObject(block['cachePoint']);
  if (point === undefined) return undefined;
  const ttl = point['ttl'];
  return ttl === '5m' || ttl === '1h' ? { ttl } : {};
}

/** The texts of a list of `{text}` blocks, joined. */
export function textOf(content: JsonObject[string]): string {
  return objectsOf(content)
    .map((block) => asString(block['text']) ?? '')
    .join('');
}

function decodeImage(block: JsonObject, image: JsonObject): NeutralPart {
  const source = decodeSource(image, IMAGE_FORMATS, 'image/');
  if (source === undefined) return { type: 'opaque', dialect: BEDROCK, value: block };
  const exact = hasOnly(image, ['format', 'source']) && source.kind === 'base64';
  return { type: 'image', source, ...(exact ? {} : { origin: originOf(block) }) };
}

function decodeMedia(
  block: JsonObject,
  media: JsonObject,
  kind: { type: 'video' | 'audio'; formats: Readonly<Record<string, string>>; prefix: string },
): NeutralPart {
  const source = decodeSource(media, kind.formats, kind.prefix);
  if (source === undefined) return { type: 'opaque', dialect: BEDROCK, value: block };
  const known = mediaTypeOf(kind.formats, asString(media['format']) ?? '') !== undefined;
  const exact = known && hasOnly(media, ['format', 'source']) && source.kind === 'base64';
  const origin = exact ? {} : { origin: originOf(block) };
  if (kind.type === 'video') return { type: 'video', source, ...origin };
  const format = asString(media['format']);
  return { type: 'audio', source, ...(format === undefined ? {} : { format }), ...origin };
}

function decodeDocument(block: JsonObject, document: JsonObject): NeutralPart {
  const source = asObject(document['source']) ?? {};
  const name = asString(document['name']);
  const context = asString(document['context']);
  const named = { ...(name === undefined ? {} : { name }), ...(context === undefined ? {} : { context }) };
  const text = asString(source['text']) ?? (Array.isArray(source['content']) ? textOf(source['content']) : undefined);
  if (text !== undefined) {
    return { type: 'document', source: { kind: 'text', text }, ...named, origin: originOf(block) };
  }
  const decoded = decodeSource(document, DOCUMENT_FORMATS, 'application/');
  if (decoded === undefined) return { type: 'opaque', dialect: BEDROCK, value: block };
  const exact = hasOnly(document, ['format', 'name', 'source', 'context']) && decoded.kind === 'base64';
  return { type: 'document', source: decoded, ...named, ...(exact ? {} : { origin: originOf(block) }) };
}

/** `{bytes}` or `{s3Location: {uri}}`; undefined for a source of another kind. */
function decodeSource(
  media: JsonObject,
  formats: Readonly<Record<string, string>>,
  fallbackPrefix: string,
): NeutralSource | undefined {
  const source = asObject(media['source']);
  const format = asString(media['format']) ?? '';
  const mediaType = mediaTypeOf(formats, format) ?? fallbackPrefix + format;
  const data = asString(source?.['bytes']);
  if (data !== undefined) return { kind: 'base64', mediaType, data };
  const url = asString(asObject(source?.['s3Location'])?.['uri']);
  return url === undefined ? undefined : { kind: 'url', url, mediaType };
}

function decodeToolUse(block: JsonObject, toolUse: JsonObject, refuse: RefuseBlock): NeutralPart {
  // A server tool was run by Bedrock itself: no client may be asked to run it.
  if (toolUse['type'] !== undefined && toolUse['type'] !== null) {
    return { type: 'opaque', dialect: BEDROCK, value: block };
  }
  const id = asString(toolUse['toolUseId']) ?? refuse('toolUse.toolUseId', 'a string');
  const name = asString(toolUse['name']) ?? refuse('toolUse.name', 'a string');
  return { type: 'tool-call', id, name, arguments: JSON.stringify(toolUse['input'] ?? {}) };
}

function decodeToolResult(block: JsonObject, result: JsonObject, refuse: RefuseBlock): NeutralPart {
  if (result['type'] !== undefined && result['type'] !== null) {
    return { type: 'opaque', dialect: BEDROCK, value: block };
  }
  const callId = asString(result['toolUseId']) ?? refuse('toolResult.toolUseId', 'a string');
  const content = objectsOf(result['content']).map((inner): NeutralPart => {
    if (inner['json'] === undefined) return decodeBlock(inner, refuse);
    return { type: 'text', text: JSON.stringify(inner['json']), origin: originOf(inner) };
  });
  const status = result['status'];
  const isError = status === 'error' ? { isError: true } : status === 'success' ? { isError: false } : {};
  return { type: 'tool-result', callId, content, ...isError };
}

function decodeReasoning(block: JsonObject, reasoning: JsonObject): NeutralPart {
  const redacted = asString(reasoning['redactedContent']);
  if (redacted !== undefined) return { type: 'reasoning', text: '', encrypted: fromBlob(redacted) };
  const thought = asObject(reasoning['reasoningText']);
  if (thought === undefined) return { type: 'opaque', dialect: BEDROCK, value: block };
  const signature = asString(thought['signature']);
  return {
    type: 'reasoning',
    text: asString(thought['text']) ?? '',
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Guarded content is content all the same: other providers must see it too. */
function decodeGuardContent(block: JsonObject, guard: JsonObject): NeutralPart {
  const text = asString(asObject(guard['text'])?.['text']);
  if (text !== undefined) return { type: 'text', text, origin: originOf(block) };
  const source = decodeSource(asObject(guard['image']) ?? {}, IMAGE_FORMATS, 'image/');
  if (source !== undefined) return { type: 'image', source, origin: originOf(block) };
  return { type: 'opaque', dialect: BEDROCK, value: block };
}
