import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { EncodeContext } from '../dialect.ts';
import { bedrockBetaFlags } from '../envelopes/anthropic-beta.ts';
import type { NeutralMessage, NeutralRequest } from '../neutral/request.ts';
import { lostParts } from '../openai/foreign-extensions.ts';
import { fitClaudeSampling } from './encode-claude.ts';
import { createPartEncoder, type PartEncoder } from './encode-content.ts';
import {
  encodeInferenceConfig,
  encodeMetadata,
  encodeOutputConfig,
  encodeReasoningFields,
  encodeServiceTier,
  encodeTopK,
} from './encode-parameters.ts';
import { encodeTools } from './encode-tools.ts';
import { type ModelTraits, modelTraits } from './model-family.ts';
import { asObject, BEDROCK, pick } from './wire.ts';

type Warn = (warning: string) => void;

/** Converse fields with no neutral meaning; clients of other APIs may send them under these names as well. */
const CONVERSE_FIELDS = [
  'guardrailConfig',
  'performanceConfig',
  'promptVariables',
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
];

/** Anthropic's fields that Claude takes through `additionalModelRequestFields`. */
const CLAUDE_FIELDS = ['anthropic_beta', 'context_management'];

/** Fields of other APIs that ask for nothing Bedrock would have to do, or are read where they count. */
const MUTE_FIELDS = ['stream_options', 'store', 'thinking', 'reasoning', 'safety_identifier'];

/** Any maker's spelling of thinking: what the client wrote itself stands. */
const REASONING_FIELDS = [
  'thinking',
  'output_config',
  'reasoning_config',
  'reasoningConfig',
  'reasoning_effort',
  'reasoning',
];

/**
 * Writes the body of Converse and ConverseStream (API_runtime_Converse). The model stands in the path. `messages` and
 * `inferenceConfig` are always there, empty or not. What Bedrock cannot do is warned of, or refused with
 * `unsupported_parameter` where leaving it out would change what the client gets (`n`, web images, provider-run tools).
 */
export function encodeRequest(request: NeutralRequest, context: EncodeContext): JsonObject {
  const warn = warnOnce(context);
  if ((request.candidateCount ?? 1) > 1) {
    throw new GatewayError('unsupported_parameter', 'Bedrock Converse gives one answer a request: n must be 1.', {
      param: 'n',
    });
  }
  const traits = modelTraits(request.model);
  const own = ownFields(request, warn);
  const { system, messages } = encodeMessages(request.messages, createPartEncoder(traits, warn), warn);
  const { toolConfig, claudeTools, claudeToolChoice } = encodeTools(request, traits, warn);
  const additional = encodeAdditional(request, asObject(own['additionalModelRequestFields']) ?? {}, {
    traits,
    warn,
    beta: context.anthropicBeta ?? [],
  });
  if (claudeTools.length > 0 && additional['tools'] === undefined) additional['tools'] = claudeTools;
  setIfAbsent(additional, 'tool_choice', claudeToolChoice);
  const inferenceConfig = { ...asObject(own['inferenceConfig']), ...encodeInferenceConfig(request, warn) };
  if (traits.claude !== undefined) fitClaudeSampling(inferenceConfig, additional, { traits: traits.claude, warn });
  warnOfUnsupported(request, warn);

  const body: JsonObject = { ...own, messages, inferenceConfig };
  delete body['additionalModelRequestFields'];
  if (system.length > 0) body['system'] = system;
  if (toolConfig !== undefined) body['toolConfig'] = toolConfig;
  if (Object.keys(additional).length > 0) body['additionalModelRequestFields'] = additional;
  setIfAbsent(body, 'outputConfig', encodeOutputConfig(request, warn));
  setIfAbsent(body, 'requestMetadata', encodeMetadata(request.metadata, warn));
  setIfAbsent(body, 'serviceTier', encodeServiceTier(request.serviceTier, warn));
  return body;
}

/** A loss is named once, however many parts suffer it. */
function warnOnce(context: EncodeContext): Warn {
  const said = new Set<string>();
  return (warning) => {
    if (said.has(warning)) return;
    said.add(warning);
    context.warn(warning);
  };
}

function setIfAbsent(body: JsonObject, name: string, value: JsonObject | undefined): void {
  if (value !== undefined && body[name] === undefined) body[name] = value;
}

/** The Converse fields the client wrote itself; a Converse client's all, another's by name. */
function ownFields(request: NeutralRequest, warn: Warn): JsonObject {
  const fields: JsonObject = {};
  for (const [dialect, extension] of Object.entries(request.extensions ?? {})) {
    if (extension === undefined) continue;
    if (dialect === BEDROCK) {
      Object.assign(fields, extension);
      continue;
    }
    Object.assign(fields, pick(extension, CONVERSE_FIELDS));
    for (const name of Object.keys(extension)) {
      if (CONVERSE_FIELDS.includes(name) || CLAUDE_FIELDS.includes(name) || MUTE_FIELDS.includes(name)) continue;
      for (const path of lostParts(dialect, name, extension[name])) {
        warn(`The field ${printable(path)} was not sent: Bedrock Converse has none like it.`);
      }
    }
  }
  return fields;
}

function encodeAdditional(
  request: NeutralRequest,
  own: JsonObject,
  { traits, warn, beta }: { traits: ModelTraits; warn: Warn; beta: readonly string[] },
): JsonObject {
  const fields: JsonObject = {};
  const anthropic = pick(request.extensions?.anthropic ?? {}, CLAUDE_FIELDS);
  if (traits.family === 'claude' || traits.family === 'other') Object.assign(fields, anthropic);
  else for (const name of Object.keys(anthropic)) warn(`The field ${name} was not sent: the model is not a Claude.`);
  const flags = traits.family === 'claude' ? bedrockBetaFlags(beta, warn) : [];
  if (beta.length > 0 && traits.family !== 'claude') {
    warn('The anthropic-beta flags were not sent: the model is not a Claude.');
  }
  if (flags.length > 0) {
    const named = fields['anthropic_beta'];
    fields['anthropic_beta'] = [...new Set([...(Array.isArray(named) ? named : []), ...flags])];
  }
  Object.assign(fields, encodeTopK(request.topK, traits, warn));
  if (!REASONING_FIELDS.some((name) => own[name] !== undefined)) {
    Object.assign(fields, encodeReasoningFields(request, traits, warn));
  }
  return Object.assign(fields, own);
}

function warnOfUnsupported(request: NeutralRequest, warn: Warn): void {
  const unsupported: [name: string, value: unknown][] = [
    ['seed', request.seed],
    ['frequency_penalty', request.frequencyPenalty],
    ['presence_penalty', request.presencePenalty],
    ['logprobs', request.logprobs],
    ['user', request.user],
  ];
  for (const [name, value] of unsupported) {
    if (value !== undefined) warn(`${name} was not sent: Bedrock Converse has none.`);
  }
  for (const message of request.messages) {
    if (message.name !== undefined) warn('The name of a message was not sent: Bedrock Converse has none.');
    for (const part of message.content) {
      if (part.type === 'image' && part.detail !== undefined && part.detail !== 'auto') {
        warn('The detail of an image was not sent: Bedrock Converse has none.');
      }
    }
  }
}

/** System turns go to `system`; the others alternate, tool results in one user message with what the user says. */
function encodeMessages(
  turns: readonly NeutralMessage[],
  encodePart: PartEncoder,
  warn: Warn,
): { system: JsonObject[]; messages: JsonObject[] } {
  const system: JsonObject[] = [];
  const messages: { role: string; content: JsonObject[] }[] = [];
  turns.forEach((turn, index) => {
    const blocks = turn.content.flatMap((part, at) => encodePart(part, `messages[${index}].content[${at}]`));
    if (blocks.length === 0) return;
    const role = roleOf(turn, messages.length > 0);
    if (role === 'top') {
      if (messages.length > 0) warn('A system message amid the conversation was sent at its start.');
      system.push(...blocks);
      return;
    }
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: blocks });
  });
  return { system, messages: messages.map(({ role, content }) => ({ role, content })) };
}

function roleOf(turn: NeutralMessage, amid: boolean): 'user' | 'assistant' | 'system' | 'top' {
  switch (turn.role) {
    case 'user':
    case 'tool':
      return 'user';
    case 'assistant':
      return 'assistant';
    case 'system':
    case 'developer':
      // A Converse client that put the turn amid the conversation means it to stand there.
      return amid && turn.content.every((part) => part.origin?.dialect === BEDROCK) ? 'system' : 'top';
  }
}

function printable(name: string): string {
  return name.slice(0, 64).replace(/[^!-~]/g, '?');
}
