import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralRequest, NeutralTool } from '../neutral/request.ts';
import type { EncodeState } from './encode-blocks.ts';
import type { ModelTraits } from './model-traits.ts';
import { cacheControl } from './wire.ts';

const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} };

function inputSchema(parameters: JsonObject | undefined): JsonObject {
  if (parameters === undefined || Object.keys(parameters).length === 0) return NO_ARGUMENTS;
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : parameters;
}

function encodeFunction(tool: NeutralTool & { type: 'function' }, state: EncodeState, traits: ModelTraits): JsonObject {
  const own = tool.origin?.dialect === 'anthropic';
  const written: JsonObject = { ...(own ? tool.origin?.value : undefined), name: tool.name };
  if (tool.description !== undefined) written['description'] = tool.description;
  written['input_schema'] = inputSchema(tool.parameters);
  if (tool.strict === true) {
    // A strict schema must close its objects; OpenAI's strict tools do so by their own rule.
    if (traits.structuredOutput && tool.parameters?.['additionalProperties'] === false) written['strict'] = true;
    else state.warn('Strict tool schemas are not enforced by this model.');
  } else if (tool.strict === false && own) {
    written['strict'] = false;
  }
  if (tool.cache !== undefined) written['cache_control'] = cacheControl(tool.cache);
  return written;
}

/** OpenAI's `allowed_tools`: the names a request narrows its tools to. */
function allowedNames(request: NeutralRequest): ReadonlySet<string> | undefined {
  const choice = request.extensions?.['openai-chat']?.['tool_choice'];
  const allowed = isObject(choice) ? choice['allowed_tools'] : undefined;
  const list = isObject(allowed) ? allowed['tools'] : undefined;
  if (!Array.isArray(list)) return undefined;
  const nameOf = (item: JsonValue): string[] => {
    const inner = isObject(item) ? (item['function'] ?? item['custom'] ?? item) : undefined;
    return isObject(inner) && typeof inner['name'] === 'string' ? [inner['name']] : [];
  };
  return new Set(list.flatMap(nameOf));
}

function encodeTool(tool: NeutralTool, state: EncodeState, traits: ModelTraits): JsonObject[] {
  if (tool.type === 'function') return [encodeFunction(tool, state, traits)];
  if (tool.dialect === 'anthropic') return [tool.value];
  state.warn(`The tool '${tool.name}' was left out: only the ${tool.dialect} API runs it.`);
  return [];
}

function encodeChoice(request: NeutralRequest, state: EncodeState, thinking: boolean): JsonObject | undefined {
  const parallel = request.parallelToolCalls;
  const limit: JsonObject = parallel === false ? { disable_parallel_tool_use: true } : {};
  const choice = request.toolChoice;
  if (choice === undefined) return parallel === false ? { type: 'auto', ...limit } : undefined;
  if (choice.type === 'none') return { type: 'none' };
  if (choice.type === 'auto') return { type: 'auto', ...limit };
  if (thinking) {
    state.warn('The forced tool choice was sent as auto: a model that thinks cannot be forced to a tool.');
    return { type: 'auto', ...limit };
  }
  return choice.type === 'tool' ? { type: 'tool', name: choice.name, ...limit } : { type: 'any', ...limit };
}

/** Writes `tools` and `tool_choice`. `thinking` says whether the model will think. */
export function writeTools(
  body: JsonObject,
  request: NeutralRequest,
  options: { state: EncodeState; traits: ModelTraits; thinking: boolean },
): void {
  const { state, traits } = options;
  const allowed = allowedNames(request);
  let source = request.tools;
  if (allowed !== undefined) {
    source = source.filter((tool) => allowed.has(tool.name));
    state.warn('Only the allowed tools were sent: the Messages API cannot narrow a longer list.');
  }
  if (source.length === 0) return;
  const tools = source.flatMap((tool) => encodeTool(tool, state, traits));
  if (tools.length === 0) return;
  body['tools'] = tools;
  const choice = encodeChoice(request, state, options.thinking);
  if (choice !== undefined && body['tool_choice'] === undefined) body['tool_choice'] = choice;
}
