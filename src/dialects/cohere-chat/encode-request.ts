import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralRequest, NeutralTool } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import { type EncodeState, encodeMessages } from './encode-messages.ts';
import { COHERE } from './wire.ts';

/** Ranges of the API's numbers (https://docs.cohere.com/reference/chat). */
const MAX_P = 0.99;
const MAX_K = 500;

const NO_PARAMETERS: JsonObject = { type: 'object', properties: {} };

/** Fields of other APIs that another field says, or that ask for nothing. */
const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  'stream_options',
  'store',
  'thinking',
  'output_config',
  'reasoning',
  'safety_identifier',
  'anthropic_version',
  'anthropic_beta',
]);

function encodeTool(tool: NeutralTool, state: EncodeState): JsonObject[] {
  if (tool.type === 'provider') {
    state.warn(`The tool '${tool.name}' was left out: only the ${tool.dialect} API runs it.`);
    return [];
  }
  if (tool.cache !== undefined) state.warn('Prompt cache marks were left out: Cohere caches prompts by itself.');
  const fn: JsonObject = { name: tool.name };
  if (tool.description !== undefined) fn['description'] = tool.description;
  // The field is demanded by the API.
  fn['parameters'] = tool.parameters ?? NO_PARAMETERS;
  return [{ ...(tool.origin?.dialect === COHERE ? tool.origin.value : undefined), type: 'function', function: fn }];
}

function writeTools(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const choice = request.toolChoice;
  const wanted = choice?.type === 'tool' ? request.tools.filter((tool) => tool.name === choice.name) : request.tools;
  const tools = wanted.flatMap((tool) => encodeTool(tool, state));
  if (tools.length === 0) return;
  body['tools'] = tools;
  const functions = wanted.filter((tool) => tool.type === 'function');
  const strict = functions.filter((tool) => tool.strict === true).length;
  if (strict > 0) body['strict_tools'] = true;
  if (strict > 0 && strict < functions.length) state.warn('All tools were made strict: Cohere has one switch for all.');
  if (choice?.type === 'required') body['tool_choice'] = 'REQUIRED';
  else if (choice?.type === 'none') body['tool_choice'] = 'NONE';
  else if (choice?.type === 'tool') {
    body['tool_choice'] = 'REQUIRED';
    if (wanted.length < request.tools.length)
      state.warn('Only the chosen tool was sent: Cohere can force some tool, not one.');
  }
  if (request.parallelToolCalls === false) {
    state.warn('parallel_tool_calls was left out: Cohere may call several tools in one turn.');
  }
}

/** A number within the API's range. */
function within(value: number, range: { low: number; high: number; name: string }, state: EncodeState): number {
  const fitted = Math.min(range.high, Math.max(range.low, value));
  if (fitted !== value) state.warn(`${range.name} was set to ${fitted}: Cohere takes ${range.low} to ${range.high}.`);
  return fitted;
}

function writeSampling(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  if (request.maxOutputTokens !== undefined) body['max_tokens'] = request.maxOutputTokens;
  const { temperature, topP, topK, frequencyPenalty, presencePenalty } = request;
  if (temperature !== undefined) {
    body['temperature'] = within(temperature, { low: 0, high: 1, name: 'The temperature' }, state);
  }
  // All tokens and nearly all tokens are the same to anyone.
  if (topP !== undefined) body['p'] = Math.min(topP, MAX_P);
  if (topK !== undefined) body['k'] = within(topK, { low: 0, high: MAX_K, name: 'top_k' }, state);
  if (frequencyPenalty !== undefined) {
    body['frequency_penalty'] = within(frequencyPenalty, { low: 0, high: 1, name: 'frequency_penalty' }, state);
  }
  if (presencePenalty !== undefined) {
    body['presence_penalty'] = within(presencePenalty, { low: 0, high: 1, name: 'presence_penalty' }, state);
  }
  if (request.seed !== undefined) body['seed'] = request.seed;
  if (request.stop !== undefined && request.stop.length > 0) body['stop_sequences'] = request.stop;
  if (request.logprobs !== undefined) {
    body['logprobs'] = true;
    if ((request.logprobs.top ?? 0) > 0) state.warn('top_logprobs was left out: Cohere shows no alternatives.');
  }
}

function writeResponseFormat(body: JsonObject, request: NeutralRequest): void {
  const format = request.responseFormat;
  if (format === undefined) return;
  if (format.type === 'text') body['response_format'] = { type: 'text' };
  else if (format.type === 'json') body['response_format'] = { type: 'json_object' };
  else body['response_format'] = { type: 'json_object', json_schema: format.schema };
}

/** The models that can think, and refuse or pass over the field if they are others (https://docs.cohere.com/docs/reasoning). */
const THINKING_MODEL = /reasoning/;

/** Models that can think do so unasked, as much as a budget of tokens allows: of an effort only whether to think is kept. */
function writeThinking(body: JsonObject, request: NeutralRequest, options: { own: boolean; state: EncodeState }): void {
  const { reasoning } = request;
  const { own, state } = options;
  if (reasoning === undefined || body['thinking'] !== undefined) return;
  if (reasoning.enabled === false || reasoning.effort === 'none') {
    body['thinking'] = { type: 'disabled' };
    return;
  }
  if (reasoning.budgetTokens !== undefined) {
    body['thinking'] = { type: 'enabled', token_budget: reasoning.budgetTokens };
    return;
  }
  const asked = reasoning.enabled === true || reasoning.adaptive === true || reasoning.effort !== undefined;
  if (!asked) return;
  if (!own && !THINKING_MODEL.test(request.model)) {
    state.warn('The reasoning settings were left out: this model of Cohere does not think.');
    return;
  }
  body['thinking'] = { type: 'enabled' };
  if (reasoning.effort !== undefined && !FULL_EFFORTS.has(reasoning.effort)) {
    state.warn(`Reasoning effort '${reasoning.effort}' was sent as thinking switched on: Cohere knows no degrees.`);
  }
}

/** Efforts that ask for no less than a model of Cohere does unasked. */
const FULL_EFFORTS: ReadonlySet<string> = new Set(['high', 'xhigh', 'max']);

function warnOfLosses(request: NeutralRequest, state: EncodeState): void {
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', "Cohere gives one answer: 'n' must be 1.", { param: 'n' });
  }
  if (request.user !== undefined) state.warn('The user id was left out: Cohere has none.');
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) {
    state.warn('metadata was left out: Cohere has none.');
  }
  const tier = request.serviceTier;
  if (tier !== undefined && tier !== 'auto' && tier !== 'default') {
    state.warn('service_tier was left out: Cohere has none.');
  }
  for (const { dialect, field, path } of foreignExtensions(request, COHERE)) {
    if (HANDLED_EXTENSIONS.has(field)) continue;
    const name = path.slice(0, 64).replace(/[^!-~]/g, '?');
    state.warn(`The ${dialect} field '${name}' was left out: Cohere has no such parameter.`);
  }
}

/** Writes the body of `POST /v2/chat` (https://docs.cohere.com/reference/chat). */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const own = request.extensions?.[COHERE];
  const warned = new Set<string>();
  const state: EncodeState = {
    documents: [],
    warn(warning) {
      if (warned.has(warning)) return;
      warned.add(warning);
      context.warn(warning);
    },
  };
  warnOfLosses(request, state);
  const body: JsonObject = { ...own, model: request.model, messages: encodeMessages(request.messages, state) };
  if (request.stream) body['stream'] = true;
  if (state.documents.length > 0) body['documents'] = state.documents;
  writeTools(body, request, state);
  writeSampling(body, request, state);
  writeResponseFormat(body, request);
  writeThinking(body, request, { own: own !== undefined, state });
  return body;
}
