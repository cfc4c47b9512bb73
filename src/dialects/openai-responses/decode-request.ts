import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralReasoning, NeutralRequest, NeutralResponseFormat } from '../neutral/request.ts';
import {
  otherFields,
  readBoolean,
  readCount,
  readNumber,
  readObject,
  readString,
  readStringList,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { knownEffort } from '../openai-chat/wire.ts';
import { decodeInput } from './decode-input.ts';
import { decodeTools } from './decode-tools.ts';
import { INCLUDE_LOGPROBS, INCLUDE_REASONING, REQUEST_FIELDS, RESPONSES } from './wire.ts';

const REASONING_FIELDS: ReadonlySet<string> = new Set(['effort', 'summary', 'generate_summary']);
const TEXT_FIELDS: ReadonlySet<string> = new Set(['format']);
const STREAM_FIELDS: ReadonlySet<string> = new Set(['include_obfuscation', 'include_usage']);

function refuse(param: string, message: string): never {
  throw new GatewayError('unsupported_parameter', message, { param });
}

/** Refuses what needs a provider that keeps conversations: the answer would be one to another question. */
function refuseStored(body: JsonObject): void {
  const given = (name: string): boolean => body[name] !== undefined && body[name] !== null;
  if (given('previous_response_id')) {
    refuse(
      'previous_response_id',
      "'previous_response_id' is not supported for this model: its provider keeps no responses. Send the whole conversation in 'input' instead.",
    );
  }
  if (given('conversation')) {
    refuse(
      'conversation',
      "'conversation' is not supported for this model: its provider keeps no conversations. Send the whole conversation in 'input' instead.",
    );
  }
  if (given('prompt')) {
    refuse(
      'prompt',
      "'prompt' is not supported for this model: the template is kept by OpenAI. Send its text in 'instructions' and 'input' instead.",
    );
  }
  if (readBoolean(body, 'background', '') === true) {
    refuse(
      'background',
      "'background' is not supported for this model: its provider answers at once. Leave it out, and set 'stream' for long answers.",
    );
  }
}

function decodeFormat(format: JsonObject): NeutralResponseFormat | undefined {
  const place = 'text.format';
  switch (requireString(format, 'type', place)) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const decoded: NeutralResponseFormat = {
        type: 'json-schema',
        name: readString(format, 'name', place) ?? 'response',
        schema: readObject(format, 'schema', place) ?? {},
      };
      const description = readString(format, 'description', place);
      if (description !== undefined) decoded.description = description;
      const strict = readBoolean(format, 'strict', place);
      if (strict !== undefined) decoded.strict = strict;
      return decoded;
    }
    default:
      return undefined;
  }
}

function decodeText(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const text = readObject(body, 'text', '');
  if (text === undefined) return;
  const rest = otherFields(text, TEXT_FIELDS) ?? {};
  const format = readObject(text, 'format', 'text');
  const decoded = format === undefined ? undefined : decodeFormat(format);
  if (decoded !== undefined) request.responseFormat = decoded;
  else if (format !== undefined) rest['format'] = format;
  if (Object.keys(rest).length > 0) extensions['text'] = rest;
}

function decodeReasoning(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const value = readObject(body, 'reasoning', '');
  if (value === undefined) return;
  const reasoning: NeutralReasoning = {};
  const rest = otherFields(value, REASONING_FIELDS) ?? {};
  const word = readString(value, 'effort', 'reasoning');
  const effort = word === undefined ? undefined : knownEffort(word);
  if (effort !== undefined) reasoning.effort = effort;
  else if (word !== undefined) rest['effort'] = word;
  const summary = readString(value, 'summary', 'reasoning') ?? readString(value, 'generate_summary', 'reasoning');
  if (summary !== undefined) reasoning.summary = summary;
  if (Object.keys(reasoning).length > 0) request.reasoning = reasoning;
  if (Object.keys(rest).length > 0) extensions['reasoning'] = rest;
}

function decodeSampling(body: JsonObject, request: NeutralRequest): void {
  const limit = readCount(body, 'max_output_tokens', { at: '', least: 0 });
  if (limit !== undefined) request.maxOutputTokens = limit;
  const temperature = readNumber(body, 'temperature', '');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = readNumber(body, 'top_p', '');
  if (topP !== undefined) request.topP = topP;
}

/** Reads `include` and `top_logprobs`. Reasoning always comes back in a form to give back: asking for it needs no keeping. */
function decodeInclude(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const include = readStringList(body, 'include', '') ?? [];
  const top = readCount(body, 'top_logprobs', { at: '', least: 0 });
  if (top !== undefined && top > 0) request.logprobs = { top };
  else if (include.includes(INCLUDE_LOGPROBS)) request.logprobs = {};
  const rest = include.filter((entry) => entry !== INCLUDE_REASONING && entry !== INCLUDE_LOGPROBS);
  if (rest.length > 0) extensions['include'] = rest;
}

function decodeIdentity(body: JsonObject, request: NeutralRequest, extensions: JsonObject): void {
  const user = readString(body, 'user', '');
  const safetyId = readString(body, 'safety_identifier', '');
  if (user !== undefined || safetyId !== undefined) request.user = user ?? safetyId ?? '';
  if (safetyId !== undefined && user !== undefined) extensions['safety_identifier'] = safetyId;
  const tier = readString(body, 'service_tier', '');
  if (tier !== undefined) request.serviceTier = tier;
  const metadata = readObject(body, 'metadata', '');
  if (metadata === undefined) return;
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  request.metadata = Object.fromEntries(texts);
  if (texts.length !== Object.keys(metadata).length) extensions['metadata'] = metadata;
}

/** Keeps what differs from how the gateway, which stores and truncates nothing, would answer anyway. */
function decodeKeeping(body: JsonObject, extensions: JsonObject): void {
  if (readBoolean(body, 'store', '') === true) extensions['store'] = true;
  const truncation = readString(body, 'truncation', '');
  if (truncation !== undefined && truncation !== 'disabled') extensions['truncation'] = truncation;
  const options = readObject(body, 'stream_options', '');
  const rest = options === undefined ? undefined : otherFields(options, STREAM_FIELDS);
  if (rest !== undefined) extensions['stream_options'] = rest;
}

/**
 * Reads a Responses request. Its fields without neutral meaning go to `extensions['openai-responses']`.
 * Throws `unsupported_parameter` for what only a provider that keeps responses can do.
 */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  refuseStored(body);
  const extensions: JsonObject = otherFields(body, REQUEST_FIELDS) ?? {};
  const model = readString(body, 'model', '') ?? context.model;
  if (model === undefined) throw wrongField('model', 'a string; it is missing');
  const messages = decodeInput(body['input']);
  const instructions = readString(body, 'instructions', '');
  if (instructions !== undefined && instructions !== '') {
    messages.unshift({ role: 'system', content: [{ type: 'text', text: instructions }] });
  }
  const { tools, choice } = decodeTools(body, extensions);
  const request: NeutralRequest = {
    model,
    stream: readBoolean(body, 'stream', '') ?? context.stream ?? false,
    messages,
    tools,
  };
  if (choice !== undefined) request.toolChoice = choice;
  const parallel = readBoolean(body, 'parallel_tool_calls', '');
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  decodeSampling(body, request);
  decodeText(body, request, extensions);
  decodeReasoning(body, request, extensions);
  decodeInclude(body, request, extensions);
  decodeIdentity(body, request, extensions);
  decodeKeeping(body, extensions);
  // Present even when empty: it says which API the request was written in.
  request.extensions = { [RESPONSES]: extensions };
  return request;
}
