import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralTool, NeutralToolChoice } from '../neutral/request.ts';
import {
  hasOtherFields,
  readArray,
  readBoolean,
  readObject,
  readString,
  requireObject,
  requireString,
  wrongField,
} from '../openai/fields.ts';
import { originOf, RESPONSES } from './wire.ts';

const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);

/** What a custom tool's description says to a model that is not held to its format. */
function describeCustom(value: JsonObject, at: string): string {
  const described = readString(value, 'description', at) ?? '';
  const format = readObject(value, 'format', at);
  const definition = format?.['definition'];
  if (typeof definition !== 'string') return described;
  const syntax = typeof format?.['syntax'] === 'string' ? format['syntax'] : 'given';
  const rule = `The input must match this grammar (${syntax}):\n${definition}`;
  return described === '' ? rule : `${described}\n\n${rule}`;
}

/** A custom tool takes free text: to other APIs it is a function of one text field. */
function decodeCustom(value: JsonObject, at: string): NeutralTool {
  const description = describeCustom(value, at);
  const tool: NeutralTool = {
    type: 'function',
    name: requireString(value, 'name', at),
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: 'The whole input of the tool.' } },
      required: ['input'],
      additionalProperties: false,
    },
    origin: originOf(value),
  };
  if (description !== '') tool.description = description;
  return tool;
}

function decodeTool(item: JsonValue, at: string): NeutralTool {
  const value = requireObject(item, at);
  const type = requireString(value, 'type', at);
  if (type === 'custom') return decodeCustom(value, at);
  if (type !== 'function') {
    const name = readString(value, 'name', at) ?? readString(value, 'server_label', at) ?? type;
    return { type: 'provider', dialect: RESPONSES, name, value };
  }
  const tool: NeutralTool = { type: 'function', name: requireString(value, 'name', at) };
  const description = readString(value, 'description', at);
  if (description !== undefined) tool.description = description;
  const parameters = readObject(value, 'parameters', at);
  if (parameters !== undefined) tool.parameters = parameters;
  const strict = readBoolean(value, 'strict', at);
  if (strict !== undefined) tool.strict = strict;
  if (hasOtherFields(value, FUNCTION_FIELDS)) tool.origin = originOf(value);
  return tool;
}

/** Whether an entry of `allowed_tools` names this tool. */
function allows(entry: JsonValue, tool: NeutralTool): boolean {
  if (!isObject(entry)) return false;
  if (tool.type === 'function') return entry['name'] === tool.name;
  if (entry['type'] !== tool.value['type']) return false;
  const label = entry['server_label'] ?? entry['name'];
  return label === undefined || label === null || label === tool.name;
}

/** Reads `tools` and `tool_choice`. A choice among `allowed_tools` leaves only these: it means the same to every API. */
export function decodeTools(
  body: JsonObject,
  extensions: JsonObject,
): { tools: NeutralTool[]; choice: NeutralToolChoice | undefined } {
  const tools = (readArray(body, 'tools', '') ?? []).map((item, index) => decodeTool(item, `tools[${index}]`));
  const choice = body['tool_choice'];
  if (choice === undefined || choice === null) return { tools, choice: undefined };
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { tools, choice: { type: choice } };
  if (!isObject(choice)) throw wrongField('tool_choice', "'auto', 'none', 'required' or an object that names a tool");
  switch (requireString(choice, 'type', 'tool_choice')) {
    case 'function':
    case 'custom':
      return { tools, choice: { type: 'tool', name: requireString(choice, 'name', 'tool_choice') } };
    case 'allowed_tools': {
      const allowed = readArray(choice, 'tools', 'tool_choice');
      if (allowed === undefined) throw wrongField('tool_choice.tools', 'an array; it is missing');
      const kept = tools.filter((tool) => allowed.some((entry) => allows(entry, tool)));
      return { tools: kept, choice: { type: choice['mode'] === 'required' ? 'required' : 'auto' } };
    }
    default:
      // A built-in tool.
      extensions['tool_choice'] = choice;
      return { tools, choice: undefined };
  }
}
