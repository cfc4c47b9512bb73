import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { Call } from '../call.ts';
import { objectOf, objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';

/*
 * What OpenAI refuses, in its own words as far as they are public
 * (platform.openai.com/docs/api-reference and its error messages).
 */

const CHAT_FIELDS = new Set(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
  metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
  prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream
  stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`.split(/\s+/),
);
const COMPLETION_FIELDS = new Set(
  `model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
  stream_options suffix temperature top_p user`.split(/\s+/),
);
const EMBEDDING_FIELDS = new Set('input model dimensions encoding_format user'.split(' '));
const RESPONSE_FIELDS = new Set(
  `access_programs background context_management conversation image include input instructions max_output_tokens
  max_tool_calls metadata model moderation parallel_tool_calls personality previous_response_id prompt
  prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream
  stream_options temperature text tool_choice tools top_logprobs top_p truncation user`.split(/\s+/),
);
const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);
const FUNCTION_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const REASONING_MODEL = /^(?:o\d|gpt-5)/;

/** Refuses what `POST /chat/completions` would refuse. */
export function checkChat(call: Call): void {
  const { json } = call;
  refuseUnknown(json, CHAT_FIELDS);
  if (call.api.name === 'openai') requireField(json, 'model');
  const messages = objectsOf(requireField(json, 'messages'));
  if (messages.length === 0) {
    refuse(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      {
        param: 'messages',
        code: 'empty_array',
      },
    );
  }
  checkSampling(json);
  checkStop(json);
  checkRoles(messages);
  checkToolPairs(messages);
  checkTools(objectsOf(json['tools']).map((tool) => objectOf(tool['function'])));
  const offersTools = objectsOf(json['tools']).length > 0;
  if (!offersTools && json['tool_choice'] !== undefined && json['tool_choice'] !== 'none') {
    refuse("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", {
      param: 'tool_choice',
    });
  }
  if (!offersTools && json['parallel_tool_calls'] !== undefined) {
    refuse(
      "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
      {
        param: 'parallel_tool_calls',
      },
    );
  }
  if (json['stream_options'] !== undefined && json['stream'] !== true) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", { param: 'stream_options' });
  }
  if (json['max_tokens'] !== undefined && REASONING_MODEL.test(stringOf(json['model']))) {
    refuse(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: 'max_tokens', code: 'unsupported_parameter' },
    );
  }
  const format = objectOf(json['response_format']);
  if (format['type'] === 'json_object' && !/json/i.test(JSON.stringify(messages))) {
    refuse("'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", {
      param: 'messages',
    });
  }
  const schema = objectOf(format['json_schema']);
  if (schema['strict'] === true) checkStrictSchema(schema['schema'], `response_format '${stringOf(schema['name'])}'`);
}

/** Refuses what `POST /completions` would refuse. */
export function checkCompletions(call: Call): void {
  refuseUnknown(call.json, COMPLETION_FIELDS);
  if (call.api.name === 'openai') requireField(call.json, 'model');
  checkSampling(call.json);
  checkStop(call.json);
}

/** Refuses what `POST /embeddings` would refuse. */
export function checkEmbeddings(call: Call): void {
  refuseUnknown(call.json, EMBEDDING_FIELDS);
  requireField(call.json, 'input');
  if (call.api.name === 'openai') requireField(call.json, 'model');
}

/** Refuses what `POST /responses` would refuse. */
export function checkResponses(call: Call): void {
  const { json } = call;
  refuseUnknown(json, RESPONSE_FIELDS);
  requireField(json, 'model');
  checkSampling(json);
  checkTools(objectsOf(json['tools']).filter((tool) => tool['type'] === 'function'));
  const items = objectsOf(json['input']);
  if (json['previous_response_id'] !== undefined || json['conversation'] !== undefined) return;
  const calls = new Set(items.filter((item) => item['type'] === 'function_call').map((item) => item['call_id']));
  const outputs = new Set(
    items.filter((item) => item['type'] === 'function_call_output').map((item) => item['call_id']),
  );
  for (const id of outputs) {
    if (!calls.has(id))
      refuse(`No tool call found for function call output with call_id ${String(id)}.`, { param: 'input' });
  }
  for (const id of calls) {
    if (!outputs.has(id)) refuse(`No tool output found for function call ${String(id)}.`, { param: 'input' });
  }
}

/** Throws OpenAI's 400. */
function refuse(message: string, where: { param?: string; code?: string } = {}): never {
  throw new Refusal({ status: 400, message, type: 'invalid_request_error', ...where });
}

function refuseUnknown(json: JsonObject, known: ReadonlySet<string>): void {
  for (const name of Object.keys(json)) {
    if (!known.has(name)) refuse(`Unknown parameter: '${name}'.`, { param: name, code: 'unknown_parameter' });
  }
}

function requireField(json: JsonObject, name: string): JsonValue {
  const value = json[name];
  if (value !== undefined && value !== null) return value;
  return refuse(`Missing required parameter: '${name}'.`, { param: name, code: 'missing_required_parameter' });
}

function checkSampling(json: JsonObject): void {
  checkRange(json, 'temperature', [0, 2]);
  checkRange(json, 'top_p', [0, 1]);
  checkRange(json, 'frequency_penalty', [-2, 2]);
  checkRange(json, 'presence_penalty', [-2, 2]);
  for (const name of ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n']) {
    const value = json[name];
    if (typeof value === 'number' && value < 1) {
      refuse(`Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${value} instead.`, {
        param: name,
        code: 'integer_below_min_value',
      });
    }
  }
}

function checkRange(json: JsonObject, name: string, [low, high]: [number, number]): void {
  const value = json[name];
  if (value === undefined || value === null) return;
  if (typeof value !== 'number') {
    refuse(`Invalid type for '${name}': expected a decimal, but got ${typeof value} instead.`, {
      param: name,
      code: 'invalid_type',
    });
  }
  if (value > high) {
    refuse(`Invalid '${name}': decimal above maximum value. Expected a value <= ${high}, but got ${value} instead.`, {
      param: name,
      code: 'decimal_above_max_value',
    });
  }
  if (value < low) {
    refuse(`Invalid '${name}': decimal below minimum value. Expected a value >= ${low}, but got ${value} instead.`, {
      param: name,
      code: 'decimal_below_min_value',
    });
  }
}

function checkStop(json: JsonObject): void {
  const stop = json['stop'];
  if (!Array.isArray(stop) || stop.length <= 4) return;
  refuse(
    `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stop.length} instead.`,
    { param: 'stop', code: 'array_above_max_length' },
  );
}

function checkRoles(messages: readonly JsonObject[]): void {
  for (const [index, message] of messages.entries()) {
    const role = stringOf(message['role']);
    if (ROLES.has(role)) continue;
    refuse(
      `Invalid value: '${role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
      { param: `messages[${index}].role`, code: 'invalid_value' },
    );
  }
}

/** Every tool call must be answered at once, and every tool message must answer one. */
function checkToolPairs(messages: readonly JsonObject[]): void {
  let waiting: string[] = [];
  let answered = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message['role'] === 'tool') {
      const id = stringOf(message['tool_call_id']);
      if (!waiting.includes(id) && !answered.has(id)) {
        refuse(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          { param: `messages.[${index}].role` },
        );
      }
      answered.add(id);
      waiting = waiting.filter((one) => one !== id);
      continue;
    }
    refuseWaiting(waiting, index);
    answered = new Set();
    waiting = objectsOf(message['tool_calls']).map((call) => stringOf(call['id']));
  }
  refuseWaiting(waiting, messages.length);
}

function refuseWaiting(waiting: readonly string[], index: number): void {
  if (waiting.length === 0) return;
  refuse(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${waiting.join(', ')}`,
    { param: `messages.[${index}].role` },
  );
}

function checkTools(functions: readonly JsonObject[]): void {
  for (const [index, fn] of functions.entries()) {
    const name = stringOf(fn['name']);
    if (!FUNCTION_NAME.test(name)) {
      refuse(
        `Invalid 'tools[${index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        { param: `tools[${index}].function.name`, code: 'invalid_value' },
      );
    }
    if (fn['strict'] === true) checkStrictSchema(fn['parameters'], `function '${name}'`);
  }
}

/** Structured outputs demand closed objects with every property required. */
function checkStrictSchema(schema: JsonValue | undefined, place: string, context = ''): void {
  const node = objectOf(schema);
  const where = `In context=(${context}), `;
  if (node['type'] === 'object' || node['properties'] !== undefined) {
    const names = Object.keys(objectOf(node['properties']));
    if (node['additionalProperties'] !== false) {
      refuse(
        `Invalid schema for ${place}: ${where}'additionalProperties' is required to be supplied and to be false.`,
        {
          code: 'invalid_json_schema',
        },
      );
    }
    const required = Array.isArray(node['required']) ? node['required'] : [];
    const missing = names.find((name) => !required.includes(name));
    if (missing !== undefined) {
      refuse(
        `Invalid schema for ${place}: ${where}'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`,
        { code: 'invalid_json_schema' },
      );
    }
    for (const name of names) {
      checkStrictSchema(objectOf(node['properties'])[name], place, `${context}'properties', '${name}'`);
    }
  }
  if (node['items'] !== undefined) checkStrictSchema(node['items'], place, `${context}'items'`);
}
