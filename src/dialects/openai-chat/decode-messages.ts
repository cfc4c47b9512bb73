import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralReasoningPart, NeutralToolCall } from '../neutral/request.ts';
import {
  otherFields,
  readArray,
  readObject,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { readAnnotations } from './annotations.ts';
import { decodeContent, decodeReturnedThought, readCacheMark } from './decode-parts.ts';
import { legacyCallId, MESSAGE_FIELDS, messageFields, signatureOfExtra } from './wire.ts';

/** What earlier messages say about the calls that later ones answer. */
interface CallNames {
  /** Function name by call id. */
  byId: Map<string, string>;
  /** The id that stands for the last former-style call of a function. */
  legacyIds: Map<string, string>;
}

function decodeCall(value: JsonObject, at: string): NeutralToolCall {
  const id = requireString(value, 'id', at);
  const custom = value['type'] === 'custom' ? readObject(value, 'custom', at) : undefined;
  if (custom !== undefined) {
    // A custom tool takes free text; as JSON it is one field.
    const call: NeutralToolCall & Pick<NeutralPart, 'origin'> = {
      type: 'tool-call',
      id,
      name: requireString(custom, 'name', `${at}.custom`),
      arguments: JSON.stringify({ input: readString(custom, 'input', `${at}.custom`) ?? '' }),
    };
    call.origin = { dialect: 'openai-chat', value };
    return call;
  }
  const place = `${at}.function`;
  const fn = requireObject(value['function'], place);
  const call: NeutralToolCall = {
    type: 'tool-call',
    id,
    name: requireString(fn, 'name', place),
    arguments: readString(fn, 'arguments', place) ?? '',
  };
  const signature = signatureOfExtra(value['extra_content']);
  if (signature !== undefined) call.signature = signature;
  return call;
}

function decodeReasoning(message: JsonObject, at: string): NeutralReasoningPart[] {
  const blocks = readArray(message, 'thinking_blocks', at);
  if (blocks !== undefined && blocks.length > 0) {
    // The blocks hold the same thoughts as `reasoning_content`, with their proofs.
    return blocks.map((item, index) => {
      const place = `${at}.thinking_blocks[${index}]`;
      const part = decodeReturnedThought(requireObject(item, place));
      if (part === undefined) throw wrongField(`${place}.type`, "'thinking' or 'redacted_thinking' with its data");
      return part;
    });
  }
  const text = readString(message, 'reasoning_content', at) ?? readString(message, 'reasoning', at);
  return text === undefined || text === '' ? [] : [{ type: 'reasoning', text }];
}

function decodeAssistant(message: JsonObject, options: { index: number; names: CallNames }): NeutralPart[] {
  const at = `messages[${options.index}]`;
  const parts: NeutralPart[] = decodeReasoning(message, at);
  const content = decodeContent(message['content'], `${at}.content`);
  // A content of '' beside tool calls is how clients echo an answer without text.
  const calls = readArray(message, 'tool_calls', at) ?? [];
  for (const part of content) {
    if (part.type !== 'text' || part.text !== '' || calls.length === 0) parts.push(part);
  }
  const refusal = readString(message, 'refusal', at);
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  calls.forEach((item, index) => {
    const place = `${at}.tool_calls[${index}]`;
    const value = requireObject(item, place);
    const call = decodeCall(value, place);
    const cache = readCacheMark(value, place);
    parts.push(cache === undefined ? call : { ...call, cache });
    options.names.byId.set(call.id, call.name);
  });
  const legacy = readObject(message, 'function_call', at);
  if (legacy !== undefined) {
    const name = requireString(legacy, 'name', `${at}.function_call`);
    const id = legacyCallId(options.index);
    options.names.byId.set(id, name);
    options.names.legacyIds.set(name, id);
    const text = readString(legacy, 'arguments', `${at}.function_call`) ?? '';
    parts.push({ type: 'tool-call', id, name, arguments: text });
  }
  const annotations = readArray(message, 'annotations', at);
  const text = parts.find((part) => part.type === 'text');
  if (text !== undefined && annotations !== undefined && annotations.length > 0) {
    text.origin = { dialect: 'openai-chat', value: { ...text.origin?.value, annotations } };
    text.citations = readAnnotations(annotations);
  }
  return parts;
}

function decodeResult(message: JsonObject, options: { index: number; names: CallNames }): NeutralPart {
  const at = `messages[${options.index}]`;
  const content = decodeContent(message['content'], `${at}.content`);
  const legacy = message['role'] === 'function';
  const functionName = legacy ? requireString(message, 'name', at) : readString(message, 'name', at);
  const callId = legacy
    ? (options.names.legacyIds.get(functionName ?? '') ?? legacyCallId(options.index))
    : requireString(message, 'tool_call_id', at);
  const part: NeutralPart = { type: 'tool-result', callId, content };
  const name = options.names.byId.get(callId) ?? functionName;
  if (name !== undefined) part.name = name;
  if (saysError(message['content'])) part.isError = true;
  return part;
}

/** The API has no error flag; a result that is a JSON object with an `error` is taken for one, as the reference system does. */
function saysError(content: JsonValue | undefined): boolean {
  if (typeof content !== 'string' || content.length > 65_536) return false;
  if (!content.trimStart().startsWith('{') || !content.includes('"error"')) return false;
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && 'error' in value;
  } catch {
    return false;
  }
}

const NEUTRAL_ROLES: Readonly<Record<string, NeutralMessage['role']>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

function decodeMessage(item: JsonValue, options: { index: number; names: CallNames }): NeutralMessage {
  const at = `messages[${options.index}]`;
  const message = requireObject(item, at);
  const word = requireString(message, 'role', at);
  const role = Object.hasOwn(NEUTRAL_ROLES, word) ? NEUTRAL_ROLES[word] : undefined;
  if (role === undefined) {
    throw wrongField(`${at}.role`, 'one of system, developer, user, assistant, tool');
  }
  let content: NeutralPart[];
  if (role === 'assistant') content = decodeAssistant(message, options);
  else if (role === 'tool') content = [decodeResult(message, options)];
  else content = decodeContent(message['content'], `${at}.content`);
  const decoded: NeutralMessage = { role, content };
  const name = role === 'tool' ? undefined : readString(message, 'name', at);
  if (name !== undefined) decoded.name = name;
  const last = content.at(-1);
  const cache = readCacheMark(message, at);
  if (cache !== undefined && last !== undefined) last.cache ??= cache;
  const rest = otherFields(message, MESSAGE_FIELDS);
  if (rest !== undefined) {
    content.unshift({ type: 'opaque', dialect: 'openai-chat', value: messageFields(rest) });
  }
  return decoded;
}

/** Reads `messages`. */
export function decodeMessages(list: JsonValue[]): NeutralMessage[] {
  const names: CallNames = { byId: new Map(), legacyIds: new Map() };
  return list.map((item, index) => decodeMessage(item, { index, names }));
}
