import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralRequest, NeutralResponseFormat } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import { encodeInput } from './encode-input.ts';
import type { EncodeState } from './encode-parts.ts';
import { customToolNames, writeTools } from './encode-tools.ts';
import { INCLUDE_LOGPROBS, INCLUDE_REASONING, RESPONSES } from './wire.ts';

/** The longest `user` that OpenAI takes, in characters. */
const MAX_USER = 64;

/** The least `max_output_tokens` that OpenAI takes. */
const MIN_OUTPUT = 16;

/** OpenAI's models that do not reason: they refuse `reasoning`, and encrypted reasoning in `include`. */
const NO_REASONING = /(?:^|\/)(?:gpt-3|gpt-4|chatgpt-4o|gpt-5(?:\.\d+)?-chat)/;

/** Fields of chat completions that this API has under the same name. */
const SHARED_FIELDS = ['prompt_cache_key', 'prompt_cache_retention', 'prompt_cache_options', 'safety_identifier'];

/** Fields of other APIs that say what another field of this API says, or that need no saying. */
const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  ...SHARED_FIELDS,
  'store',
  'verbosity',
  'stream_options',
  'thinking',
  'reasoning',
  'output_config',
  'anthropic_version',
  'anthropic_beta',
]);

/** The effort that stands for a budget of thinking tokens. */
function effortForBudget(tokens: number): 'low' | 'medium' | 'high' {
  if (tokens <= 2048) return 'low';
  return tokens <= 8192 ? 'medium' : 'high';
}

function writeReasoning(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return;
  if (!state.sameDialect && NO_REASONING.test(request.model)) {
    const asked = reasoning.enabled !== false && reasoning.effort !== 'none';
    if (asked) state.warn(`Reasoning settings were left out: '${request.model}' does not think.`);
    return;
  }
  const written: JsonObject = { ...(isObject(body['reasoning']) ? body['reasoning'] : undefined) };
  if (reasoning.effort !== undefined) written['effort'] = reasoning.effort;
  else if (reasoning.enabled === false) {
    state.warn('Thinking was not turned off: not every model of the Responses API can do without; set an effort.');
  } else if (reasoning.budgetTokens !== undefined) {
    written['effort'] = effortForBudget(reasoning.budgetTokens);
    state.warn(`The thinking budget was sent as reasoning effort '${written['effort']}'.`);
  }
  if (reasoning.summary !== undefined && (state.sameDialect || reasoning.summary !== 'none')) {
    const known = reasoning.summary === 'concise' || reasoning.summary === 'detailed';
    written['summary'] = known || state.sameDialect ? reasoning.summary : 'auto';
  }
  if (Object.keys(written).length > 0) body['reasoning'] = written;
}

/** Writes a response format as `text.format`. */
export function encodeFormat(format: NeutralResponseFormat): JsonObject {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  const written: JsonObject = { type: 'json_schema', name: format.name, schema: format.schema };
  if (format.description !== undefined) written['description'] = format.description;
  if (format.strict !== undefined) written['strict'] = format.strict;
  return written;
}

function writeText(body: JsonObject, request: NeutralRequest): void {
  const text: JsonObject = { ...(isObject(body['text']) ? body['text'] : undefined) };
  const verbosity = request.extensions?.['openai-chat']?.['verbosity'];
  if (typeof verbosity === 'string') text['verbosity'] ??= verbosity;
  if (request.responseFormat !== undefined) text['format'] = encodeFormat(request.responseFormat);
  if (Object.keys(text).length > 0) body['text'] = text;
}

function writeInclude(body: JsonObject, request: NeutralRequest): void {
  const own = body['include'];
  const include = new Set<JsonValue>(Array.isArray(own) ? own : []);
  if (!NO_REASONING.test(request.model)) include.add(INCLUDE_REASONING);
  if (request.logprobs !== undefined) {
    include.add(INCLUDE_LOGPROBS);
    if (request.logprobs.top !== undefined) body['top_logprobs'] = request.logprobs.top;
  }
  if (include.size > 0) body['include'] = [...include];
}

function writeSampling(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', "The Responses API gives one answer: 'n' must be 1.", {
      param: 'n',
    });
  }
  let limit = request.maxOutputTokens;
  if (limit !== undefined && limit < MIN_OUTPUT && !state.sameDialect) {
    state.warn(`The output limit was raised to ${MIN_OUTPUT} tokens, the least there is.`);
    limit = MIN_OUTPUT;
  }
  if (limit !== undefined) body['max_output_tokens'] = limit;
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  const lost: string[] = [];
  if (request.topK !== undefined) lost.push('top_k');
  if (request.seed !== undefined) lost.push('seed');
  if (request.stop !== undefined && request.stop.length > 0) lost.push('stop');
  if ((request.frequencyPenalty ?? 0) !== 0) lost.push('frequency_penalty');
  if ((request.presencePenalty ?? 0) !== 0) lost.push('presence_penalty');
  for (const name of lost) state.warn(`'${name}' was left out: the Responses API has no such parameter.`);
}

function writeIdentity(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const user = request.user;
  if (user !== undefined && body['safety_identifier'] !== user) {
    if (state.sameDialect || user.length <= MAX_USER) body['user'] = user;
    else state.warn(`The user id was left out: OpenAI takes at most ${MAX_USER} characters.`);
  }
  if (request.metadata !== undefined && body['metadata'] === undefined) body['metadata'] = request.metadata;
  const tier = request.serviceTier;
  // `auto` is what a server does unasked; compatible ones may not know the field.
  if (tier !== undefined && (state.sameDialect || tier !== 'auto')) body['service_tier'] = tier;
}

/** Takes over what chat completions call by the same name, and warns of the rest. */
function writeForeign(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const chat = request.extensions?.['openai-chat'];
  for (const name of SHARED_FIELDS) if (chat?.[name] !== undefined) body[name] ??= chat[name];
  // What nothing asks to keep is not kept: the gateway's answers need no second request.
  body['store'] ??= chat?.['store'] ?? false;
  for (const { dialect, field, path } of foreignExtensions(request, RESPONSES)) {
    const chosen = field === 'tool_choice' && dialect === 'openai-chat' && body['tool_choice'] !== undefined;
    if (!chosen && !HANDLED_EXTENSIONS.has(field)) {
      state.warn(`The ${dialect} field '${path}' was left out: the Responses API has no such parameter.`);
    }
  }
}

/** Writes a Responses request. It is stateless: nothing is stored, and reasoning is asked for in encrypted form. */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const own = request.extensions?.[RESPONSES];
  const warned = new Set<string>();
  const state: EncodeState = {
    sameDialect: own !== undefined,
    guessedErrors: request.extensions?.['openai-chat'] !== undefined,
    customTools: customToolNames(request),
    warn(warning) {
      if (warned.has(warning)) return;
      warned.add(warning);
      context.warn(warning);
    },
  };
  const body: JsonObject = { ...own, model: request.model };
  body['input'] = encodeInput(request.messages, state);
  if (request.stream) body['stream'] = true;
  writeTools(body, request, state);
  writeSampling(body, request, state);
  writeText(body, request);
  writeReasoning(body, request, state);
  writeInclude(body, request);
  writeForeign(body, request, state);
  writeIdentity(body, request, state);
  return body;
}
