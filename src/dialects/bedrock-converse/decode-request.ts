import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import { placeCallSignatures, thoughtTokens } from '../neutral/opaque-token.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { warnOfUnread } from '../neutral/unread-fields.ts';
import { decodeBlock, decodeCachePoint } from './decode-content.ts';
import {
  decodeClaudeToolChoice,
  decodeInferenceConfig,
  decodeOutputConfig,
  decodeReasoningFields,
} from './decode-parameters.ts';
import { decodeToolConfig } from './decode-tools.ts';
import { refuseField } from './refuse-field.ts';
import { asObject, asString, BEDROCK, omit, originOf } from './wire.ts';

/** Fields that the neutral request holds exactly; all others travel in its extensions as they are. */
const NEUTRAL_FIELDS = [
  'modelId',
  'messages',
  'system',
  'inferenceConfig',
  'toolConfig',
  'requestMetadata',
  'serviceTier',
];

/**
 * Reads the body of `POST /model/{id}/converse` or `/converse-stream` (API_runtime_Converse); the model and whether to
 * stream come from the path. `additionalModelRequestFields` and `outputConfig` are read for other targets and kept
 * as they are for Bedrock.
 */
export function decodeRequest(body: JsonObject, context: DecodeContext): NeutralRequest {
  const model = context.model ?? asString(body['modelId']);
  if (model === undefined || model === '') {
    throw new GatewayError('invalid_request', 'The path must name the model: /model/{id}/converse.', {
      param: 'modelId',
    });
  }
  const { tools, toolChoice } = decodeToolConfig(body['toolConfig'], context);
  const inference = decodeInferenceConfig(body['inferenceConfig']);
  const metadata = decodeMetadata(body['requestMetadata']);
  const serviceTier = asString(asObject(body['serviceTier'])?.['type']);
  const additional = objectField(body, 'additionalModelRequestFields');
  const topK = decodeTopK(additional);
  const extension = omit(body, NEUTRAL_FIELDS);
  if (inference.rest !== undefined) extension['inferenceConfig'] = inference.rest;
  return {
    model,
    stream: context.stream ?? false,
    messages: [...decodeSystem(body['system']), ...decodeMessages(body['messages'], context)],
    tools,
    ...decodeClaudeToolChoice(additional),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...inference.fields,
    ...(topK === undefined ? {} : { topK }),
    ...decodeOutputConfig(objectField(body, 'outputConfig')),
    ...decodeReasoningFields(additional, objectField(body, 'outputConfig')),
    ...(metadata === undefined ? {} : { metadata }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(Object.keys(extension).length === 0 ? {} : { extensions: { [BEDROCK]: extension } }),
  };
}

function objectField(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  if (value === undefined || value === null) return {};
  return isObject(value) ? value : refuseField(name, 'an object');
}

function blocksOf(value: JsonValue | undefined, path: string): JsonObject[] {
  if (!Array.isArray(value)) return refuseField(path, 'a list of content blocks');
  return value.map((block, index) => (isObject(block) ? block : refuseField(`${path}[${index}]`, 'an object')));
}

function decodeSystem(system: JsonValue | undefined): NeutralMessage[] {
  if (system === undefined || system === null) return [];
  const content = decodeBlocks(blocksOf(system, 'system'), 'system');
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

function decodeMessages(messages: JsonValue | undefined, { warn }: DecodeContext): NeutralMessage[] {
  if (messages === undefined || messages === null) return [];
  if (!Array.isArray(messages)) return refuseField('messages', 'a list of messages');
  const toolNames = new Map<string, string>();
  return messages.flatMap((message, index) => {
    const path = `messages[${index}]`;
    if (!isObject(message)) return refuseField(path, 'an object');
    warnOfUnread(message, ['role', 'content'], { at: 'messages[]', warn });
    const content = decodeBlocks(blocksOf(message['content'], `${path}.content`), `${path}.content`);
    switch (message['role']) {
      case 'assistant':
        for (const part of content) if (part.type === 'tool-call') toolNames.set(part.id, part.name);
        return [{ role: 'assistant', content }];
      case 'user':
        return splitToolResults(content, toolNames);
      case 'system':
        // The origin keeps the turn where it stands when it goes back to Bedrock.
        return [{ role: 'system', content: content.map(withOrigin) }];
      default:
        return refuseField(`${path}.role`, 'user, assistant or system');
    }
  });
}

function withOrigin(part: NeutralPart): NeutralPart {
  return part.type === 'text' && part.origin === undefined ? { ...part, origin: originOf({ text: part.text }) } : part;
}

function decodeBlocks(blocks: JsonObject[], path: string): NeutralPart[] {
  const parts: NeutralPart[] = [];
  blocks.forEach((block, index) => {
    const cache = decodeCachePoint(block);
    const previous = parts.at(-1);
    if (cache === undefined) {
      parts.push(decodeBlock(block, (field, wanted) => refuseField(`${path}[${index}].${field}`, wanted)));
    } else if (previous === undefined || previous.cache !== undefined) {
      parts.push({ type: 'opaque', dialect: BEDROCK, value: block });
    } else {
      parts[parts.length - 1] = { ...previous, cache };
    }
  });
  return placeCallSignatures(parts.map(returned));
}

/** A thought that comes back says whose token it carries: an unmarked one is the model's on Bedrock. */
function returned(part: NeutralPart): NeutralPart {
  if (part.type !== 'reasoning') return part;
  const token = part.encrypted ?? part.signature;
  if (token === undefined) return part;
  const { type, text } = part;
  return { type, text, ...thoughtTokens(token, part.encrypted === undefined ? 'signature' : 'encrypted', BEDROCK) };
}

/** A Converse user message holds tool results and words; neutral tool results stand in turns of their own. */
function splitToolResults(content: NeutralPart[], toolNames: ReadonlyMap<string, string>): NeutralMessage[] {
  const messages: NeutralMessage[] = [];
  for (const part of content) {
    const role = part.type === 'tool-result' ? 'tool' : 'user';
    const name = part.type === 'tool-result' ? toolNames.get(part.callId) : undefined;
    const named = name === undefined ? part : { ...part, name };
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(named);
    else messages.push({ role, content: [named] });
  }
  return messages;
}

function decodeMetadata(value: JsonValue | undefined): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return refuseField('requestMetadata', 'an object of strings');
  const metadata: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    metadata[name] = typeof text === 'string' ? text : refuseField(`requestMetadata.${name}`, 'a string');
  }
  return metadata;
}

/** Claude and Mistral spell it `top_k`, Nova `inferenceConfig.topK`, Cohere `k`. */
function decodeTopK(additional: JsonObject): number | undefined {
  const value = additional['top_k'] ?? asObject(additional['inferenceConfig'])?.['topK'] ?? additional['k'];
  return typeof value === 'number' ? value : undefined;
}
