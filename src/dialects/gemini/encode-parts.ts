import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { NeutralPart, NeutralSource, NeutralToolCall, NeutralToolResult } from '../neutral/request.ts';
import { documentMediaType, mediaTypeOfExtension, mediaTypeOfUrl } from './media-type.ts';
import { GEMINI_3, type GeminiModel, isAtLeast } from './model-version.ts';
import { stringField } from './wire.ts';

/** What the parts of one request share while they are written. */
export interface PartState {
  model: GeminiModel;
  /** Names a loss; says each sentence once. */
  warn(warning: string): void;
  /** The finest image detail asked for, where only the whole request can carry it. */
  detail?: 'low' | 'high';
}

/** A part that holds media: `inlineData` or `fileData`. */
type MediaPart = Extract<NeutralPart, { type: 'image' | 'document' | 'audio' | 'video' }>;

/** Where AI Studio keeps uploaded files; its ids look like `files/abc`. */
const FILES_ROOT = 'https://generativelanguage.googleapis.com/v1beta/';

/**
 * Writes one part of a user turn, or the text and media of a model turn. `where` names the part in
 * messages. Throws GatewayError `unsupported_parameter` for what Gemini cannot take.
 */
export function encodePart(part: NeutralPart, where: string, state: PartState): JsonObject[] {
  if (part.cache !== undefined) state.warn('cache marks are left out: Gemini caches prompts on its own');
  const origin = part.origin?.dialect === 'gemini' ? part.origin.value : undefined;
  switch (part.type) {
    case 'text':
      if (origin !== undefined) return [{ ...origin, text: part.text }];
      return part.text === '' ? [] : [{ text: part.text }];
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
    case 'audio':
    case 'video':
    case 'document':
      return origin === undefined ? encodeMedia(part, where, state) : [origin];
    case 'opaque':
      if (part.dialect === 'gemini' && isObject(part.value)) return [part.value];
      state.warn(`${where}: a part that only ${part.dialect} understands is left out`);
      return [];
    case 'reasoning':
      return encodeReasoning(part, state);
    case 'tool-call':
      return [encodeToolCall(part, where)];
    case 'tool-result':
      return encodeToolResult(part, part.name ?? '', where, state);
    default:
      return part satisfies never;
  }
}

/** Writes a thought. A token without text stands in an empty thought; foreign encrypted thinking is left out. */
export function encodeReasoning(part: Extract<NeutralPart, { type: 'reasoning' }>, state: PartState): JsonObject[] {
  if (part.encrypted !== undefined) state.warn('encrypted reasoning of another provider is left out');
  if (part.text === '' && part.signature === undefined) return [];
  const out: JsonObject = { text: part.text, thought: true };
  if (part.signature !== undefined) out['thoughtSignature'] = part.signature;
  return [out];
}

/** Writes a `functionCall`. Throws GatewayError `invalid_request` when the arguments are no JSON object. */
export function encodeToolCall(part: NeutralToolCall & NeutralPart, where: string): JsonObject {
  const out: JsonObject =
    part.origin?.dialect === 'gemini'
      ? { ...part.origin.value }
      : { functionCall: { name: part.name, args: parseArguments(part, where) } };
  if (part.signature !== undefined) {
    delete out['thought_signature'];
    out['thoughtSignature'] = part.signature;
  }
  return out;
}

function parseArguments(part: NeutralToolCall, where: string): JsonObject {
  if (part.arguments.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(part.arguments);
  } catch {
    value = undefined;
  }
  if (isObject(value)) return value;
  throw new GatewayError(
    'invalid_request',
    `${where}: the arguments of the call of "${part.name}" must be a JSON object in text.`,
    { param: where },
  );
}

/**
 * Writes a `functionResponse`, whose `response` must be an object: `output` holds the result, `error`
 * a failure (https://ai.google.dev/api/caching#FunctionResponse). Media go inside it from Gemini 3 on,
 * behind it before.
 */
export function encodeToolResult(part: NeutralToolResult, name: string, where: string, state: PartState): JsonObject[] {
  const texts: string[] = [];
  const media: JsonObject[] = [];
  for (const [position, child] of part.content.entries()) {
    if (child.type === 'text' || child.type === 'refusal') texts.push(child.text);
    else media.push(...encodePart(child, `${where}.content[${position}]`, state));
  }
  const text = texts.join('\n');
  const response: JsonObject = { name, response: part.isError === true ? { error: text } : { output: text } };
  if (media.length === 0) return [{ functionResponse: response }];
  if (!isAtLeast(state.model, GEMINI_3)) return [{ functionResponse: response }, ...media];
  response['parts'] = media.map(({ mediaResolution: _, ...rest }) => rest);
  return [{ functionResponse: response }];
}

function encodeMedia(part: MediaPart, where: string, state: PartState): JsonObject[] {
  if (part.type === 'document') {
    const lead = part.context === undefined || part.context === '' ? [] : [{ text: part.context }];
    if (part.source.kind === 'text') {
      const text = part.name === undefined ? part.source.text : `${part.name}\n\n${part.source.text}`;
      return [...lead, { text }];
    }
    return [...lead, encodeSource(documentSource(part.source), 'application/pdf', where)];
  }
  if (part.type === 'audio') return [encodeSource(part.source, audioType(part.format), where)];
  if (part.type === 'video') return [encodeSource(part.source, 'video/mp4', where)];
  const out = encodeSource(part.source, 'image/jpeg', where);
  const detail = part.detail;
  if (detail === 'low' || detail === 'high') {
    if (isAtLeast(state.model, GEMINI_3)) {
      out['mediaResolution'] = { level: detail === 'low' ? 'MEDIA_RESOLUTION_LOW' : 'MEDIA_RESOLUTION_HIGH' };
    } else if (state.detail !== 'high') state.detail = detail;
  }
  return [out];
}

function documentSource(source: NeutralSource): NeutralSource {
  return source.mediaType === undefined ? source : { ...source, mediaType: documentMediaType(source.mediaType) };
}

function audioType(format: string | undefined): string {
  return (format === undefined ? undefined : mediaTypeOfExtension(format)) ?? 'audio/wav';
}

/** Writes where the bytes are; `fallback` is the media type when neither the client nor the name tells it. */
function encodeSource(source: NeutralSource, fallback: string, where: string): JsonObject {
  switch (source.kind) {
    case 'base64':
      return {
        inlineData: {
          mimeType: source.mediaType === '' ? fallback : source.mediaType,
          data: source.data,
        },
      };
    case 'url': {
      if (source.url.startsWith('data:')) return { inlineData: decodeDataUrl(source.url, fallback, where) };
      const mimeType = source.mediaType ?? mediaTypeOfUrl(source.url) ?? fallback;
      return { fileData: { mimeType, fileUri: source.url } };
    }
    case 'file': {
      const fileData: JsonObject = { fileUri: fileUri(source.id, where) };
      const mimeType = source.mediaType ?? mediaTypeOfUrl(source.id);
      if (mimeType !== undefined) fileData['mimeType'] = mimeType;
      return { fileData };
    }
    default:
      return source satisfies never;
  }
}

function decodeDataUrl(url: string, fallback: string, where: string): JsonObject {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, comma);
  if (comma === -1 || !head.endsWith(';base64')) {
    throw new GatewayError('invalid_request', `${where}: a data URL must read data:TYPE;base64,DATA.`, {
      param: where,
    });
  }
  return { mimeType: head.slice(0, -';base64'.length) || fallback, data: url.slice(comma + 1) };
}

function fileUri(id: string, where: string): string {
  if (id.startsWith('gs://') || id.startsWith('https://')) return id;
  if (id.startsWith('files/')) return FILES_ROOT + id;
  throw new GatewayError(
    'unsupported_parameter',
    `${where}: the file "${id}" is kept by another provider; send its bytes, a URL, or a Gemini file id (files/…).`,
    { param: where },
  );
}

/** The thought signature of a written part. */
export function partSignature(part: JsonObject): string | undefined {
  return stringField(part, 'thoughtSignature') ?? stringField(part, 'thought_signature');
}
