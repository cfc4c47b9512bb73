import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { encodeConfig } from './encode-config.ts';
import { encodeContents } from './encode-contents.ts';
import type { PartState } from './encode-parts.ts';
import { encodeToolConfig, encodeTools } from './encode-tools.ts';
import { describeModel } from './model-version.ts';
import { readOpenAiExtras } from './openai-extras.ts';
import { objectField } from './wire.ts';

/** Service tiers that Gemini knows (https://ai.google.dev/gemini-api/docs/optimization). */
const SERVICE_TIERS: readonly string[] = ['flex', 'standard', 'priority'];

const NOT_PRINTABLE = /[^\x20-\x7e]/g;
const MAX_WARNING = 200;

/**
 * Writes the body of `generateContent` and `streamGenerateContent`; model and method stand in the path.
 * Source: https://ai.google.dev/api/generate-content and Vertex AI's page of the same method.
 */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const warn = warnOnce(context);
  const state: PartState = { model: describeModel(request.model), warn };
  const extras = readOpenAiExtras(request, warn);
  const gemini = request.extensions?.gemini ?? {};
  const { generationConfig: _, toolConfig: __, ...own } = gemini;

  const { contents, systemInstruction } = encodeContents(request.messages, state);
  const body: JsonObject = {
    // protocol buffers' JSON spells the empty list `null`; Google and its emulators take it in both places.
    contents: contents.length === 0 ? null : contents,
    tools: encodeTools(request.tools, state),
  };
  const toolConfig = encodeToolConfig(request, objectField(gemini, 'toolConfig'), extras.allowedTools);
  if (toolConfig !== undefined) body['toolConfig'] = toolConfig;
  // Written after the contents: only they tell which media resolution is wanted.
  body['generationConfig'] = encodeConfig(request, state, { own: objectField(gemini, 'generationConfig'), extras });
  if (systemInstruction !== undefined) body['systemInstruction'] = systemInstruction;
  warnOfLosses(request, warn);
  const tier = request.serviceTier;
  if (tier !== undefined && SERVICE_TIERS.includes(tier)) body['serviceTier'] = tier;
  return { ...body, ...extras.body, ...own };
}

/** Names each loss once. Warnings travel in a header and may quote the client's field names: printable ASCII only. */
function warnOnce(context: EncodeContext): (warning: string) => void {
  const warned = new Set<string>();
  return (warning) => {
    const text = warning.replace(NOT_PRINTABLE, '?').slice(0, MAX_WARNING);
    if (warned.has(text)) return;
    warned.add(text);
    context.warn(text);
  };
}

function warnOfLosses(request: NeutralRequest, warn: (warning: string) => void): void {
  if (request.parallelToolCalls === false) warn('parallel_tool_calls is left out: Gemini has no such field');
  if (request.user !== undefined) warn('user is left out: Gemini has no such field');
  if (request.metadata !== undefined) warn('metadata is left out: Gemini has no such field');
  const tier = request.serviceTier;
  if (tier !== undefined && tier !== 'auto' && tier !== 'default' && !SERVICE_TIERS.includes(tier)) {
    warn(`service_tier ${tier} is left out: Gemini knows ${SERVICE_TIERS.join(', ')}`);
  }
}
