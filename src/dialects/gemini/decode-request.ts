import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { decodeConfig } from './decode-config.ts';
import { decodeContents, decodeSystemInstruction } from './decode-contents.ts';
import { decodeToolConfig, decodeTools } from './decode-tools.ts';
import { camelKeys, stringField } from './wire.ts';

/**
 * Reads the body of `generateContent` or `streamGenerateContent`; model and stream come from the path.
 * Fields without neutral meaning (`safetySettings`, `cachedContent`, `labels` …) travel in
 * `extensions.gemini`, those of `generationConfig` and `toolConfig` under these names. Throws
 * GatewayError `invalid_request` naming the field that is wrong.
 */
export function decodeRequest(raw: JsonObject, context: DecodeContext): NeutralRequest {
  const { contents, systemInstruction, tools, toolConfig, generationConfig, model, serviceTier, ...rest } =
    camelKeys(raw);
  const name = context.model ?? (typeof model === 'string' ? model.replace(/^models\//, '') : undefined);
  if (!name) throw new GatewayError('invalid_request', 'Name the model in the path.', { param: 'model' });
  const request: NeutralRequest = {
    model: name,
    stream: context.stream ?? false,
    messages: [...decodeSystemInstruction(systemInstruction), ...decodeContents(contents)],
    tools: decodeTools(tools),
  };
  const tier = stringField({ serviceTier }, 'serviceTier');
  if (tier !== undefined) request.serviceTier = tier.toLowerCase();
  const extension: JsonObject = rest;
  const config = decodeConfig(generationConfig, request, context);
  if (config !== undefined) extension['generationConfig'] = config;
  const toolSettings = decodeToolConfig(toolConfig, request, context);
  if (toolSettings !== undefined) extension['toolConfig'] = toolSettings;
  if (Object.keys(extension).length > 0) request.extensions = { gemini: extension };
  return request;
}
