import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralRequest, NeutralTool } from '../neutral/request.ts';
import type { EncodeState } from './encode-parts.ts';
import { ownValue, RESPONSES } from './wire.ts';

const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} };

/** Chat's custom tool in this API's form: its fields stand one level higher. */
function fromChatCustom(tool: NeutralTool): JsonObject | undefined {
  if (tool.type !== 'provider' || tool.dialect !== 'openai-chat' || tool.value['type'] !== 'custom') return undefined;
  const custom = tool.value['custom'];
  if (!isObject(custom)) return undefined;
  const written: JsonObject = { type: 'custom', ...custom };
  const format = custom['format'];
  if (isObject(format) && isObject(format['grammar'])) {
    written['format'] = { type: format['type'], ...format['grammar'] };
  }
  return written;
}

/** The names of the tools of a request that take free text. */
export function customToolNames(request: NeutralRequest): ReadonlySet<string> {
  const names = new Set<string>();
  for (const tool of request.tools) {
    const own = tool.type === 'function' ? ownValue(tool) : undefined;
    if (own?.['type'] === 'custom' || fromChatCustom(tool) !== undefined) names.add(tool.name);
  }
  return names;
}

/** Writes one tool; `undefined` for one that another provider runs, which is warned of. */
export function encodeTool(tool: NeutralTool, state: EncodeState): JsonObject | undefined {
  if (tool.type === 'provider') {
    const value = tool.dialect === RESPONSES ? tool.value : fromChatCustom(tool);
    if (value === undefined) state.warn(`The tool '${tool.name}' was left out: only the ${tool.dialect} API runs it.`);
    return value;
  }
  const own = ownValue(tool);
  if (own?.['type'] === 'custom') return own;
  if (tool.cache !== undefined && !state.sameDialect) {
    state.warn('Prompt cache marks were left out: OpenAI caches prompts by itself.');
  }
  const written: JsonObject = { ...own, type: 'function', name: tool.name };
  if (tool.description !== undefined) written['description'] = tool.description;
  written['parameters'] = tool.parameters ?? NO_ARGUMENTS;
  // This API is strict by default, the others are not.
  if (tool.strict !== undefined || !state.sameDialect) written['strict'] = tool.strict ?? false;
  return written;
}

/** Chat's `allowed_tools` in this API's form. */
function fromChatAllowed(request: NeutralRequest): JsonObject | undefined {
  const choice = request.extensions?.['openai-chat']?.['tool_choice'];
  const allowed = isObject(choice) ? choice['allowed_tools'] : undefined;
  const list = isObject(allowed) ? allowed['tools'] : undefined;
  if (!isObject(allowed) || !Array.isArray(list)) return undefined;
  const tools = list.flatMap((item): JsonObject[] => {
    if (!isObject(item)) return [];
    const inner = item['function'] ?? item['custom'] ?? item;
    return isObject(inner) ? [{ type: item['type'] ?? 'function', name: inner['name'] }] : [];
  });
  return { type: 'allowed_tools', mode: allowed['mode'] ?? 'auto', tools };
}

/** Writes `tool_choice`; `undefined` when the request makes none. */
export function encodeToolChoice(request: NeutralRequest, state: EncodeState): JsonValue | undefined {
  const allowed = fromChatAllowed(request);
  if (allowed !== undefined) return allowed;
  const choice = request.toolChoice;
  if (choice?.type !== 'tool') return choice?.type;
  return { type: state.customTools.has(choice.name) ? 'custom' : 'function', name: choice.name };
}

/** Writes `tools`, `tool_choice` and `parallel_tool_calls`. */
export function writeTools(body: JsonObject, request: NeutralRequest, state: EncodeState): void {
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    const written = encodeTool(tool, state);
    if (written !== undefined) tools.push(written);
  }
  if (tools.length === 0) return;
  body['tools'] = tools;
  const choice = encodeToolChoice(request, state);
  if (choice !== undefined) body['tool_choice'] ??= choice;
  if (request.parallelToolCalls !== undefined) body['parallel_tool_calls'] = request.parallelToolCalls;
}
