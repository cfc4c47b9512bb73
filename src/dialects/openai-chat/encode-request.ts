import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralReasoning, NeutralRequest, NeutralTool } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import { encodeMessages } from './encode-messages.ts';
import { type EncodeState, writeCacheMark } from './encode-parts.ts';

/** The longest `user` that OpenAI takes, in characters. */
const MAX_USER = 64;

/** Anthropic's fields that say what another field of this API says, or that need no saying. */
const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  'anthropic_version',
  'anthropic_beta',
  'output_config',
  'thinking',
]);

function encodeTool(tool: NeutralTool, state: EncodeState): JsonObject | undefined {
  if (tool.type === 'provider') {
    if (tool.dialect === 'openai-chat') return tool.value;
    state.warn(`The tool '${tool.name}' was left out: only the ${tool.dialect} API runs it.`);
    return undefined;
  }
  const origin = tool.origin?.dialect === 'openai-chat' ? tool.origin.value : {};
  const inner = typeof origin['function'] === 'object' ? (origin['function'] as JsonObject) : {};
  const fn: JsonObject = { ...inner, name: tool.name };
  if (tool.description !== undefined) fn['description'] = tool.description;
  if (tool.parameters !== undefined) fn['parameters'] = tool.parameters;
  if (tool.strict !== undefined) fn['strict'] = tool.strict;
  const written: JsonObject = { ...origin, type: 'function', function: fn };
  writeCacheMark(written, tool.cache, state);
  return written;
}

function writeTools(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    const written = encodeTool(tool, state);
    if (written !== undefined) tools.push(written);
  }
  const choice = request.toolChoice;
  if (tools.length > 0) {
    body['tools'] = tools;
    if (request.parallelToolCalls !== undefined) body['parallel_tool_calls'] = request.parallelToolCalls;
  } else if (!state.sameDialect) {
    return;
  }
  if (choice === undefined || body['tool_choice'] !== undefined) return;
  body['tool_choice'] = choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type;
}

function writeResponseFormat(body: JsonObject, request: NeutralRequest): void {
  const format = request.responseFormat;
  if (format === undefined) return;
  if (format.type === 'text') body['response_format'] = { type: 'text' };
  else if (format.type === 'json') body['response_format'] = { type: 'json_object' };
  else {
    const schema: JsonObject = { name: format.name, schema: format.schema };
    if (format.description !== undefined) schema['description'] = format.description;
    if (format.strict !== undefined) schema['strict'] = format.strict;
    body['response_format'] = { type: 'json_schema', json_schema: schema };
  }
}

/** The effort that stands for a budget of thinking tokens. */
function effortForBudget(tokens: number): 'low' | 'medium' | 'high' {
  if (tokens <= 2048) return 'low';
  return tokens <= 8192 ? 'medium' : 'high';
}

/** OpenAI's models before reasoning refuse `reasoning_effort`. */
const NO_EFFORT = /(?:^|\/)(?:gpt-3|gpt-4|chatgpt-4o)/;

function writeReasoning(body: JsonObject, reasoning: NeutralReasoning, state: EncodeState): void {
  if (!state.sameDialect && NO_EFFORT.test(String(body['model']))) {
    if (reasoning.enabled !== false) state.warn(`Reasoning settings were left out: '${body['model']}' does not think.`);
    return;
  }
  if (reasoning.effort !== undefined && body['reasoning'] === undefined) body['reasoning_effort'] = reasoning.effort;
  if (state.sameDialect) {
    // Anthropic's `thinking`, which this client wrote; OpenRouter's `reasoning` is among the extensions.
    if (body['thinking'] !== undefined || body['reasoning'] !== undefined) return;
    const type = reasoning.adaptive === true ? 'adaptive' : reasoning.enabled === true ? 'enabled' : undefined;
    if (type !== undefined || reasoning.enabled === false) {
      const thinking: JsonObject = { type: type ?? 'disabled' };
      if (reasoning.budgetTokens !== undefined) thinking['budget_tokens'] = reasoning.budgetTokens;
      body['thinking'] = thinking;
    }
    return;
  }
  if (reasoning.effort !== undefined || reasoning.enabled === false) return;
  if (reasoning.budgetTokens !== undefined) {
    body['reasoning_effort'] = effortForBudget(reasoning.budgetTokens);
    state.warn(`The thinking budget was sent as reasoning_effort '${body['reasoning_effort']}'.`);
  }
}

function writeSampling(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  if (request.topK !== undefined) {
    if (state.sameDialect) body['top_k'] = request.topK;
    else state.warn('top_k was left out: chat completions have no such parameter.');
  }
  if (request.seed !== undefined) body['seed'] = request.seed;
  if (request.frequencyPenalty !== undefined) body['frequency_penalty'] = request.frequencyPenalty;
  if (request.presencePenalty !== undefined) body['presence_penalty'] = request.presencePenalty;
  if (request.stop !== undefined && request.stop.length > 0) body['stop'] = request.stop;
  if (request.candidateCount !== undefined) body['n'] = request.candidateCount;
  if (request.logprobs !== undefined) {
    body['logprobs'] = true;
    if (request.logprobs.top !== undefined) body['top_logprobs'] = request.logprobs.top;
  }
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

/** Writes a chat completions request for OpenAI and the servers that speak its API. */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const own = request.extensions?.['openai-chat'];
  const warned = new Set<string>();
  const state: EncodeState = {
    sameDialect: own !== undefined,
    warn(warning) {
      if (warned.has(warning)) return;
      warned.add(warning);
      context.warn(warning);
    },
  };
  const body: JsonObject = { ...own, model: request.model };
  body['messages'] = encodeMessages(request.messages, state);
  delete body['stream_options'];
  if (request.stream) {
    body['stream'] = true;
    // The gateway meters every stream; the client is shown the usage only where it asked for it.
    const options = own?.['stream_options'];
    body['stream_options'] = { ...(typeof options === 'object' ? (options as JsonObject) : {}), include_usage: true };
  }
  writeTools(body, request, state);
  if (request.maxOutputTokens !== undefined) body[context.maxTokensField] = request.maxOutputTokens;
  writeSampling(body, request, state);
  writeResponseFormat(body, request);
  if (request.reasoning !== undefined) writeReasoning(body, request.reasoning, state);
  writeIdentity(body, request, state);
  for (const { dialect, field, path } of foreignExtensions(request, 'openai-chat')) {
    if (!HANDLED_EXTENSIONS.has(field))
      state.warn(`The ${dialect} field '${path}' was left out: chat completions have no such parameter.`);
  }
  return body;
}
