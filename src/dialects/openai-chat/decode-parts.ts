import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { thoughtTokens } from '../neutral/opaque-token.ts';
import type { NeutralCacheMark, NeutralPart, NeutralReasoningPart } from '../neutral/request.ts';
import { parseDataUri, sourceFromUrl } from '../openai/data-uri.ts';
import {
  fieldPath,
  hasOtherFields,
  readObject,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'cache_control']);
const IMAGE_FIELDS: ReadonlySet<string> = new Set(['type', 'image_url', 'cache_control']);
const IMAGE_URL_FIELDS: ReadonlySet<string> = new Set(['url', 'detail']);
const MEDIA_FIELDS: ReadonlySet<string> = new Set(['type', 'input_audio', 'file', 'video_url', 'cache_control']);
const FILE_FIELDS: ReadonlySet<string> = new Set(['file_data', 'filename']);
const REFUSAL_FIELDS: ReadonlySet<string> = new Set(['type', 'refusal']);

const AUDIO_TYPES: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/opus',
  aac: 'audio/aac',
  m4a: 'audio/mp4',
  webm: 'audio/webm',
  pcm16: 'audio/pcm',
};

const FILE_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  xml: 'application/xml',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
};

/** The mark in Anthropic's `cache_control` extension, or in OpenAI's own `prompt_cache_breakpoint`. */
export function readCacheMark(object: JsonObject, at: string): NeutralCacheMark | undefined {
  const control = readObject(object, 'cache_control', at);
  if (control !== undefined) {
    const ttl = readString(control, 'ttl', fieldPath(at, 'cache_control'));
    return ttl === '1h' || ttl === '5m' ? { ttl } : {};
  }
  return isObject(object['prompt_cache_breakpoint']) ? {} : undefined;
}

function withExtras(part: NeutralPart, value: JsonObject, options: { at: string; extras: boolean }): NeutralPart {
  const cache = readCacheMark(value, options.at);
  if (cache !== undefined) part.cache = cache;
  if (options.extras) part.origin = { dialect: 'openai-chat', value };
  return part;
}

function decodeImage(value: JsonObject, at: string): NeutralPart {
  const place = fieldPath(at, 'image_url');
  // Some clients write the URL where the object belongs.
  const image: JsonObject =
    typeof value['image_url'] === 'string' ? { url: value['image_url'] } : requireObject(value['image_url'], place);
  const detail = readString(image, 'detail', place);
  const part: NeutralPart = { type: 'image', source: sourceFromUrl(requireString(image, 'url', place)) };
  const known = detail === 'low' || detail === 'high' || detail === 'auto';
  if (known) part.detail = detail;
  const extras =
    (detail !== undefined && !known) || hasOtherFields(image, IMAGE_URL_FIELDS) || hasOtherFields(value, IMAGE_FIELDS);
  // The bytes are in `source`; a second copy in the origin would double what a large image holds.
  const origin = extras ? { ...value, image_url: { ...image, url: '' } } : value;
  return withExtras(part, origin, { at, extras });
}

function decodeAudio(value: JsonObject, at: string): NeutralPart {
  const place = fieldPath(at, 'input_audio');
  const audio = requireObject(value['input_audio'], place);
  const format = readString(audio, 'format', place);
  const data = requireString(audio, 'data', place);
  const mediaType = AUDIO_TYPES[format ?? 'wav'] ?? `audio/${format}`;
  const part: NeutralPart = { type: 'audio', source: { kind: 'base64', mediaType, data } };
  if (format !== undefined) part.format = format;
  return withExtras(part, value, { at, extras: hasOtherFields(value, MEDIA_FIELDS) });
}

function decodeFile(value: JsonObject, at: string): NeutralPart {
  const place = fieldPath(at, 'file');
  const file = requireObject(value['file'], place);
  const name = readString(file, 'filename', place);
  const data = readString(file, 'file_data', place);
  const id = readString(file, 'file_id', place);
  if (data === undefined && id === undefined) throw wrongField(place, 'an object with file_data or file_id');
  if (data === undefined) {
    // An id means something to the provider that gave it only: the origin says which that is.
    const part: NeutralPart = { type: 'document', source: { kind: 'file', id: id ?? '' } };
    if (name !== undefined) part.name = name;
    return withExtras(part, value, { at, extras: true });
  }
  const ending = name?.slice(name.lastIndexOf('.') + 1).toLowerCase() ?? '';
  const inline = parseDataUri(data);
  const source = inline ?? { mediaType: FILE_TYPES[ending] ?? 'application/pdf', data };
  const isUrl = inline === undefined && (data.startsWith('https://') || data.startsWith('http://'));
  const part: NeutralPart = {
    type: 'document',
    source: isUrl ? { kind: 'url', url: data } : { kind: 'base64', ...source },
  };
  if (name !== undefined) part.name = name;
  const extras = hasOtherFields(file, FILE_FIELDS) || hasOtherFields(value, MEDIA_FIELDS);
  const origin = extras ? { ...value, file: { ...file, file_data: '' } } : value;
  return withExtras(part, origin, { at, extras });
}

/** A thinking block that a client gives back. An unmarked token is Anthropic's, whose blocks these are. */
export function decodeReturnedThought(value: JsonObject): ReturnedThought | undefined {
  const part: ReturnedThought | undefined = decodeThinkingBlock(value);
  if (part === undefined) return undefined;
  const token = part.encrypted ?? part.signature;
  if (token === undefined) return part;
  const { signature, encrypted, origin } = thoughtTokens(
    token,
    part.encrypted === undefined ? 'signature' : 'encrypted',
    'anthropic',
  );
  const returned: ReturnedThought = { type: 'reasoning', text: part.text };
  if (signature !== undefined) returned.signature = signature;
  if (encrypted !== undefined) returned.encrypted = encrypted;
  if (origin !== undefined) returned.origin = origin;
  return returned;
}

type ReturnedThought = NeutralReasoningPart & Pick<NeutralPart, 'origin'>;

/** Anthropic's thinking blocks, as `thinking_blocks` and some clients' content parts carry them. */
export function decodeThinkingBlock(value: JsonObject): NeutralReasoningPart | undefined {
  if (value['type'] === 'redacted_thinking' && typeof value['data'] === 'string') {
    return { type: 'reasoning', text: '', encrypted: value['data'] };
  }
  if (value['type'] !== 'thinking') return undefined;
  const part: NeutralReasoningPart = { type: 'reasoning', text: thinkingText(value['thinking']) };
  const signature = value['signature'];
  if (typeof signature === 'string' && signature !== '') part.signature = signature;
  return part;
}

/** Mistral writes the thought as a list of text parts. */
export function thinkingText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map((item) => (isObject(item) && typeof item['text'] === 'string' ? item['text'] : '')).join('');
}

/** Reads one content part. A part of an unknown type is kept as it is. */
export function decodePart(item: JsonValue, at: string): NeutralPart {
  const value = requireObject(item, at);
  switch (requireString(value, 'type', at)) {
    // `input_text` and `input_image` are the Responses API's words, which some clients mix in.
    case 'text':
    case 'input_text': {
      const part: NeutralPart = { type: 'text', text: requireString(value, 'text', at) };
      return withExtras(part, value, { at, extras: hasOtherFields(value, TEXT_FIELDS) });
    }
    case 'image_url':
    case 'input_image':
      return decodeImage(value, at);
    case 'input_audio':
      return decodeAudio(value, at);
    case 'file':
      return decodeFile(value, at);
    case 'video_url': {
      const place = fieldPath(at, 'video_url');
      const url = requireString(requireObject(value['video_url'], place), 'url', place);
      return withExtras({ type: 'video', source: sourceFromUrl(url) }, value, {
        at,
        extras: hasOtherFields(value, MEDIA_FIELDS),
      });
    }
    case 'refusal': {
      const part: NeutralPart = { type: 'refusal', text: requireString(value, 'refusal', at) };
      return withExtras(part, value, { at, extras: hasOtherFields(value, REFUSAL_FIELDS) });
    }
    case 'thinking':
    case 'redacted_thinking':
      return decodeReturnedThought(value) ?? { type: 'opaque', dialect: 'openai-chat', value };
    default:
      return { type: 'opaque', dialect: 'openai-chat', value };
  }
}

/** Reads `content`: a text, a list of parts, or nothing. */
export function decodeContent(content: JsonValue | undefined, at: string): NeutralPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw wrongField(at, 'a string or an array of content parts');
  return content.map((item, index) => decodePart(item, `${at}[${index}]`));
}
