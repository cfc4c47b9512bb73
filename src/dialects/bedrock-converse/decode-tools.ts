import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralTool, NeutralToolChoice } from '../neutral/request.ts';
import { warnOfUnread } from '../neutral/unread-fields.ts';
import { decodeCachePoint } from './decode-content.ts';
import { refuseField } from './refuse-field.ts';
import { asObject, asString, BEDROCK, hasOnly, originOf } from './wire.ts';

/** Reads `toolConfig` (API_runtime_ToolConfiguration); a `cachePoint` marks the tool before it. */
export function decodeToolConfig(
  value: JsonValue | undefined,
  { warn }: DecodeContext,
): {
  tools: NeutralTool[];
  toolChoice?: NeutralToolChoice;
} {
  if (value === undefined || value === null) return { tools: [] };
  if (!isObject(value)) return refuseField('toolConfig', 'an object');
  if (!Array.isArray(value['tools'])) return refuseField('toolConfig.tools', 'a list of tools');
  warnOfUnread(value, ['tools', 'toolChoice'], { at: 'toolConfig', warn });
  const tools: NeutralTool[] = [];
  for (const [index, tool] of value['tools'].entries()) {
    const path = `toolConfig.tools[${index}]`;
    if (!isObject(tool)) return refuseField(path, 'an object');
    const cache = decodeCachePoint(tool);
    const previous = tools.at(-1);
    if (cache !== undefined && previous?.type === 'function' && previous.cache === undefined) {
      tools[tools.length - 1] = { ...previous, cache };
    } else {
      tools.push(decodeTool(tool, path));
    }
  }
  const toolChoice = decodeToolChoice(value['toolChoice']);
  return toolChoice === undefined ? { tools } : { tools, toolChoice };
}

function decodeTool(tool: JsonObject, path: string): NeutralTool {
  const spec = asObject(tool['toolSpec']);
  if (spec === undefined) {
    const name = asString(asObject(tool['systemTool'])?.['name']) ?? Object.keys(tool)[0] ?? 'tool';
    return { type: 'provider', dialect: BEDROCK, name, value: tool };
  }
  const name = asString(spec['name']) ?? refuseField(`${path}.toolSpec.name`, 'a string');
  const parameters =
    asObject(asObject(spec['inputSchema'])?.['json']) ?? refuseField(`${path}.toolSpec.inputSchema.json`, 'an object');
  const description = asString(spec['description']);
  const exact = hasOnly(tool, ['toolSpec']) && hasOnly(spec, ['name', 'description', 'inputSchema', 'strict']);
  return {
    type: 'function',
    name,
    parameters,
    ...(description === undefined ? {} : { description }),
    ...(typeof spec['strict'] === 'boolean' ? { strict: spec['strict'] } : {}),
    ...(exact ? {} : { origin: originOf(tool) }),
  };
}

function decodeToolChoice(value: JsonValue | undefined): NeutralToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) {
    if (value['auto'] !== undefined) return { type: 'auto' };
    if (value['any'] !== undefined) return { type: 'required' };
    const name = asString(asObject(value['tool'])?.['name']);
    if (name !== undefined) return { type: 'tool', name };
  }
  return refuseField('toolConfig.toolChoice', 'one of {auto}, {any}, {tool: {name}}');
}
