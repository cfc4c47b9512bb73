import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { parseDataUri } from '../openai/data-uri.ts';
import {
  fieldPath,
  otherFields,
  readArray,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { imageType } from './wire.ts';

const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'thinking',
  'images',
  'tool_calls',
  'tool_name',
  'tool_call_id',
]);

/** A call that still waits for its result. */
interface OpenCall {
  id: string;
  name: string;
}

/** Reads a list of images: base64 of their bytes. */
export function decodeImages(object: JsonObject, at: string): NeutralPart[] {
  return (readArray(object, 'images', at) ?? []).map((item, index) => {
    if (typeof item !== 'string') throw wrongField(`${fieldPath(at, 'images')}[${index}]`, 'the base64 of an image');
    const inline = parseDataUri(item) ?? { mediaType: imageType(item), data: item };
    return { type: 'image', source: { kind: 'base64', ...inline } };
  });
}

function textParts(message: JsonObject, at: string): NeutralPart[] {
  const text = readString(message, 'content', at) ?? '';
  return text === '' ? [] : [{ type: 'text', text }];
}

/** The arguments as JSON text: an object by the API, but some clients write text. */
function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value ?? {});
}

function decodeAssistant(message: JsonObject, position: number, open: OpenCall[]): NeutralPart[] {
  const at = `messages[${position}]`;
  const parts: NeutralPart[] = [];
  const thought = readString(message, 'thinking', at);
  if (thought !== undefined && thought !== '') parts.push({ type: 'reasoning', text: thought });
  parts.push(...textParts(message, at), ...decodeImages(message, at));
  // Calls of an earlier turn that were never answered must not take this turn's results.
  open.length = 0;
  (readArray(message, 'tool_calls', at) ?? []).forEach((item, index) => {
    const place = `${at}.tool_calls[${index}]`;
    const call = requireObject(item, place);
    const fn = requireObject(call['function'], `${place}.function`);
    const name = requireString(fn, 'name', `${place}.function`);
    // Servers before 0.13 give calls no ids: their place stands for them.
    const id = readString(call, 'id', place) || `call_${position}_${index}`;
    open.push({ id, name });
    parts.push({ type: 'tool-call', id, name, arguments: argumentsText(fn['arguments']) });
  });
  return parts;
}

/** A result says which tool it is of, by id or by name; else results come in the order of the calls. */
function decodeResult(message: JsonObject, position: number, open: OpenCall[]): NeutralPart {
  const at = `messages[${position}]`;
  const id = readString(message, 'tool_call_id', at);
  const name = readString(message, 'tool_name', at) ?? readString(message, 'name', at);
  const named = open.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
  const [call] = named >= 0 ? open.splice(named, 1) : id === undefined && name === undefined ? open.splice(0, 1) : [];
  const part: NeutralPart = {
    type: 'tool-result',
    callId: call?.id ?? id ?? `call_${position}_0`,
    content: [...textParts(message, at), ...decodeImages(message, at)],
  };
  const tool = call?.name ?? name;
  if (tool !== undefined) part.name = tool;
  return part;
}

function decodeMessage(message: JsonObject, position: number, open: OpenCall[]): NeutralMessage {
  const at = `messages[${position}]`;
  const role = requireString(message, 'role', at);
  switch (role) {
    case 'system':
    case 'user':
      return { role, content: [...textParts(message, at), ...decodeImages(message, at)] };
    case 'assistant':
      return { role, content: decodeAssistant(message, position, open) };
    case 'tool':
      return { role, content: [decodeResult(message, position, open)] };
    default:
      throw wrongField(`${at}.role`, "'system', 'user', 'assistant' or 'tool'");
  }
}

/** Reads `messages`. Fields of a message that have no neutral meaning stay in it as an opaque part. */
export function decodeMessages(list: JsonValue[]): NeutralMessage[] {
  const open: OpenCall[] = [];
  return list.map((item, position) => {
    const source = requireObject(item, `messages[${position}]`);
    const message = decodeMessage(source, position, open);
    const rest = otherFields(source, MESSAGE_FIELDS);
    if (rest !== undefined) {
      message.content.unshift({ type: 'opaque', dialect: 'ollama-chat', value: { message_fields: rest } });
    }
    return message;
  });
}
