import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import type { EncodeState } from './encode-blocks.ts';
import { encodeMessages } from './encode-messages.ts';
import { planThinking } from './encode-reasoning.ts';
import { writeTools } from './encode-tools.ts';
import { type ModelTraits, modelTraits } from './model-traits.ts';

/** The longest `metadata.user_id`, in characters. */
const MAX_USER = 256;

/** OpenAI fields that are read elsewhere, or that only tune what this API does by itself. */
const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  'tool_choice',
  'thinking',
  'reasoning',
  'safety_identifier',
  'stream_options',
]);

/** A schema whose objects are closed, as the API demands; those that say otherwise are left as they are. */
function closeObjects(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map(closeObjects);
  if (!isObject(schema)) return schema;
  const closed: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || key === '__proto__') continue;
    // Literal values are no schemas.
    closed[key] =
      key === 'enum' || key === 'const' || key === 'default' || key === 'examples' ? value : closeObjects(value);
  }
  if (closed['type'] === 'object' && closed['additionalProperties'] === undefined)
    closed['additionalProperties'] = false;
  return closed;
}

function writeResponseFormat(
  output: JsonObject,
  request: NeutralRequest,
  options: { state: EncodeState; traits: ModelTraits; system: JsonObject[] },
): void {
  const format = request.responseFormat;
  if (format === undefined || format.type === 'text') return;
  if (format.type === 'json') {
    options.state.warn(
      'response_format json_object was left out: the Messages API follows the prompt; give a schema to enforce one.',
    );
    return;
  }
  if (options.traits.structuredOutput) {
    const own = request.extensions?.anthropic !== undefined;
    output['format'] = { type: 'json_schema', schema: own ? format.schema : closeObjects(format.schema) };
    return;
  }
  options.state.warn('The JSON schema was sent as an instruction: this model cannot enforce one.');
  options.system.push({
    type: 'text',
    text: `Answer with one JSON value only, without any other text, that matches this JSON schema:\n${JSON.stringify(format.schema)}`,
  });
}

function writeSampling(
  body: JsonObject,
  request: NeutralRequest,
  options: { state: EncodeState; traits: ModelTraits; thinking: boolean },
): void {
  const { state, traits, thinking } = options;
  let temperature = request.temperature;
  let topP = request.topP;
  let topK = request.topK;
  if (temperature !== undefined && temperature > 1) {
    state.warn('The temperature was lowered to 1, the highest of the Messages API.');
    temperature = 1;
  }
  if (traits.adaptiveOnly && ((temperature ?? 1) !== 1 || (topP ?? 1) !== 1 || topK !== undefined)) {
    state.warn(`temperature, top_p and top_k were left out: '${request.model}' takes no sampling parameters.`);
    temperature = undefined;
    topP = undefined;
    topK = undefined;
  } else if (thinking && ((temperature ?? 1) !== 1 || (topP ?? 1) < 0.95 || topK !== undefined)) {
    state.warn('temperature, top_k and a top_p below 0.95 were left out: a model that thinks takes none of them.');
    temperature = undefined;
    if ((topP ?? 1) < 0.95) topP = undefined;
    topK = undefined;
  }
  if (traits.oneSamplingParameter && temperature !== undefined && topP !== undefined) {
    // A value of 1 is the default of either; only a loss of meaning is worth a warning.
    if (topP !== 1 && temperature !== 1)
      state.warn('top_p was left out: this model takes it or the temperature, not both.');
    if (topP !== 1 && temperature === 1) temperature = undefined;
    else topP = undefined;
  }
  if (temperature !== undefined) body['temperature'] = temperature;
  if (topP !== undefined) body['top_p'] = topP;
  if (topK !== undefined) body['top_k'] = topK;
  const stop = request.stop?.filter((text) => text.trim() !== '');
  if (stop !== undefined && stop.length !== request.stop?.length) {
    state.warn('Stop sequences without visible characters were left out: the Messages API refuses them.');
  }
  if (stop !== undefined && stop.length > 0) body['stop_sequences'] = stop;
}

function warnOfLosses(request: NeutralRequest, state: EncodeState): void {
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', "The Messages API gives one answer: 'n' must be 1.", {
      param: 'n',
    });
  }
  const lose = (name: string) => state.warn(`'${name}' was left out: the Messages API has no such parameter.`);
  if (request.seed !== undefined) lose('seed');
  if ((request.frequencyPenalty ?? 0) !== 0) lose('frequency_penalty');
  if ((request.presencePenalty ?? 0) !== 0) lose('presence_penalty');
  if (request.logprobs !== undefined) lose('logprobs');
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) lose('metadata');
  for (const { dialect, field, path } of foreignExtensions(request, 'anthropic')) {
    if (!HANDLED_EXTENSIONS.has(field))
      state.warn(`The ${dialect} field '${path}' was left out: the Messages API has no such parameter.`);
  }
}

function writeIdentity(body: JsonObject, request: NeutralRequest, options: { state: EncodeState; own: boolean }): void {
  const { state, own } = options;
  if (request.user !== undefined) {
    if (own || request.user.length <= MAX_USER) {
      const rest = isObject(body['metadata']) ? body['metadata'] : {};
      body['metadata'] = { ...rest, user_id: request.user };
    } else {
      state.warn(`The user id was left out: the Messages API takes at most ${MAX_USER} characters.`);
    }
  }
  const tier = request.serviceTier;
  if (tier === undefined) return;
  if (tier === 'auto' || own) body['service_tier'] = tier === 'default' ? 'standard_only' : tier;
  else if (tier === 'default') body['service_tier'] = 'standard_only';
  else state.warn(`service_tier '${tier.slice(0, 40)}' was left out: the Messages API has no such tier.`);
}

/** Writes a Messages request. */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const own = request.extensions?.anthropic;
  let warned: Set<string> | undefined;
  const state: EncodeState = {
    warn(warning) {
      warned ??= new Set();
      if (warned.has(warning)) return;
      warned.add(warning);
      context.warn(warning);
    },
  };
  warnOfLosses(request, state);
  const traits = modelTraits(request.model);
  const { system, messages } = encodeMessages(request.messages, state, { sameDialect: own !== undefined });
  const plan = planThinking(request, state, {
    traits,
    maxTokens: request.maxOutputTokens ?? context.defaultMaxOutputTokens,
  });
  const thinks = plan.thinking !== undefined && plan.thinking['type'] !== 'disabled';
  const ownOutput = own?.['output_config'];
  const output: JsonObject = isObject(ownOutput) ? { ...ownOutput } : {};
  if (plan.effort !== undefined) output['effort'] = plan.effort;
  writeResponseFormat(output, request, { state, traits, system });
  const body: JsonObject = { ...own, model: request.model, max_tokens: plan.maxTokens };
  if (ownOutput !== undefined) delete body['output_config'];
  if (system.length > 0) body['system'] = system;
  body['messages'] = messages;
  if (request.stream) body['stream'] = true;
  if (plan.thinking !== undefined) body['thinking'] = plan.thinking;
  if (Object.keys(output).length > 0) body['output_config'] = output;
  writeTools(body, request, { state, traits, thinking: thinks });
  writeSampling(body, request, { state, traits, thinking: thinks });
  writeIdentity(body, request, { state, own: own !== undefined });
  return body;
}
