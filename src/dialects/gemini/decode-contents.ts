import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart } from '../neutral/request.ts';
import { type CallIds, decodePart } from './decode-parts.ts';
import { camelKeys, stringField } from './wire.ts';

/**
 * Reads `contents`. Function responses become a `tool` message of their own. Calls without an id get
 * one that depends on their position only; a response without an id answers the oldest open call of its
 * name. Throws GatewayError `invalid_request` naming the field that is wrong.
 */
export function decodeContents(contents: unknown): NeutralMessage[] {
  if (!Array.isArray(contents)) throw invalid('contents', 'must be an array of turns');
  const ids = conversationIds();
  const messages: NeutralMessage[] = [];
  for (const [index, content] of contents.entries()) {
    const where = `contents[${index}]`;
    if (!isObject(content)) throw invalid(where, 'must be an object with role and parts');
    const message = camelKeys(content);
    const parts = decodeParts(message['parts'], `${where}.parts`, ids);
    const role = stringField(message, 'role') ?? 'user';
    if (role === 'model') addModelTurn(messages, parts);
    else if (role === 'user' || role === 'function') messages.push(...splitResults(parts));
    else throw invalid(`${where}.role`, 'must be "user" or "model"');
  }
  return messages;
}

/** SDKs keep each chunk of a stream as a turn of its own: adjacent model turns are one answer. */
function addModelTurn(messages: NeutralMessage[], parts: readonly NeutralPart[]): void {
  // The last chunk of a stream often holds an empty text.
  const said = parts.filter((part) => part.type !== 'text' || part.text !== '' || part.origin !== undefined);
  if (said.length === 0) return;
  let last = messages.at(-1);
  if (last?.role !== 'assistant') {
    last = { role: 'assistant', content: [] };
    messages.push(last);
  }
  for (const part of said) {
    const joined = joinParts(last.content.at(-1), part);
    if (joined === undefined) last.content.push(part);
    else last.content[last.content.length - 1] = joined;
  }
}

/**
 * Two pieces of one text or thought as one part; `undefined` when they are none. Other APIs need them
 * whole: a thought with its signature, a text that is not blank.
 */
function joinParts(left: NeutralPart | undefined, right: NeutralPart): NeutralPart | undefined {
  if (left?.type === 'text' && right.type === 'text' && left.origin === undefined && right.origin === undefined) {
    return { type: 'text', text: left.text + right.text };
  }
  if (left?.type !== 'reasoning' || right.type !== 'reasoning') return undefined;
  if (left.signature !== undefined || left.encrypted !== undefined || right.encrypted !== undefined) return undefined;
  const text = left.text + right.text;
  return right.origin === undefined
    ? { ...right, text }
    : { ...right, text, origin: { dialect: right.origin.dialect, value: { ...right.origin.value, text } } };
}

/** Reads `systemInstruction`: a turn without a role, or bare text as some SDKs send it. */
export function decodeSystemInstruction(value: unknown): NeutralMessage[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ role: 'system', content: [{ type: 'text', text: value }] }];
  if (!isObject(value)) throw invalid('systemInstruction', 'must be an object with parts');
  const content = decodeParts(value['parts'], 'systemInstruction.parts', conversationIds());
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

function decodeParts(value: unknown, where: string, ids: CallIds): NeutralPart[] {
  if (value === undefined || value === null) return [];
  // A single part may stand for a list of one, as protocol buffers' readers at Google allow.
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  return parts.map((part, index) => {
    if (!isObject(part)) throw invalid(`${where}[${index}]`, 'must be an object such as {"text": "…"}');
    return decodePart(part, ids);
  });
}

function splitResults(parts: readonly NeutralPart[]): NeutralMessage[] {
  const results = parts.filter((part) => part.type === 'tool-result');
  if (results.length === 0) return parts.length === 0 ? [] : [{ role: 'user', content: [...parts] }];
  const rest = parts.filter((part) => part.type !== 'tool-result');
  const messages: NeutralMessage[] = [{ role: 'tool', content: results }];
  if (rest.length > 0) messages.push({ role: 'user', content: rest });
  return messages;
}

function conversationIds(): CallIds {
  let count = 0;
  const open: { id: string; name: string }[] = [];
  const next = (): string => {
    count += 1;
    return `call_${count}`;
  };
  return {
    forCall(name) {
      const id = next();
      open.push({ id, name });
      return id;
    },
    forResponse(name) {
      const position = open.findIndex((call) => call.name === name);
      const [call] = position === -1 ? [] : open.splice(position, 1);
      return call?.id ?? next();
    },
  };
}

function invalid(where: string, what: string): GatewayError {
  return new GatewayError('invalid_request', `${where} ${what}.`, { param: where });
}
