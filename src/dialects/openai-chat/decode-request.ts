import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type {
  NeutralReasoning,
  NeutralRequest,
  NeutralResponseFormat,
  NeutralTool,
  NeutralToolChoice,
} from '../neutral/request.ts';
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
import { readCacheMark } from './decode-parts.ts';
import { knownEffort, REQUEST_FIELDS } from './wire.ts';

const TOOL_FIELDS: ReadonlySet<string> = new Set(['type', 'function', 'cache_control']);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict']);
const THINKING_FIELDS: ReadonlySet<string> = new Set(['type', 'budget_tokens']);
const STREAM_FIELDS: ReadonlySet<string> = new Set(['include_usage']);

function decodeFunction(fn: JsonObject, at: string): NeutralTool & { type: 'function' } {
  const tool: NeutralTool & { type: 'function' } = { type: 'function', name: requireString(fn, 'name', at) };
  const description = readString(fn, 'description', at);
  if (description !== undefined) tool.description = description;
  const parameters = readObject(fn, 'parameters', at);
  if (parameters !== undefined) tool.parameters = parameters;
  const strict = readBoolean(fn, 'strict', at);
  if (strict !== undefined) tool.strict = strict;
  return tool;
}

function decodeTool(item: JsonValue, at: string): NeutralTool {
  const value = requireObject(item, at);
  const type = requireString(value, 'type', at);
  if (type !== 'function') {
    const custom = isObject(value['custom']) ? value['custom']['name'] : undefined;
    const name = typeof custom === 'string' ? custom : typeof value['name'] === 'string' ? value['name'] : type;
    return { type: 'provider', dialect: 'openai-chat', name, value };
  }
  const fn = requireObject(value['function'], `${at}.function`);
  const tool = decodeFunction(fn, `${at}.function`);
  const cache = readCacheMark(value, at) ?? readCacheMark(fn, `${at}.function`);
  if (cache !== undefined) tool.cache = cache;
  if (hasOtherFields(value, TOOL_FIELDS) || hasOtherFields(fn, FUNCTION_FIELDS)) {
    tool.origin = { dialect: 'openai-chat', value };
  }
  return tool;
}

function decodeToolChoice(body: JsonObject, extensions: JsonObject): NeutralToolChoice | undefined {
  const choice = body['tool_choice'] ?? body['function_call'];
  const place = body['tool_choice'] === undefined || body['tool_choice'] === null ? 'function_call' : 'tool_choice';
  if (choice === undefined || choice === null) return undefined;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  // `any` is Mistral's word.
  if (choice === 'any') return { type: 'required' };
  if (!isObject(choice)) throw wrongField(place, "'auto', 'none', 'required' or an object that names a tool");
  if (place === 'function_call') return { type: 'tool', name: requireString(choice, 'name', place) };
  switch (requireString(choice, 'type', place)) {
    case 'function':
      return {
        type: 'tool',
        name: requireString(requireObject(choice['function'], `${place}.function`), 'name', `${place}.function`),
      };
    case 'custom':
      extensions['tool_choice'] = choice;
      return {
        type: 'tool',
        name: requireString(requireObject(choice['custom'], `${place}.custom`), 'name', `${place}.custom`),
      };
    case 'allowed_tools': {
      // The subset travels as it is: the neutral choice says only whether a tool must be used.
      extensions['tool_choice'] = choice;
      const allowed = requireObject(choice['allowed_tools'], `${place}.allowed_tools`);
      return { type: allowed['mode'] === 'required' ? 'required' : 'auto' };
    }
    default:
      extensions['tool_choice'] = choice;
      return undefined;
  }
}

function decodeResponseFormat(body: JsonObject, extensions: JsonObject): NeutralResponseFormat | undefined {
  const format = readObject(body, 'response_format', '');
  if (format === undefined) return undefined;
  switch (requireString(format, 'type', 'response_format')) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const place = 'response_format.json_schema';
      const fields = requireObject(format['json_schema'], place);
      const schema = readObject(fields, 'schema', place) ?? {};
      const decoded: NeutralResponseFormat = {
        type: 'json-schema',
        name: readString(fields, 'name', place) ?? 'response',
        schema,
      };
      const description = readString(fields, 'description', place);
      if (description !== undefined) decoded.description = description;
      const strict = readBoolean(fields, 'strict', place);
      if (strict !== undefined) decoded.strict = strict;
      return decoded;
    }
    default:
      extensions['response_format'] = format;
      return undefined;
  }
}

function decodeReasoning(body: JsonObject, extensions: JsonObject): NeutralReasoning | undefined {
  const reasoning: NeutralReasoning = {};
  const word = readString(body, 'reasoning_effort', '');
  const effort = word === undefined ? undefined : knownEffort(word);
  if (effort !== undefined) reasoning.effort = effort;
  else if (word !== undefined) extensions['reasoning_effort'] = word;
  const thinking = readObject(body, 'thinking', '');
  if (thinking !== undefined) {
    const type = requireString(thinking, 'type', 'thinking');
    if (type === 'enabled') reasoning.enabled = true;
    else if (type === 'disabled') reasoning.enabled = false;
    else if (type === 'adaptive') reasoning.adaptive = true;
    const budget = readCount(thinking, 'budget_tokens', { at: 'thinking', least: 0 });
    if (budget !== undefined) reasoning.budgetTokens = budget;
    const unknown = reasoning.enabled === undefined && reasoning.adaptive === undefined;
    if (unknown || hasOtherFields(thinking, THINKING_FIELDS)) extensions['thinking'] = thinking;
  }
  // OpenRouter's form; the object itself is among the extensions.
  const other = isObject(body['reasoning']) ? body['reasoning'] : undefined;
  const otherEffort = typeof other?.['effort'] === 'string' ? knownEffort(other['effort']) : undefined;
  if (otherEffort !== undefined) reasoning.effort ??= otherEffort;
  if (typeof other?.['max_tokens'] === 'number') reasoning.budgetTokens ??= other['max_tokens'];
  if (typeof other?.['enabled'] === 'boolean') reasoning.enabled ??= other['enabled'];
  return Object.keys(reasoning).length === 0 ? undefined : reasoning;
}

function decodeSampling(body: JsonObject, request: NeutralRequest, context: DecodeContext): void {
  const temperature = readNumber(body, 'temperature', '');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = readNumber(body, 'top_p', '');
  if (topP !== undefined) request.topP = topP;
  const topK = readNumber(body, 'top_k', '');
  if (topK !== undefined) request.topK = topK;
  const seed = readNumber(body, 'seed', '');
  if (seed !== undefined) request.seed = seed;
  const frequencyPenalty = readNumber(body, 'frequency_penalty', '');
  if (frequencyPenalty !== undefined) request.frequencyPenalty = frequencyPenalty;
  const presencePenalty = readNumber(body, 'presence_penalty', '');
  if (presencePenalty !== undefined) request.presencePenalty = presencePenalty;
  const stop = readStringList(body, 'stop', '');
  if (stop !== undefined) request.stop = stop;
  const count = readCount(body, 'n', { at: '', least: 1 });
  if (count !== undefined) request.candidateCount = count;
  const limit = readCount(body, 'max_completion_tokens', { at: '', least: 0 });
  const former = readCount(body, 'max_tokens', { at: '', least: 0 });
  if (limit !== undefined || former !== undefined) request.maxOutputTokens = limit ?? former ?? 0;
  if (limit !== undefined && former !== undefined && limit !== former) {
    context.warn?.("'max_tokens' was left out: 'max_completion_tokens' is its newer name.");
  }
  if (readBoolean(body, 'logprobs', '') === true) {
    const top = readCount(body, 'top_logprobs', { at: '', least: 0 });
    request.logprobs = top === undefined ? {} : { top };
  } else if (typeof body['top_logprobs'] === 'number' && body['top_logprobs'] > 0) {
    context.warn?.("'top_logprobs' was left out: it has no effect without 'logprobs'.");
  }
}

function decodeIdentity(body: JsonObject, options: { request: NeutralRequest; extensions: JsonObject }): void {
  const { request, extensions } = options;
  const user = readString(body, 'user', '');
  const safetyId = readString(body, 'safety_identifier', '');
  if (user !== undefined || safetyId !== undefined) request.user = user ?? safetyId ?? '';
  if (safetyId !== undefined) extensions['safety_identifier'] = safetyId;
  const tier = readString(body, 'service_tier', '');
  if (tier !== undefined) request.serviceTier = tier;
  const metadata = readObject(body, 'metadata', '');
  if (metadata === undefined) return;
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  request.metadata = Object.fromEntries(texts);
  if (texts.length !== Object.keys(metadata).length) extensions['metadata'] = metadata;
}

function isGiven(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null;
}

/** Reads a chat completions request. Its fields without neutral meaning go to `extensions['openai-chat']`. */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  const extensions: JsonObject = otherFields(body, REQUEST_FIELDS) ?? {};
  const messages = readArray(body, 'messages', '');
  if (messages === undefined) throw wrongField('messages', 'an array; it is missing');
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const request: NeutralRequest = {
    model,
    stream: readBoolean(body, 'stream', '') ?? context.stream ?? false,
    messages: decodeMessages(messages),
    tools: readArray(body, 'tools', '')?.map((item, index) => decodeTool(item, `tools[${index}]`)) ?? [],
  };
  readArray(body, 'functions', '')?.forEach((item, index) => {
    request.tools.push(decodeFunction(requireObject(item, `functions[${index}]`), `functions[${index}]`));
  });
  const choice = decodeToolChoice(body, extensions);
  if (isGiven(body['tool_choice']) && isGiven(body['function_call'])) {
    context.warn?.("'function_call' was left out: 'tool_choice' is its newer form.");
  }
  if (choice !== undefined) request.toolChoice = choice;
  const parallel = readBoolean(body, 'parallel_tool_calls', '');
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  decodeSampling(body, request, context);
  const format = decodeResponseFormat(body, extensions);
  if (format !== undefined) request.responseFormat = format;
  const reasoning = decodeReasoning(body, extensions);
  if (reasoning !== undefined) request.reasoning = reasoning;
  decodeIdentity(body, { request, extensions });
  const streamOptions = readObject(body, 'stream_options', '');
  const streamExtras = streamOptions === undefined ? undefined : otherFields(streamOptions, STREAM_FIELDS);
  if (streamExtras !== undefined) extensions['stream_options'] = streamExtras;
  // Present even when empty: it says which API the request was written in.
  request.extensions = { 'openai-chat': extensions };
  return request;
}
