import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { parseDataUri, sourceFromUrl } from '../openai/data-uri.ts';
import {
  fieldPath,
  hasOtherFields,
  readArray,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { readAnnotations } from './annotations.ts';
import { originOf, RESPONSES } from './wire.ts';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['type', 'text']);
const IMAGE_FIELDS: ReadonlySet<string> = new Set(['type', 'image_url', 'detail']);
const FILE_FIELDS: ReadonlySet<string> = new Set(['type', 'file_data', 'file_url', 'filename']);
const AUDIO_FIELDS: ReadonlySet<string> = new Set(['type', 'input_audio']);

const AUDIO_TYPES: Readonly<Record<string, string>> = { mp3: 'audio/mpeg', wav: 'audio/wav' };

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

/** Adds the cache mark, and the part itself where it holds more than the neutral fields do. */
function withExtras(part: NeutralPart, value: JsonObject, extras: boolean): NeutralPart {
  const mark = value['prompt_cache_breakpoint'];
  if (mark !== undefined && mark !== null) part.cache = {};
  if (extras) part.origin = originOf(value);
  return part;
}

function decodeImage(value: JsonObject, at: string): NeutralPart {
  const url = readString(value, 'image_url', at);
  const id = readString(value, 'file_id', at);
  const word = readString(value, 'detail', at);
  const detail = word === 'low' || word === 'high' || word === 'auto' ? word : undefined;
  if (url === undefined) {
    if (id === undefined) throw wrongField(at, 'an object with image_url or file_id');
    // An id means something to the provider that gave it only: the origin says which that is.
    const kept: NeutralPart = { type: 'image', source: { kind: 'file', id } };
    if (detail !== undefined) kept.detail = detail;
    return withExtras(kept, value, true);
  }
  const part: NeutralPart = { type: 'image', source: sourceFromUrl(url) };
  if (detail !== undefined) part.detail = detail;
  const extras = (word !== undefined && detail === undefined) || hasOtherFields(value, IMAGE_FIELDS);
  // The bytes are in `source`; a second copy in the origin would double what a large image holds.
  return withExtras(part, extras ? { ...value, image_url: '' } : value, extras);
}

function decodeFile(value: JsonObject, at: string): NeutralPart {
  const name = readString(value, 'filename', at);
  const data = readString(value, 'file_data', at);
  const url = readString(value, 'file_url', at);
  const id = readString(value, 'file_id', at);
  if (data === undefined && url === undefined && id === undefined) {
    throw wrongField(at, 'an object with file_data, file_url or file_id');
  }
  const named = name === undefined ? {} : { name };
  if (data !== undefined) {
    const ending = name?.slice(name.lastIndexOf('.') + 1).toLowerCase() ?? '';
    const known = Object.hasOwn(FILE_TYPES, ending) ? FILE_TYPES[ending] : undefined;
    const source = parseDataUri(data) ?? { mediaType: known ?? 'application/pdf', data };
    const extras = hasOtherFields(value, FILE_FIELDS);
    const part: NeutralPart = { type: 'document', source: { kind: 'base64', ...source }, ...named };
    return withExtras(part, extras ? { ...value, file_data: '' } : value, extras);
  }
  if (url !== undefined) {
    const part: NeutralPart = { type: 'document', source: sourceFromUrl(url), ...named };
    return withExtras(part, value, hasOtherFields(value, FILE_FIELDS));
  }
  return withExtras({ type: 'document', source: { kind: 'file', id: id ?? '' }, ...named }, value, true);
}

function decodeAudio(value: JsonObject, at: string): NeutralPart {
  const place = fieldPath(at, 'input_audio');
  const audio = requireObject(value['input_audio'], place);
  const data = requireString(audio, 'data', place);
  const format = readString(audio, 'format', place);
  const known = format !== undefined && Object.hasOwn(AUDIO_TYPES, format) ? AUDIO_TYPES[format] : undefined;
  const mediaType = known ?? `audio/${format ?? 'wav'}`;
  const part: NeutralPart = { type: 'audio', source: { kind: 'base64', mediaType, data } };
  if (format !== undefined) part.format = format;
  return withExtras(part, value, hasOtherFields(value, AUDIO_FIELDS));
}

/** Reads one part of an earlier answer's text. */
function decodeOutputText(value: JsonObject, at: string): NeutralPart {
  const part: NeutralPart = { type: 'text', text: requireString(value, 'text', at) };
  const annotations = readArray(value, 'annotations', at);
  if (annotations !== undefined && annotations.length > 0) {
    part.origin = originOf({ annotations });
    part.citations = readAnnotations(annotations);
  }
  return part;
}

/** Reads one content part. A part of an unknown type is kept as it is. */
export function decodePart(item: JsonValue, at: string): NeutralPart {
  const value = requireObject(item, at);
  switch (requireString(value, 'type', at)) {
    // `text` is chat's word, which some clients mix in.
    case 'input_text':
    case 'text':
      return withExtras(
        { type: 'text', text: requireString(value, 'text', at) },
        value,
        hasOtherFields(value, TEXT_FIELDS),
      );
    case 'output_text':
      return decodeOutputText(value, at);
    case 'refusal':
      return { type: 'refusal', text: requireString(value, 'refusal', at) };
    case 'input_image':
      return decodeImage(value, at);
    case 'input_file':
      return decodeFile(value, at);
    case 'input_audio':
      return decodeAudio(value, at);
    default:
      return { type: 'opaque', dialect: RESPONSES, value };
  }
}

/** Reads `content` or `output`: a text or a list of parts. */
export function decodeContent(content: JsonValue | undefined, at: string): NeutralPart[] {
  if (content === undefined || content === null) throw wrongField(at, 'a string or an array; it is missing');
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw wrongField(at, 'a string or an array of content parts');
  return content.map((item, index) => decodePart(item, `${at}[${index}]`));
}
