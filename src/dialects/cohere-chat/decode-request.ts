import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralMessage, NeutralReasoning, NeutralRequest, NeutralTool } from '../neutral/request.ts';
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
import { decodeMessages } from './decode-messages.ts';
import { decodeDocument } from './documents.ts';
import { COHERE, REQUEST_FIELDS } from './wire.ts';

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function']);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters']);
const THINKING_FIELDS: ReadonlySet<string> = new Set(['type', 'token_budget']);

function decodeTool(item: JsonValue, at: string, strict: boolean | undefined): NeutralTool {
  const value = requireObject(item, at);
  const place = `${at}.function`;
  const fn = requireObject(value['function'], place);
  const tool: NeutralTool = { type: 'function', name: requireString(fn, 'name', place) };
  const description = readString(fn, 'description', place);
  if (description !== undefined) tool.description = description;
  const parameters = readObject(fn, 'parameters', place);
  if (parameters !== undefined) tool.parameters = parameters;
  if (strict !== undefined) tool.strict = strict;
  if (hasOtherFields(value, TOOL_FIELDS) || hasOtherFields(fn, FUNCTION_FIELDS)) {
    tool.origin = { dialect: COHERE, value };
  }
  return tool;
}

function decodeTools(body: JsonObject, request: NeutralRequest): void {
  const strict = readBoolean(body, 'strict_tools', '');
  const list = readArray(body, 'tools', '') ?? [];
  request.tools = list.map((item, index) => decodeTool(item, `tools[${index}]`, strict));
  const choice = readString(body, 'tool_choice', '');
  if (choice === undefined) return;
  if (choice === 'REQUIRED') request.toolChoice = { type: 'required' };
  else if (choice === 'NONE') request.toolChoice = { type: 'none' };
  else throw wrongField('tool_choice', "'REQUIRED' or 'NONE', or be left out");
}

function decodeSampling(body: JsonObject, request: NeutralRequest): void {
  const limit = readCount(body, 'max_tokens', { at: '', least: 0 });
  if (limit !== undefined) request.maxOutputTokens = limit;
  const temperature = readNumber(body, 'temperature', '');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = readNumber(body, 'p', '');
  if (topP !== undefined) request.topP = topP;
  // 0 switches the parameter off, which is what its absence does.
  const topK = readNumber(body, 'k', '');
  if (topK !== undefined && topK > 0) request.topK = topK;
  const seed = readNumber(body, 'seed', '');
  if (seed !== undefined) request.seed = seed;
  const frequency = readNumber(body, 'frequency_penalty', '');
  if (frequency !== undefined) request.frequencyPenalty = frequency;
  const presence = readNumber(body, 'presence_penalty', '');
  if (presence !== undefined) request.presencePenalty = presence;
  const stop = readStringList(body, 'stop_sequences', '');
  if (stop !== undefined) request.stop = stop;
  if (readBoolean(body, 'logprobs', '') === true) request.logprobs = {};
}

function decodeFormat(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const format = readObject(body, 'response_format', '');
  if (format === undefined) return;
  const type = requireString(format, 'type', 'response_format');
  // `schema` was the field's name before `json_schema`.
  const schema = format['json_schema'] ?? format['schema'];
  if (type === 'text') request.responseFormat = { type: 'text' };
  else if (type === 'json_object' && isObject(schema)) {
    // The API knows no name for a schema, others demand one.
    request.responseFormat = { type: 'json-schema', name: 'response', schema };
  } else if (type === 'json_object') request.responseFormat = { type: 'json' };
  else extensions['response_format'] = format;
}

function decodeThinking(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const thinking = readObject(body, 'thinking', '');
  if (thinking === undefined) return;
  const reasoning: NeutralReasoning = {};
  const type = requireString(thinking, 'type', 'thinking');
  if (type === 'enabled') reasoning.enabled = true;
  else if (type === 'disabled') reasoning.enabled = false;
  const budget = readCount(thinking, 'token_budget', { at: 'thinking', least: 0 });
  if (budget !== undefined) reasoning.budgetTokens = budget;
  if (reasoning.enabled === undefined || hasOtherFields(thinking, THINKING_FIELDS)) extensions['thinking'] = thinking;
  request.reasoning = reasoning;
}

/** Documents stand in the last message of the user, where every model can read them. */
function placeDocuments(body: JsonObject, messages: NeutralMessage[], extensions: JsonObject): void {
  const documents = readArray(body, 'documents', '') ?? [];
  if (documents.length === 0) return;
  const last = messages.findLast((message) => message.role === 'user');
  if (last === undefined) extensions['documents'] = documents;
  else last.content.unshift(...documents.map(decodeDocument));
}

/** Reads the body of `POST /v2/chat`. Its fields without neutral meaning go to `extensions['cohere-chat']`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  const extensions: JsonObject = otherFields(body, REQUEST_FIELDS) ?? {};
  const list = readArray(body, 'messages', '');
  if (list === undefined) throw wrongField('messages', 'an array; it is missing');
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const messages = decodeMessages(list);
  placeDocuments(body, messages, extensions);
  const request: NeutralRequest = {
    model,
    stream: readBoolean(body, 'stream', '') ?? context.stream ?? false,
    messages,
    tools: [],
  };
  decodeTools(body, request);
  decodeSampling(body, request);
  decodeFormat(body, request, extensions);
  decodeThinking(body, request, extensions);
  // Present even when empty: it says which API the request was written in.
  request.extensions = { [COHERE]: extensions };
  return request;
}
