import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralReasoning, NeutralRequest, NeutralTool } from '../neutral/request.ts';
import { foreignExtensions } from '../openai/foreign-extensions.ts';
import { encodeMessages } from './encode-messages.ts';

type Warn = (warning: string) => void;

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

/** Fields of `generate` that a chat has no place for. */
const GENERATE_FIELDS = ['raw', 'template', 'suffix', 'context'];

function encodeTool(tool: NeutralTool, warn: Warn): JsonObject[] {
  if (tool.type === 'provider') {
    warn(`The tool '${tool.name}' was left out: only the ${tool.dialect} API runs it.`);
    return [];
  }
  if (tool.strict === true) warn('Strict tool schemas are not enforced by Ollama.');
  const origin = tool.origin?.dialect === 'ollama-chat' ? tool.origin.value : {};
  const inner = isObject(origin['function']) ? origin['function'] : {};
  const fn: JsonObject = { ...inner, name: tool.name };
  if (tool.description !== undefined) fn['description'] = tool.description;
  fn['parameters'] = tool.parameters ?? { type: 'object', properties: {} };
  return [{ ...origin, type: 'function', function: fn }];
}

/** The server lets the model choose: a choice can only narrow what it is shown. */
function writeTools(body: JsonObject, request: NeutralRequest, warn: Warn): void {
  const choice = request.toolChoice;
  if (choice?.type === 'none') return;
  const wanted = choice?.type === 'tool' ? request.tools.filter((tool) => tool.name === choice.name) : request.tools;
  const tools = wanted.flatMap((tool) => encodeTool(tool, warn));
  if (tools.length === 0) return;
  body['tools'] = tools;
  if (choice?.type === 'tool') warn('Only the chosen tool was sent: Ollama cannot force its model to call one.');
  if (choice?.type === 'required') warn('tool_choice was left out: Ollama cannot force its model to call a tool.');
  if (request.parallelToolCalls === false) warn('parallel_tool_calls was left out: Ollama has no such parameter.');
}

function writeOptions(body: JsonObject, request: NeutralRequest, own: JsonObject | undefined): void {
  const options: JsonObject = { ...own };
  const set = (name: string, value: number | undefined): void => {
    if (value !== undefined) options[name] = value;
  };
  set('num_predict', request.maxOutputTokens);
  set('temperature', request.temperature);
  set('top_p', request.topP);
  set('top_k', request.topK);
  set('seed', request.seed);
  set('frequency_penalty', request.frequencyPenalty);
  set('presence_penalty', request.presencePenalty);
  if (request.stop !== undefined && request.stop.length > 0) options['stop'] = request.stop;
  if (Object.keys(options).length > 0) body['options'] = options;
}

function writeFormat(body: JsonObject, request: NeutralRequest): void {
  const format = request.responseFormat;
  if (format === undefined || format.type === 'text') return;
  body['format'] = format.type === 'json' ? 'json' : format.schema;
}

const LEVELS: Readonly<Record<NonNullable<NeutralReasoning['effort']>, 'low' | 'medium' | 'high' | false>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** gpt-oss thinks in levels; other models think or do not. */
function writeThink(body: JsonObject, request: NeutralRequest, warn: Warn): void {
  const { reasoning } = request;
  if (reasoning === undefined) return;
  if (reasoning.budgetTokens !== undefined) warn('The thinking budget was left out: Ollama has none.');
  const level = reasoning.effort === undefined ? undefined : LEVELS[reasoning.effort];
  if (reasoning.enabled === false || level === false) body['think'] = false;
  else if (level !== undefined && request.model.includes('gpt-oss')) body['think'] = level;
  else if (level !== undefined || reasoning.enabled === true || reasoning.budgetTokens !== undefined)
    body['think'] = true;
}

function warnOfLosses(request: NeutralRequest, warn: Warn): void {
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', "Ollama gives one answer: 'n' must be 1.", { param: 'n' });
  }
  if (request.user !== undefined) warn('The user id was left out: Ollama has none.');
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) {
    warn('metadata was left out: Ollama has none.');
  }
  const tier = request.serviceTier;
  if (tier !== undefined && tier !== 'auto' && tier !== 'default') warn('service_tier was left out: Ollama has none.');
  for (const { dialect, field, path } of foreignExtensions(request, 'ollama-chat')) {
    if (HANDLED_EXTENSIONS.has(field)) continue;
    const name = path.slice(0, 64).replace(/[^!-~]/g, '?');
    warn(`The ${dialect} field '${name}' was left out: Ollama has no such parameter.`);
  }
}

/** Writes the body of `POST /api/chat` (https://docs.ollama.com/api/chat). Whether to stream is always said. */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const warned = new Set<string>();
  const warn = (warning: string): void => {
    if (warned.has(warning)) return;
    warned.add(warning);
    context.warn(warning);
  };
  warnOfLosses(request, warn);
  const { options, ...own } = request.extensions?.['ollama-chat'] ?? {};
  const body: JsonObject = {
    ...own,
    model: request.model,
    messages: encodeMessages(request.messages, warn),
    stream: request.stream,
  };
  for (const field of GENERATE_FIELDS) {
    if (body[field] === undefined) continue;
    delete body[field];
    warn(`The field '${field}' was left out: Ollama's chat API has none.`);
  }
  writeTools(body, request, warn);
  writeOptions(body, request, isObject(options) ? options : undefined);
  writeFormat(body, request);
  writeThink(body, request, warn);
  if (request.logprobs !== undefined) {
    body['logprobs'] = true;
    if (request.logprobs.top !== undefined) body['top_logprobs'] = request.logprobs.top;
  }
  return body;
}
