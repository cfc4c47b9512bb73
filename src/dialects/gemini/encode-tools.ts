import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { NeutralRequest, NeutralTool, NeutralToolChoice } from '../neutral/request.ts';
import type { PartState } from './encode-parts.ts';
import { GEMINI_2_5, isAtLeast } from './model-version.ts';
import { toOpenApiSchema } from './to-openapi-schema.ts';
import { camelKeys, camelName, deepCamelKeys, stringField } from './wire.ts';

/** Built-in tools that clients of other APIs may name in either spelling; the same field of Google's `Tool`. */
const GOOGLE_TOOLS: readonly string[] = [
  'googleSearch',
  'googleSearchRetrieval',
  'enterpriseWebSearch',
  'urlContext',
  'googleMaps',
  'codeExecution',
];

type FunctionTool = Extract<NeutralTool, { type: 'function' }>;
type ProviderTool = Extract<NeutralTool, { type: 'provider' }>;

/**
 * Writes `tools`: Google's built-in tools first, then all functions in one tool, as some models take
 * no more. `null`, the empty list of protocol buffers' JSON, when there are none. Throws GatewayError
 * `unsupported_parameter` for another vendor's built-in tool.
 */
export function encodeTools(tools: readonly NeutralTool[], state: PartState): JsonObject[] | null {
  const out: JsonObject[] = [];
  const functionDeclarations: JsonObject[] = [];
  for (const [index, tool] of tools.entries()) {
    if (tool.type === 'function') functionDeclarations.push(encodeFunction(tool, `tools[${index}]`, state));
    else out.push(encodeProviderTool(tool, `tools[${index}]`));
  }
  if (functionDeclarations.length > 0) out.push({ functionDeclarations });
  return out.length === 0 ? null : out;
}

function encodeFunction(tool: FunctionTool, where: string, state: PartState): JsonObject {
  if (tool.cache !== undefined) state.warn('cache marks are left out: Gemini caches prompts on its own');
  if (tool.origin?.dialect === 'gemini') return tool.origin.value;
  const out: JsonObject = { name: tool.name };
  if (tool.description !== undefined) out['description'] = tool.description;
  if (tool.parameters === undefined) return out;
  if (isAtLeast(state.model, GEMINI_2_5)) {
    out['parametersJsonSchema'] = tool.parameters;
    return out;
  }
  const parameters = toOpenApiSchema(tool.parameters, `${where}.parameters`, state.warn);
  // Older models refuse an object without properties; a function without parameters says the same.
  if (isObject(parameters['properties']) && Object.keys(parameters['properties']).length > 0) {
    out['parameters'] = parameters;
  } else if (parameters['type'] !== 'object' && Object.keys(parameters).length > 0) {
    out['parameters'] = parameters;
  }
  return out;
}

function encodeProviderTool(tool: ProviderTool, where: string): JsonObject {
  if (tool.dialect === 'gemini') return tool.value;
  // The type tells vendors apart: Anthropic's tool named code_execution is of type code_execution_20250825.
  const name = camelName(stringField(tool.value, 'type') ?? tool.name);
  if (!GOOGLE_TOOLS.includes(name)) {
    throw new GatewayError(
      'unsupported_parameter',
      `${where}: the built-in tool "${tool.name}" does not exist at Gemini; use a function, or one of google_search, enterprise_web_search, url_context, google_maps and code_execution.`,
      { param: where },
    );
  }
  const settings = camelKeys(tool.value)[name];
  return { [name]: isObject(settings) ? deepCamelKeys(settings) : {} };
}

/**
 * Writes `toolConfig` from the tool choice; nothing without functions, as Google refuses it then.
 * `own` is what a Gemini client set beside the choice, `allowed` an OpenAI client's `allowed_tools`.
 */
export function encodeToolConfig(
  request: NeutralRequest,
  own: JsonObject | undefined,
  allowed: string[] | undefined,
): JsonObject | undefined {
  const hasFunctions = request.tools.some((tool) => tool.type === 'function');
  const choice = request.toolChoice;
  if (choice === undefined || !hasFunctions) return own;
  if (allowed !== undefined && allowed.length > 0) {
    // `VALIDATED` is `AUTO` that keeps to the allowed functions.
    const mode = choice.type === 'required' ? 'ANY' : 'VALIDATED';
    return { functionCallingConfig: { mode, allowedFunctionNames: allowed }, ...own };
  }
  return { functionCallingConfig: encodeToolChoice(choice), ...own };
}

function encodeToolChoice(choice: NeutralToolChoice): JsonObject {
  switch (choice.type) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
    default:
      return choice satisfies never;
  }
}
