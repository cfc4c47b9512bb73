import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralRequest, NeutralTool, NeutralToolChoice } from '../neutral/request.ts';
import { encodeCachePoint } from './encode-content.ts';
import type { ModelTraits } from './model-family.ts';
import { BEDROCK } from './wire.ts';

/** Anthropic's tools that the client runs; Claude takes them through `additionalModelRequestFields.tools`. */
const CLIENT_RUN_TOOL = /^(bash|text_editor|computer|memory)_\d{8}$/;

/** How Claude is told to call one tool at most in a turn. */
const ONE_CALL: JsonObject = { type: 'auto', disable_parallel_tool_use: true };

/** What the tools of a request come to. */
export interface EncodedTools {
  toolConfig?: JsonObject;
  /** Tools in Claude's own form. */
  claudeTools: JsonObject[];
  /** Claude's own `tool_choice`, where Converse's says less. */
  claudeToolChoice?: JsonObject;
}

/**
 * Writes `toolConfig` (API_runtime_ToolConfiguration). It has no word for `tool_choice: none`: the tools are then left
 * out, unless the conversation holds tool blocks, which Bedrock refuses without `toolConfig`.
 */
export function encodeTools(
  request: NeutralRequest,
  traits: ModelTraits,
  warn: (warning: string) => void,
): EncodedTools {
  const tools: JsonObject[] = [];
  const claudeTools: JsonObject[] = [];
  request.tools.forEach((tool, index) => {
    if (tool.type === 'function') {
      tools.push(encodeFunction(tool, traits, warn));
      if (tool.cache !== undefined) tools.push(encodeCachePoint(tool.cache));
    } else if (tool.dialect === BEDROCK) {
      tools.push(tool.value);
    } else if (traits.family === 'claude' && tool.dialect === 'anthropic' && isClientRun(tool.value)) {
      claudeTools.push(tool.value);
    } else {
      throw new GatewayError(
        'unsupported_parameter',
        `The tool ${tool.name} is run by its provider (${tool.dialect}), which Bedrock Converse cannot do; leave it out.`,
        { param: `tools[${index}]` },
      );
    }
  });
  if (tools.length === 0) {
    const called = traits.family === 'other' ? [] : toolsCalledBefore(request);
    if (called.length === 0) return { claudeTools };
    warn('The tools called before were sent as tools without a schema: Bedrock refuses tool blocks without tools.');
    return { toolConfig: { tools: called }, claudeTools };
  }
  const choice = request.toolChoice;
  if (choice?.type === 'none') {
    if (!holdsToolBlocks(request)) return { claudeTools: [] };
    warn('tool_choice none was not sent: Bedrock Converse has none, and the conversation needs its tools.');
  }
  if (request.parallelToolCalls === false) {
    const freely = choice === undefined || choice.type === 'auto';
    // Converse has no word for it, and refuses two tool choices that differ.
    if (freely && traits.claude?.oneCallOnConverse === true) {
      return { toolConfig: { tools }, claudeTools, claudeToolChoice: ONE_CALL };
    }
    warn('parallel_tool_calls false was not sent: Bedrock Converse can forbid several calls only to Claude since 4.5.');
  }
  const toolChoice = encodeToolChoice(choice);
  return { toolConfig: { tools, ...(toolChoice === undefined ? {} : { toolChoice }) }, claudeTools };
}

function encodeFunction(
  tool: Extract<NeutralTool, { type: 'function' }>,
  traits: ModelTraits,
  warn: (warning: string) => void,
): JsonObject {
  if (tool.origin?.dialect === BEDROCK) return tool.origin.value;
  const spec: JsonObject = { name: tool.name };
  if (tool.description !== undefined && tool.description !== '') spec['description'] = tool.description;
  spec['inputSchema'] = { json: tool.parameters ?? { type: 'object', properties: {} } };
  if (tool.strict === true) {
    if (traits.refusesStrictTools)
      warn('strict was not sent for a tool: the model does not enforce schemas on Bedrock.');
    else spec['strict'] = true;
  }
  return { toolSpec: spec };
}

function encodeToolChoice(choice: NeutralToolChoice | undefined): JsonObject | undefined {
  switch (choice?.type) {
    case 'auto':
      return { auto: {} };
    case 'required':
      return { any: {} };
    case 'tool':
      return { tool: { name: choice.name } };
    case 'none':
    case undefined:
      return undefined;
  }
}

function isClientRun(tool: JsonObject): boolean {
  return typeof tool['type'] === 'string' && CLIENT_RUN_TOOL.test(tool['type']);
}

/**
 * The tools a conversation without `tools` called before. Left out for a model of unknown make, which gets what the
 * reference system would send it.
 */
function toolsCalledBefore(request: NeutralRequest): JsonObject[] {
  const names = new Set<string>();
  for (const message of request.messages) {
    for (const part of message.content) if (part.type === 'tool-call') names.add(part.name);
  }
  return [...names].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: 'object', properties: {} } } } }));
}

function holdsToolBlocks(request: NeutralRequest): boolean {
  return request.messages.some((message) =>
    message.content.some((part) => part.type === 'tool-call' || part.type === 'tool-result'),
  );
}
