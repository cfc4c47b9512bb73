import type { JsonObject, JsonValue } from '../json/types.ts';
import { isObject } from '../json/types.ts';
import { prefixHash } from '../routing/balance/affinity-key.ts';
import { parsedBody } from './admit.ts';
import type { ExchangeState } from './state.ts';

/** Where the APIs put what comes before the conversation, and the conversation. */
const PREAMBLE = [
  'system',
  'system_instruction',
  'systemInstruction',
  'instructions',
  'preamble',
  'tools',
  'toolConfig',
];
const CONVERSATION = ['messages', 'contents', 'input', 'prompt', 'inputs'];

function isUser(turn: JsonValue): boolean {
  if (!isObject(turn)) return true;
  const role = turn['role'];
  return role === undefined || role === 'user';
}

/** The conversation up to its first user turn: what stays the same while it grows. */
function beginning(conversation: JsonValue): JsonValue {
  if (!Array.isArray(conversation)) return conversation;
  const first = conversation.findIndex(isUser);
  return conversation.slice(0, first === -1 ? conversation.length : first + 1);
}

function add(parts: string[], body: JsonObject, field: string, read: (value: JsonValue) => JsonValue): void {
  const value = body[field];
  if (value === undefined || value === null) return;
  parts.push(typeof value === 'string' ? value : JSON.stringify(read(value)));
}

/** Hash of what of a prompt stays the same over a conversation: system prompt, tools, first user turn; undefined without a JSON body. */
export function promptPrefixHash(state: ExchangeState): number | undefined {
  if (state.scanned === undefined) return undefined;
  const body = parsedBody(state);
  const parts = [state.model ?? ''];
  for (const field of PREAMBLE) add(parts, body, field, (value) => value);
  for (const field of CONVERSATION) add(parts, body, field, beginning);
  return prefixHash(parts);
}
