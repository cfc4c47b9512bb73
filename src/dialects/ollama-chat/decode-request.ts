import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { ClientDialect } from '../dialect.ts';
import type { NeutralMessage, NeutralRequest, NeutralTool } from '../neutral/request.ts';
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
import { decodeImages, decodeMessages } from './decode-messages.ts';
import { type OllamaForm, OPTIONS, REQUEST_FIELDS } from './wire.ts';

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function']);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters']);

function decodeTool(item: JsonValue, at: string): NeutralTool {
  const value = requireObject(item, at);
  const place = `${at}.function`;
  const fn = requireObject(value['function'], place);
  const tool: NeutralTool = { type: 'function', name: requireString(fn, 'name', place) };
  const description = readString(fn, 'description', place);
  if (description !== undefined) tool.description = description;
  const parameters = readObject(fn, 'parameters', place);
  if (parameters !== undefined) tool.parameters = parameters;
  if (hasOtherFields(value, TOOL_FIELDS) || hasOtherFields(fn, FUNCTION_FIELDS)) {
    tool.origin = { dialect: 'ollama-chat', value };
  }
  return tool;
}

function decodeOptions(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const options = readObject(body, 'options', '');
  if (options === undefined) return;
  const at = 'options';
  // Below 0 there is no limit.
  const limit = readNumber(options, 'num_predict', at);
  if (limit !== undefined && limit >= 0) request.maxOutputTokens = limit;
  const temperature = readNumber(options, 'temperature', at);
  if (temperature !== undefined) request.temperature = temperature;
  const topP = readNumber(options, 'top_p', at);
  if (topP !== undefined) request.topP = topP;
  const topK = readNumber(options, 'top_k', at);
  if (topK !== undefined) request.topK = topK;
  const seed = readNumber(options, 'seed', at);
  if (seed !== undefined) request.seed = seed;
  const frequency = readNumber(options, 'frequency_penalty', at);
  if (frequency !== undefined) request.frequencyPenalty = frequency;
  const presence = readNumber(options, 'presence_penalty', at);
  if (presence !== undefined) request.presencePenalty = presence;
  const stop = readStringList(options, 'stop', at);
  if (stop !== undefined) request.stop = stop;
  const rest = otherFields(options, OPTIONS);
  if (rest !== undefined) extensions['options'] = rest;
}

function decodeFormat(body: JsonObject, request: NeutralRequest): void {
  const format = body['format'];
  if (format === undefined || format === null || format === '') return;
  if (format === 'json') request.responseFormat = { type: 'json' };
  // The API knows no name for a schema, others demand one.
  else if (isObject(format)) request.responseFormat = { type: 'json-schema', name: 'response', schema: format };
  else throw wrongField('format', "'json' or a JSON schema");
}

function decodeThink(body: JsonObject, request: NeutralRequest): void {
  const think = body['think'];
  if (think === undefined || think === null) return;
  // Other APIs ask for an effort, or give no thoughts.
  if (think === true) request.reasoning = { enabled: true, effort: 'medium' };
  else if (think === false) request.reasoning = { enabled: false };
  else if (think === 'low' || think === 'medium' || think === 'high') {
    request.reasoning = { enabled: true, effort: think };
  } else throw wrongField('think', "true, false, 'low', 'medium' or 'high'");
}

/** `generate` has one prompt with instructions before it. */
function promptMessages(body: JsonObject): NeutralMessage[] {
  const messages: NeutralMessage[] = [];
  const system = readString(body, 'system', '');
  if (system !== undefined && system !== '') {
    messages.push({ role: 'system', content: [{ type: 'text', text: system }] });
  }
  const text = readString(body, 'prompt', '') ?? '';
  messages.push({ role: 'user', content: [{ type: 'text', text }, ...decodeImages(body, '')] });
  return messages;
}

/**
 * Makes the reader of request bodies of `POST /api/chat` or `/api/generate`. A stream is what the API gives unless the
 * body says otherwise. Fields without neutral meaning go to `extensions['ollama-chat']`.
 */
export function createRequestDecoder(form: OllamaForm): ClientDialect['decodeRequest'] {
  return (body, context) => {
    const model = readString(body, 'model', '') ?? context.model;
    if (model === undefined) throw wrongField('model', 'a string; it is missing');
    const list = readArray(body, 'messages', '');
    if (form === 'chat' && list === undefined) throw wrongField('messages', 'an array; it is missing');
    const extensions: JsonObject = otherFields(body, REQUEST_FIELDS) ?? {};
    const request: NeutralRequest = {
      model,
      stream: readBoolean(body, 'stream', '') ?? true,
      messages: form === 'chat' ? decodeMessages(list ?? []) : promptMessages(body),
      tools: (readArray(body, 'tools', '') ?? []).map((item, index) => decodeTool(item, `tools[${index}]`)),
    };
    decodeOptions(body, request, extensions);
    decodeFormat(body, request);
    decodeThink(body, request);
    if (readBoolean(body, 'logprobs', '') === true) {
      const top = readCount(body, 'top_logprobs', { at: '', least: 0 });
      request.logprobs = top === undefined ? {} : { top };
    }
    // Present even when empty: it says which API the request was written in.
    request.extensions = { 'ollama-chat': extensions };
    return request;
  };
}
