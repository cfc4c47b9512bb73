import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralRequest, NeutralTool } from '../neutral/request.ts';
import { fromOpenApiSchema } from './from-openapi-schema.ts';
import { camelKeys, camelName, objectField, stringField } from './wire.ts';

/** Reads `tools`. Each declared function and each of Google's own tools becomes one neutral tool. */
export function decodeTools(value: unknown): NeutralTool[] {
  if (value === undefined || value === null) return [];
  const tools: unknown[] = Array.isArray(value) ? value : [value];
  return tools.flatMap((tool, index) => {
    const where = `tools[${index}]`;
    if (!isObject(tool)) throw invalid(where, 'must be an object such as {"functionDeclarations": […]}');
    return Object.entries(tool).flatMap(([key, settings]): NeutralTool[] => {
      const name = camelName(key);
      if (settings === undefined || settings === null) return [];
      if (name === 'functionDeclarations') return decodeFunctions(settings, `${where}.functionDeclarations`);
      return [{ type: 'provider', dialect: 'gemini', name, value: { [name]: settings } }];
    });
  });
}

function decodeFunctions(value: unknown, where: string): NeutralTool[] {
  if (!Array.isArray(value)) throw invalid(where, 'must be an array');
  return value.map((raw: unknown, index): NeutralTool => {
    const declaration = isObject(raw) ? camelKeys(raw) : {};
    const name = stringField(declaration, 'name');
    if (!isObject(raw) || !name) throw invalid(`${where}[${index}].name`, 'must name the function');
    const tool: NeutralTool = { type: 'function', name, origin: { dialect: 'gemini', value: raw } };
    const description = stringField(declaration, 'description');
    if (description !== undefined) tool.description = description;
    const jsonSchema = objectField(declaration, 'parametersJsonSchema');
    const schema = objectField(declaration, 'parameters');
    if (jsonSchema !== undefined) tool.parameters = jsonSchema;
    else if (schema !== undefined) tool.parameters = fromOpenApiSchema(schema);
    return tool;
  });
}

/**
 * Reads `toolConfig` into the request's tool choice. What the choice cannot say (several allowed
 * functions, `VALIDATED`, retrieval settings) is returned to travel as an extension.
 */
export function decodeToolConfig(
  value: unknown,
  request: NeutralRequest,
  context: DecodeContext,
): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid('toolConfig', 'must be an object');
  const { functionCallingConfig, ...rest } = camelKeys(value);
  const remaining: JsonObject = rest;
  if (isObject(functionCallingConfig)) {
    const config = camelKeys(functionCallingConfig);
    const allowed = Array.isArray(config['allowedFunctionNames']) ? config['allowedFunctionNames'] : [];
    const [only] = allowed;
    switch (config['mode']) {
      case 'NONE':
        request.toolChoice = { type: 'none' };
        break;
      case 'ANY':
        request.toolChoice =
          allowed.length === 1 && typeof only === 'string' ? { type: 'tool', name: only } : { type: 'required' };
        if (allowed.length > 1) remaining['functionCallingConfig'] = config;
        break;
      case 'AUTO':
        request.toolChoice = { type: 'auto' };
        if (allowed.length > 0) {
          context.warn?.("'allowedFunctionNames' was left out: it has no effect in the mode AUTO.");
        }
        break;
      default:
        remaining['functionCallingConfig'] = config;
    }
    if (config['streamFunctionCallArguments'] !== undefined) remaining['functionCallingConfig'] = config;
  }
  return Object.keys(remaining).length === 0 ? undefined : remaining;
}

function invalid(where: string, what: string): GatewayError {
  return new GatewayError('invalid_request', `${where} ${what}.`, { param: where });
}
