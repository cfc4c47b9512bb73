import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { sourceFromUrl } from '../openai/data-uri.ts';
import {
  hasOtherFields,
  otherFields,
  readArray,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { decodeDocument } from './documents.ts';
import { COHERE, TOOL_PLAN, withCitations } from './wire.ts';

const IMAGE_FIELDS: ReadonlySet<string> = new Set(['url', 'detail']);
const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'tool_calls',
  'tool_plan',
  'citations',
  'tool_call_id',
]);

function decodeImage(part: JsonObject, at: string): NeutralPart {
  const place = `${at}.image_url`;
  const image = requireObject(part['image_url'], place);
  const decoded: NeutralPart = { type: 'image', source: sourceFromUrl(requireString(image, 'url', place)) };
  const detail = readString(image, 'detail', place);
  if (detail === 'low' || detail === 'high' || detail === 'auto') decoded.detail = detail;
  else if (detail !== undefined) throw wrongField(`${place}.detail`, "'low', 'high' or 'auto'");
  if (hasOtherFields(image, IMAGE_FIELDS)) {
    // The bytes are in `source`; a second copy in the origin would double what a large image holds.
    decoded.origin = { dialect: COHERE, value: { ...image, url: '' } };
  }
  return decoded;
}

function decodePart(item: JsonValue, at: string): NeutralPart {
  const part = requireObject(item, at);
  switch (requireString(part, 'type', at)) {
    case 'text':
      return { type: 'text', text: requireString(part, 'text', at) };
    case 'thinking':
      return { type: 'reasoning', text: requireString(part, 'thinking', at) };
    case 'image_url':
      return decodeImage(part, at);
    case 'document':
      return decodeDocument(part['document'] ?? null);
    default:
      return { type: 'opaque', dialect: COHERE, value: part };
  }
}

/** Reads `content`: a string, or a list of parts. */
function decodeContent(message: JsonObject, at: string): NeutralPart[] {
  const content = message['content'];
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw wrongField(`${at}.content`, 'a string or an array of content parts');
  return content.map((item, index) => decodePart(item, `${at}.content[${index}]`));
}

/**
 * Puts each citation beside the part it is of: `content_index` names it; without one, a plan's go to the plan and
 * others to the first text.
 */
export function attachCitations(parts: NeutralPart[], citations: readonly JsonObject[]): void {
  const content = parts.filter((part) => part.origin?.value['type'] !== 'tool_plan');
  for (const citation of citations) {
    const index = citation['content_index'];
    const target =
      citation['type'] === 'PLAN'
        ? parts.find((part) => part.origin?.value['type'] === 'tool_plan')
        : typeof index === 'number'
          ? content[index]
          : content.find((part) => part.type === 'text');
    if (target !== undefined) target.origin = withCitations(target.origin, [citation]);
  }
}

function decodeAssistant(message: JsonObject, at: string, names: Map<string, string>): NeutralPart[] {
  const parts: NeutralPart[] = [];
  const plan = readString(message, 'tool_plan', at);
  if (plan !== undefined && plan !== '') parts.push({ type: 'reasoning', text: plan, origin: TOOL_PLAN });
  parts.push(...decodeContent(message, at));
  const citations = readArray(message, 'citations', at) ?? [];
  attachCitations(
    parts,
    citations.map((item, index) => requireObject(item, `${at}.citations[${index}]`)),
  );
  (readArray(message, 'tool_calls', at) ?? []).forEach((item, index) => {
    const place = `${at}.tool_calls[${index}]`;
    const call = requireObject(item, place);
    const fn = requireObject(call['function'], `${place}.function`);
    const id = requireString(call, 'id', place);
    const name = requireString(fn, 'name', `${place}.function`);
    names.set(id, name);
    parts.push({ type: 'tool-call', id, name, arguments: readString(fn, 'arguments', `${place}.function`) ?? '' });
  });
  return parts;
}

function decodeMessage(message: JsonObject, at: string, names: Map<string, string>): NeutralMessage {
  const role = requireString(message, 'role', at);
  switch (role) {
    case 'system':
    case 'user':
      return { role, content: decodeContent(message, at) };
    case 'assistant':
      return { role, content: decodeAssistant(message, at, names) };
    case 'tool': {
      const callId = requireString(message, 'tool_call_id', at);
      const result: NeutralPart = { type: 'tool-result', callId, content: decodeContent(message, at) };
      const name = names.get(callId);
      if (name !== undefined) result.name = name;
      return { role, content: [result] };
    }
    default:
      throw wrongField(`${at}.role`, "'system', 'user', 'assistant' or 'tool'");
  }
}

/** Reads `messages`. Fields of a message that have no neutral meaning stay in it as an opaque part. */
export function decodeMessages(list: JsonValue[]): NeutralMessage[] {
  const names = new Map<string, string>();
  return list.map((item, index) => {
    const at = `messages[${index}]`;
    const source = requireObject(item, at);
    const message = decodeMessage(source, at, names);
    const rest = otherFields(source, MESSAGE_FIELDS);
    if (rest !== undefined) {
      message.content.unshift({ type: 'opaque', dialect: COHERE, value: { message_fields: rest } });
    }
    return message;
  });
}
