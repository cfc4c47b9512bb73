import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import { textToBase64 } from '../neutral/base64.ts';
import type { NeutralPart, NeutralSource, NeutralToolCall, NeutralToolResult } from '../neutral/request.ts';
import { parseDataUri } from '../openai/data-uri.ts';
import { createDocumentNames } from './document-name.ts';
import type { ModelTraits } from './model-family.ts';
import { toBlob } from './opaque-bytes.ts';
import { AUDIO_FORMATS, BEDROCK, DOCUMENT_FORMATS, IMAGE_FORMATS, ownBlock, VIDEO_FORMATS } from './wire.ts';

/** Writes one part as the content blocks it takes, a cache point included; `path` names the part in errors. */
export type PartEncoder = (part: NeutralPart, path: string) => JsonObject[];

/** Reasoning tokens of these dialects' parts are Claude's own, or without a maker's mark. */
const REASONING_ORIGINS = [undefined, BEDROCK, 'anthropic'];

/**
 * Makes the writer of the content blocks of one request. Images, documents and videos must be bytes or lie in S3:
 * Bedrock fetches no web address, so that one is refused with `unsupported_parameter` naming the part.
 */
export function createPartEncoder(traits: ModelTraits, warn: (warning: string) => void): PartEncoder {
  const documentName = createDocumentNames();

  function encodePart(part: NeutralPart, path: string): JsonObject | undefined {
    const own = ownBlock(part);
    if (own !== undefined) return own;
    switch (part.type) {
      case 'text':
      case 'refusal':
        return encodeText(part.text);
      case 'image':
        return { image: encodeMedia(part.source, { kind: 'image', formats: IMAGE_FORMATS, path }) };
      case 'video':
        return { video: encodeMedia(part.source, { kind: 'video', formats: VIDEO_FORMATS, path }) };
      case 'audio':
        return {
          audio: encodeMedia(part.source, { kind: 'audio', formats: AUDIO_FORMATS, path, hint: part.format }),
        };
      case 'document':
        return encodeDocument(part, path);
      case 'tool-call':
        if (part.signature !== undefined) {
          warn('A thought signature of another provider on a tool call was not sent: Bedrock has no place for it.');
        }
        return encodeToolUse(part, path);
      case 'tool-result':
        return encodeToolResult(part, path);
      case 'reasoning':
        return encodeReasoning(part);
      case 'opaque':
        warn(`A content block only ${part.dialect} understands was not sent to Bedrock.`);
        return undefined;
    }
  }

  /** Bedrock refuses blank text, which chat clients send beside tool calls. */
  function encodeText(text: string): JsonObject | undefined {
    if (text.trim() !== '') return { text };
    if (text !== '') warn('A text of white space alone was not sent: Bedrock refuses it.');
    return undefined;
  }

  function encodeDocument(part: Extract<NeutralPart, { type: 'document' }>, path: string): JsonObject {
    const name = documentName(part.name);
    const context = part.context === undefined ? {} : { context: part.context };
    if (part.source.kind === 'text') {
      // Plain bytes work with every model that reads documents; `source.text` only where citations do.
      return {
        document: { format: 'txt', name, source: { bytes: textToBase64(part.source.text) }, ...context },
      };
    }
    const extension = part.name?.slice(part.name.lastIndexOf('.') + 1).toLowerCase();
    const media = encodeMedia(part.source, { kind: 'document', formats: DOCUMENT_FORMATS, path, hint: extension });
    return { document: { ...media, name, ...context } };
  }

  function encodeToolResult(part: NeutralToolResult, path: string): JsonObject {
    const content: JsonObject[] = [];
    part.content.forEach((inner, index) => {
      if (inner.type === 'reasoning' || inner.type === 'tool-call' || inner.type === 'audio') {
        warn(`A ${inner.type} part inside a tool result was not sent: Bedrock takes none there.`);
        return;
      }
      const block = encodePart(inner, `${path}.content[${index}]`);
      if (block !== undefined) content.push(block);
    });
    // The reference system sends a null status where the client gave none; Bedrock takes it for absent.
    const status = part.isError === undefined ? null : part.isError ? 'error' : 'success';
    return { toolResult: { toolUseId: encodeToolUseId(part.callId), content, status } };
  }

  function encodeReasoning(part: Extract<NeutralPart, { type: 'reasoning' }>): JsonObject | undefined {
    if (!REASONING_ORIGINS.includes(part.origin?.dialect)) {
      warn(`Reasoning of ${part.origin?.dialect} was not sent: Bedrock cannot verify it.`);
      return undefined;
    }
    const takesTokens = traits.family === 'claude' || traits.family === 'other';
    if (!takesTokens && (part.encrypted ?? part.signature) !== undefined) {
      warn('The token of a thought was not sent: the model is not the one that made it.');
      if (part.text === '') return undefined;
      return { reasoningContent: { reasoningText: { text: part.text } } };
    }
    if (part.encrypted !== undefined) return { reasoningContent: { redactedContent: toBlob(part.encrypted) } };
    if (part.signature !== undefined) {
      return { reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } };
    }
    if (traits.family === 'claude') {
      warn('Reasoning without a signature was not sent: Claude refuses it.');
      return undefined;
    }
    return part.text === '' ? undefined : { reasoningContent: { reasoningText: { text: part.text } } };
  }

  return (part, path) => {
    const block = encodePart(part, path);
    const inside = part.type === 'tool-result' ? part.content.find((inner) => inner.cache !== undefined) : undefined;
    const cache = part.cache ?? inside?.cache;
    if (block === undefined) return [];
    return cache === undefined ? [block] : [block, encodeCachePoint(cache)];
  };
}

/** A `cachePoint` block; without a lifetime Bedrock's default of five minutes holds. */
export function encodeCachePoint(cache: { ttl?: string }): JsonObject {
  return { cachePoint: { type: 'default', ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) } };
}

function encodeToolUse(part: NeutralToolCall, path: string): JsonObject {
  return {
    toolUse: { toolUseId: encodeToolUseId(part.id), name: part.name, input: parseArguments(part, path) },
  };
}

function parseArguments(part: NeutralToolCall, path: string): JsonObject {
  if (part.arguments.trim() === '') return {};
  let input: unknown;
  try {
    input = JSON.parse(part.arguments);
  } catch {
    input = undefined;
  }
  if (isObject(input)) return input;
  throw new GatewayError('invalid_request', `The arguments of the tool call at ${path} must be a JSON object.`, {
    param: path,
  });
}

const TOOL_USE_ID = /^[a-zA-Z0-9_.:-]{1,64}$/;

/**
 * An id of a tool call as Bedrock takes it: 1 to 64 of `a-zA-Z0-9_.:-`. Another provider's id that is not so is
 * replaced by one that the same id always gives, so that call and result still meet.
 */
export function encodeToolUseId(id: string): string {
  if (TOOL_USE_ID.test(id)) return id;
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  const kept = id.replace(/[^a-zA-Z0-9_.:-]/g, '_').slice(0, 55);
  return `${kept}_${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

interface MediaKind {
  kind: 'image' | 'document' | 'video' | 'audio';
  formats: Readonly<Record<string, string>>;
  path: string;
  /** A format or file extension the client named beside the media type. */
  hint?: string | undefined;
}

/** Writes `{format, source}`. */
function encodeMedia(source: NeutralSource, media: MediaKind): JsonObject {
  const { kind, path } = media;
  if (source.kind === 'base64') {
    return { format: formatOf(source.mediaType, media), source: { bytes: source.data } };
  }
  if (source.kind === 'file') {
    throw unsupported(path, `the ${kind} is a file kept by another provider; send its bytes as base64`);
  }
  if (source.url.startsWith('s3://')) {
    const extension = source.url.slice(source.url.lastIndexOf('.') + 1).toLowerCase();
    const format = formatOf(source.mediaType ?? '', { ...media, hint: media.hint ?? extension });
    return { format, source: { s3Location: { uri: source.url } } };
  }
  const inline = parseDataUri(source.url);
  if (inline !== undefined) return { format: formatOf(inline.mediaType, media), source: { bytes: inline.data } };
  throw unsupported(
    path,
    `the ${kind} is a web address, which Bedrock does not fetch; send its bytes as base64 or an s3:// URI`,
  );
}

function formatOf(mediaType: string, { kind, formats, path, hint }: MediaKind): string {
  const known = formats[mediaType.split(';')[0]?.trim().toLowerCase() ?? ''];
  if (known !== undefined) return known;
  const all = Object.values(formats);
  const hinted = hint === 'jpg' ? 'jpeg' : hint;
  if (hinted !== undefined && all.includes(hinted)) return hinted;
  const choice = [...new Set(all)].join(', ');
  throw unsupported(path, `Bedrock takes no ${kind} of type ${mediaType || 'unknown'}; it takes ${choice}`);
}

function unsupported(path: string, why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `${path} cannot be sent to Bedrock Converse: ${why}.`, {
    param: path,
  });
}
