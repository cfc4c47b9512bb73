import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type {
  NeutralMessage,
  NeutralPart,
  NeutralReasoning,
  NeutralRequest,
  NeutralTool,
  NeutralToolChoice,
} from '../neutral/request.ts';
import { warnOfUnread } from '../neutral/unread-fields.ts';
import {
  hasOtherFields,
  otherFields,
  readArray,
  readBoolean,
  readCount,
  readNumber,
  readObject,
  readString,
  readStringList,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { decodeContent, readCacheMark } from './decode-blocks.ts';
import { REQUEST_FIELDS } from './wire.ts';

const TOOL_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'cache_control',
]);
const THINKING_FIELDS: ReadonlySet<string> = new Set(['type', 'budget_tokens']);
const OUTPUT_FIELDS: ReadonlySet<string> = new Set(['effort', 'format']);
const METADATA_FIELDS: ReadonlySet<string> = new Set(['user_id']);

const EFFORTS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

/** A user turn as runs: tool results become `tool` messages, what stands between them `user` messages. */
function splitResults(content: NeutralPart[]): NeutralMessage[] {
  const messages: NeutralMessage[] = [];
  for (const part of content) {
    const role = part.type === 'tool-result' ? 'tool' : 'user';
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(part);
    else messages.push({ role, content: [part] });
  }
  return messages.length === 0 ? [{ role: 'user', content }] : messages;
}

function decodeMessages(list: JsonValue[], { warn }: DecodeContext): NeutralMessage[] {
  const names = new Map<string, string>();
  return list.flatMap((item, index): NeutralMessage[] => {
    const at = `messages[${index}]`;
    const message = requireObject(item, at);
    const role = requireString(message, 'role', at);
    warnOfUnread(message, ['role', 'content'], { at: 'messages[]', warn });
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      throw wrongField(`${at}.role`, "'user', 'assistant' or 'system'");
    }
    if (message['content'] === undefined || message['content'] === null) {
      throw wrongField(`${at}.content`, 'a string or an array of content blocks; it is missing');
    }
    const content = decodeContent(message['content'], `${at}.content`, names);
    for (const part of content) if (part.type === 'tool-call') names.set(part.id, part.name);
    return role === 'user' ? splitResults(content) : [{ role, content }];
  });
}

function decodeTool(item: JsonValue, at: string): NeutralTool {
  const value = requireObject(item, at);
  const type = readString(value, 'type', at);
  const name = readString(value, 'name', at);
  if (type !== undefined && type !== 'custom') {
    return { type: 'provider', dialect: 'anthropic', name: name ?? type, value };
  }
  const tool: NeutralTool = { type: 'function', name: requireString(value, 'name', at) };
  const description = readString(value, 'description', at);
  if (description !== undefined) tool.description = description;
  const parameters = readObject(value, 'input_schema', at);
  if (parameters !== undefined) tool.parameters = parameters;
  const strict = readBoolean(value, 'strict', at);
  if (strict !== undefined) tool.strict = strict;
  const cache = readCacheMark(value, at);
  if (cache !== undefined) tool.cache = cache;
  if (hasOtherFields(value, TOOL_FIELDS)) tool.origin = { dialect: 'anthropic', value };
  return tool;
}

function decodeToolChoice(choice: JsonObject, extensions: JsonObject): NeutralToolChoice | undefined {
  switch (requireString(choice, 'type', 'tool_choice')) {
    case 'auto':
      return { type: 'auto' };
    case 'any':
      return { type: 'required' };
    case 'none':
      return { type: 'none' };
    case 'tool':
      return { type: 'tool', name: requireString(choice, 'name', 'tool_choice') };
    default:
      extensions['tool_choice'] = choice;
      return undefined;
  }
}

function decodeReasoning(body: JsonObject, extensions: JsonObject): NeutralReasoning | undefined {
  const reasoning: NeutralReasoning = {};
  const thinking = readObject(body, 'thinking', '');
  if (thinking !== undefined) {
    const type = requireString(thinking, 'type', 'thinking');
    if (type === 'enabled') reasoning.enabled = true;
    else if (type === 'disabled') reasoning.enabled = false;
    else if (type === 'adaptive') reasoning.adaptive = true;
    else extensions['thinking'] = thinking;
    const budget = readCount(thinking, 'budget_tokens', { at: 'thinking', least: 0 });
    if (budget !== undefined) reasoning.budgetTokens = budget;
    if (hasOtherFields(thinking, THINKING_FIELDS)) extensions['thinking'] = thinking;
  }
  const output = readObject(body, 'output_config', '');
  const effort = output === undefined ? undefined : readString(output, 'effort', 'output_config');
  if (effort !== undefined && EFFORTS.has(effort)) {
    reasoning.effort = effort as NonNullable<NeutralReasoning['effort']>;
  } else if (effort !== undefined) {
    extensions['output_config'] = { effort };
  }
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}

function decodeOutput(body: JsonObject, options: { request: NeutralRequest; extensions: JsonObject }): void {
  const { request, extensions } = options;
  const output = readObject(body, 'output_config', '');
  const rest = output === undefined ? undefined : otherFields(output, OUTPUT_FIELDS);
  const kept = isObject(extensions['output_config']) ? extensions['output_config'] : undefined;
  if (rest !== undefined) extensions['output_config'] = { ...kept, ...rest };
  // `output_format` was the field's name while it was in beta.
  const format =
    (output === undefined ? undefined : readObject(output, 'format', 'output_config')) ??
    readObject(body, 'output_format', '');
  if (format === undefined) return;
  const schema = isObject(format['schema']) ? format['schema'] : undefined;
  if (format['type'] === 'json_schema' && schema !== undefined) {
    // The API knows no name for a schema, others demand one.
    request.responseFormat = { type: 'json-schema', name: 'response', schema };
  } else {
    extensions['output_config'] = { ...kept, ...rest, format };
  }
}

function decodeSampling(body: JsonObject, request: NeutralRequest): void {
  const limit = readCount(body, 'max_tokens', { at: '', least: 0 });
  if (limit !== undefined) request.maxOutputTokens = limit;
  const temperature = readNumber(body, 'temperature', '');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = readNumber(body, 'top_p', '');
  if (topP !== undefined) request.topP = topP;
  const topK = readNumber(body, 'top_k', '');
  if (topK !== undefined) request.topK = topK;
  const stop = readStringList(body, 'stop_sequences', '');
  if (stop !== undefined) request.stop = stop;
}

function decodeSystem(body: JsonObject): NeutralMessage[] {
  const content = decodeContent(body['system'], 'system', new Map());
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

/** Reads a Messages request. Its fields without neutral meaning go to `extensions.anthropic`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  const extensions: JsonObject = otherFields(body, REQUEST_FIELDS) ?? {};
  const messages = readArray(body, 'messages', '');
  if (messages === undefined) throw wrongField('messages', 'an array; it is missing');
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const request: NeutralRequest = {
    model,
    stream: readBoolean(body, 'stream', '') ?? context.stream ?? false,
    messages: [...decodeSystem(body), ...decodeMessages(messages, context)],
    tools: (readArray(body, 'tools', '') ?? []).map((item, index) => decodeTool(item, `tools[${index}]`)),
  };
  const choice = readObject(body, 'tool_choice', '');
  if (choice !== undefined) {
    const decoded = decodeToolChoice(choice, extensions);
    if (decoded !== undefined) request.toolChoice = decoded;
    if (decoded !== undefined) {
      warnOfUnread(choice, ['type', 'name', 'disable_parallel_tool_use'], { at: 'tool_choice', warn: context.warn });
    }
    const disable = readBoolean(choice, 'disable_parallel_tool_use', 'tool_choice');
    if (disable !== undefined) request.parallelToolCalls = !disable;
  }
  decodeSampling(body, request);
  const reasoning = decodeReasoning(body, extensions);
  if (reasoning !== undefined) request.reasoning = reasoning;
  decodeOutput(body, { request, extensions });
  const metadata = readObject(body, 'metadata', '');
  if (metadata !== undefined) {
    const user = readString(metadata, 'user_id', 'metadata');
    if (user !== undefined) request.user = user;
    const rest = otherFields(metadata, METADATA_FIELDS);
    if (rest !== undefined) extensions['metadata'] = rest;
  }
  const tier = readString(body, 'service_tier', '');
  // Standard capacity is `default` in the other APIs' words.
  if (tier !== undefined) request.serviceTier = tier === 'standard_only' ? 'default' : tier;
  // Present even when empty: it says which API the request was written in.
  request.extensions = { anthropic: extensions };
  return request;
}
