import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralToolCall } from '../neutral/request.ts';
import { hasOtherFields, readString, requireObject, requireString, wrongField } from '../openai/fields.ts';
import { decodeContent } from './decode-parts.ts';
import { decodeReasoning } from './decode-reasoning.ts';
import { originOf, RESPONSES, wrapCustomInput } from './wire.ts';

const CALL_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'name', 'arguments', 'status']);
const OUTPUT_FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'call_id', 'name', 'output', 'status']);

/** The conversation while its items are read. What the model did in one go is one assistant message. */
interface Conversation {
  messages: NeutralMessage[];
  /** Function name by call id. */
  names: Map<string, string>;
  /** A signature for the next call, from the reasoning item before it. */
  callSignature: string | undefined;
}

function addAssistant(to: Conversation, parts: readonly NeutralPart[]): void {
  const last = to.messages.at(-1);
  if (last?.role === 'assistant') last.content.push(...parts);
  else to.messages.push({ role: 'assistant', content: [...parts] });
}

function decodeMessage(item: JsonObject, at: string, to: Conversation): void {
  const role = requireString(item, 'role', at);
  if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer') {
    throw wrongField(`${at}.role`, "'user', 'assistant', 'system' or 'developer'");
  }
  const content = decodeContent(item['content'], `${at}.content`);
  if (role !== 'assistant') {
    to.messages.push({ role, content });
    return;
  }
  const phase = readString(item, 'phase', at);
  const first = content.find((part) => part.type === 'text');
  // Models that label what they say want the label back.
  if (phase !== undefined && first !== undefined) first.origin = originOf({ ...first.origin?.value, phase });
  addAssistant(to, content);
}

function takeSignature(call: NeutralToolCall, to: Conversation): void {
  if (to.callSignature !== undefined) call.signature = to.callSignature;
  to.callSignature = undefined;
}

function decodeCall(item: JsonObject, at: string, to: Conversation): void {
  const custom = item['type'] === 'custom_tool_call';
  const call: NeutralPart & NeutralToolCall = {
    type: 'tool-call',
    id: requireString(item, 'call_id', at),
    name: requireString(item, 'name', at),
    // A custom tool takes free text; as JSON it is one field.
    arguments: custom
      ? wrapCustomInput(readString(item, 'input', at) ?? '')
      : (readString(item, 'arguments', at) ?? ''),
  };
  if (custom || hasOtherFields(item, CALL_FIELDS)) call.origin = originOf(item);
  takeSignature(call, to);
  to.names.set(call.id, call.name);
  addAssistant(to, [call]);
}

function decodeOutput(item: JsonObject, at: string, to: Conversation): void {
  const callId = requireString(item, 'call_id', at);
  const content = decodeContent(item['output'], `${at}.output`);
  const part: NeutralPart = { type: 'tool-result', callId, content };
  const name = to.names.get(callId) ?? readString(item, 'name', at);
  if (name !== undefined) part.name = name;
  if (item['type'] === 'custom_tool_call_output' || hasOtherFields(item, OUTPUT_FIELDS)) {
    // The output is in `content`: a second copy would double what a large one holds.
    part.origin = originOf({ ...item, output: '' });
  }
  to.messages.push({ role: 'tool', content: [part] });
}

/** A reference stands for an item that OpenAI keeps. Lost reasoning is a loss; lost words and calls make nonsense of the rest. */
function refuseReference(item: JsonObject, at: string): void {
  const id = requireString(item, 'id', at);
  if (id.startsWith('rs_')) return;
  throw new GatewayError(
    'unsupported_parameter',
    `'${at}' refers to item '${id.slice(0, 64)}', which only OpenAI could have kept; send the item itself (SDKs do so with store: false).`,
    { param: at },
  );
}

function decodeItem(value: JsonValue, at: string, to: Conversation): void {
  const item = requireObject(value, at);
  const type = readString(item, 'type', at) ?? (item['role'] === undefined ? undefined : 'message');
  switch (type) {
    case 'message':
      decodeMessage(item, at, to);
      return;
    case 'function_call':
    case 'custom_tool_call':
      decodeCall(item, at, to);
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      decodeOutput(item, at, to);
      return;
    case 'reasoning': {
      const { part, callSignature } = decodeReasoning(item, at);
      if (part !== undefined) addAssistant(to, [part]);
      to.callSignature = callSignature ?? to.callSignature;
      return;
    }
    case undefined:
      throw wrongField(at, "an item with a 'type', or a message with 'role' and 'content'");
    default:
      if (type === 'item_reference') refuseReference(item, at);
      // Built-in tools, compaction, items of the future.
      addAssistant(to, [{ type: 'opaque', dialect: RESPONSES, value: item }]);
  }
}

/**
 * Reads `input`: a text, or a list of items. What the model said, thought and called between two turns
 * of the client is one assistant message; each tool output is a tool message.
 */
export function decodeInput(input: JsonValue | undefined): NeutralMessage[] {
  if (input === undefined || input === null) throw wrongField('input', 'a string or an array of items; it is missing');
  if (typeof input === 'string') return [{ role: 'user', content: [{ type: 'text', text: input }] }];
  if (!Array.isArray(input)) throw wrongField('input', 'a string or an array of items');
  const conversation: Conversation = { messages: [], names: new Map(), callSignature: undefined };
  for (const [index, item] of input.entries()) decodeItem(item, `input[${index}]`, conversation);
  return conversation.messages;
}
