import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { AnswerApi } from '../neutral/answer-losses.ts';
import type { NeutralOrigin, NeutralPart } from '../neutral/request.ts';

/** This dialect's name, as in origins, extensions and opaque parts. */
export const BEDROCK = 'bedrock-converse';

/** This API in sentences about what of an answer it cannot show. */
export const CONVERSE_ANSWER: AnswerApi = { dialect: BEDROCK, title: 'Bedrock Converse' };

/** The types of the events of ConverseStream (API_runtime_ConverseStreamOutput). */
export const EVENT_TYPES = [
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
] as const;

/** The name of one event of ConverseStream. */
export type EventType = (typeof EVENT_TYPES)[number];

/** Image formats by media type (API_runtime_ImageBlock). */
export const IMAGE_FORMATS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
};

/** Document formats by media type (API_runtime_DocumentBlock). */
export const DOCUMENT_FORMATS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};

/** Video formats by media type (API_runtime_VideoBlock). */
export const VIDEO_FORMATS: Readonly<Record<string, string>> = {
  'video/x-matroska': 'mkv',
  'video/quicktime': 'mov',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'video/x-flv': 'flv',
  'video/mpeg': 'mpeg',
  'video/x-ms-wmv': 'wmv',
  'video/3gpp': 'three_gp',
};

/** Sound formats by media type (API_runtime_AudioBlock). */
export const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/opus': 'opus',
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/aac': 'aac',
  'audio/flac': 'flac',
  'audio/mp4': 'mp4',
  'audio/ogg': 'ogg',
  'audio/x-m4a': 'm4a',
  'audio/webm': 'webm',
};

/** The media type of a Bedrock format; undefined for a format the table does not hold. */
export function mediaTypeOf(formats: Readonly<Record<string, string>>, format: string): string | undefined {
  for (const mediaType of Object.keys(formats)) if (formats[mediaType] === format) return mediaType;
  return undefined;
}

/** The value when it is a string. */
export function asString(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The value when it is a number. */
export function asNumber(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The value when it is an object. */
export function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The objects of the value when it is a list, else none. */
export function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The given fields of an object that are present, in a new object. */
export function pick(object: JsonObject, names: readonly string[]): JsonObject {
  const out: JsonObject = {};
  for (const name of names) if (object[name] !== undefined) out[name] = object[name];
  return out;
}

/** The object without the given fields. */
export function omit(object: JsonObject, names: readonly string[]): JsonObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(object)) if (!names.includes(name)) out[name] = value;
  return out;
}

/** Whether an object has no field but the given ones. */
export function hasOnly(object: JsonObject, names: readonly string[]): boolean {
  return Object.keys(object).every((name) => names.includes(name) || object[name] === undefined);
}

/** Marks a part with the block it was read from. */
export function originOf(block: JsonObject): NeutralOrigin {
  return { dialect: BEDROCK, value: block };
}

/** The Converse block a part was read from, when it was. */
export function ownBlock(part: NeutralPart): JsonObject | undefined {
  if (part.type === 'opaque') return part.dialect === BEDROCK ? asObject(part.value) : undefined;
  return part.origin?.dialect === BEDROCK ? part.origin.value : undefined;
}
