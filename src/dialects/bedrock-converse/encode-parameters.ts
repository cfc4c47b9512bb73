import type { JsonObject } from '../../json/types.ts';
import type { NeutralReasoning, NeutralRequest } from '../neutral/request.ts';
import { encodeThinking } from './encode-claude.ts';
import type { ModelTraits } from './model-family.ts';

type Effort = NonNullable<NeutralReasoning['effort']>;
type Warn = (warning: string) => void;

/**
 * Writes what `additionalModelRequestFields` says of thinking, in the spelling of the model's maker:
 * Claude `thinking` and `output_config.effort`; Nova `reasoningConfig.maxReasoningEffort`; gpt-oss and Kimi
 * `reasoning_effort`; other OpenAI models `reasoning.effort`. A model of unknown make gets Claude's `thinking`, and a
 * bare effort as `reasoning_config`, as the reference system sends them.
 */
export function encodeReasoningFields(request: NeutralRequest, traits: ModelTraits, warn: Warn): JsonObject {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return {};
  switch (traits.family) {
    case 'claude':
      return encodeThinking(request, traits.claude, warn);
    case 'nova':
      return encodeNova(reasoning, warn);
    case 'gpt-oss':
    case 'kimi':
      return encodeOpenEffort(reasoning, warn);
    case 'gpt':
      return { reasoning: { effort: effortOf(reasoning, { minimal: 'low' }, warn) } };
    case 'llama':
    case 'cohere':
      warn('The reasoning settings were not sent: the model has none on Bedrock.');
      return {};
    case 'other': {
      const explicit =
        request.extensions?.anthropic !== undefined ||
        reasoning.enabled !== undefined ||
        reasoning.adaptive ||
        reasoning.budgetTokens !== undefined;
      if (explicit) return encodeThinking(request, undefined, warn);
      return reasoning.effort === undefined ? {} : { reasoning_config: reasoning.effort };
    }
  }
}

function encodeNova(reasoning: NeutralReasoning, warn: Warn): JsonObject {
  if (reasoning.enabled === false || reasoning.effort === 'none') return { reasoningConfig: { type: 'disabled' } };
  const maxReasoningEffort = effortOf(reasoning, { minimal: 'low', xhigh: 'high', max: 'high' }, warn);
  return { reasoningConfig: { type: 'enabled', maxReasoningEffort } };
}

function encodeOpenEffort(reasoning: NeutralReasoning, warn: Warn): JsonObject {
  if (reasoning.enabled === false || reasoning.effort === 'none') {
    warn('Reasoning was sent as low effort: the model cannot leave it out.');
    return { reasoning_effort: 'low' };
  }
  return { reasoning_effort: effortOf(reasoning, { minimal: 'low', xhigh: 'high', max: 'high' }, warn) };
}

/** The effort to send, replaced where the model does not know it; a budget stands for the effort it would buy. */
function effortOf(reasoning: NeutralReasoning, replaced: Partial<Record<Effort, Effort>>, warn: Warn): Effort {
  if (reasoning.effort !== undefined) {
    const known = replaced[reasoning.effort] ?? reasoning.effort;
    if (known !== reasoning.effort) warn(`Reasoning effort ${reasoning.effort} was sent as ${known}.`);
    return known;
  }
  if (reasoning.enabled === false) return 'none';
  if (reasoning.budgetTokens === undefined) return 'medium';
  const effort = reasoning.budgetTokens <= 2048 ? 'low' : reasoning.budgetTokens <= 8192 ? 'medium' : 'high';
  warn(`The thinking budget was sent as reasoning effort ${effort}: the model takes no budget.`);
  return effort;
}

/** Writes `top_k` where the model's maker expects it. */
export function encodeTopK(topK: number | undefined, traits: ModelTraits, warn: Warn): JsonObject {
  if (topK === undefined) return {};
  switch (traits.family) {
    case 'claude':
    case 'other':
      return { top_k: topK };
    case 'nova':
      return { inferenceConfig: { topK } };
    case 'cohere':
      return { k: topK };
    case 'gpt':
    case 'gpt-oss':
    case 'kimi':
    case 'llama':
      warn('top_k was not sent: the model has none on Bedrock.');
      return {};
  }
}

/** Writes `outputConfig.textFormat` (API_runtime_OutputFormat); the schema travels as JSON text. */
export function encodeOutputConfig(request: NeutralRequest, warn: Warn): JsonObject | undefined {
  const format = request.responseFormat;
  if (format === undefined || format.type === 'text') return undefined;
  if (format.type === 'json') {
    warn('response_format json_object was not sent: Bedrock Converse has only json_schema.');
    return undefined;
  }
  const jsonSchema: JsonObject = { schema: JSON.stringify(format.schema) };
  if (format.name !== '') jsonSchema['name'] = format.name;
  if (format.description !== undefined) jsonSchema['description'] = format.description;
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
}

/** Writes `inferenceConfig`; Bedrock takes temperatures up to 1 and no empty stop sequence. */
export function encodeInferenceConfig(request: NeutralRequest, warn: Warn): JsonObject {
  const config: JsonObject = {};
  if (request.maxOutputTokens !== undefined) config['maxTokens'] = request.maxOutputTokens;
  if (request.temperature !== undefined) {
    if (request.temperature > 1) warn('The temperature was sent as 1, the highest Bedrock takes.');
    config['temperature'] = Math.min(request.temperature, 1);
  }
  if (request.topP !== undefined) config['topP'] = request.topP;
  const stop = request.stop?.filter((sequence) => sequence !== '');
  if (stop !== undefined && stop.length > 0) config['stopSequences'] = stop;
  return config;
}

const METADATA_TEXT = /^[a-zA-Z0-9\s:_@$#=/+,\-.]{0,256}$/;
const MAX_METADATA = 16;

/** Writes `requestMetadata`: at most 16 entries, of a narrow set of characters. */
export function encodeMetadata(metadata: Record<string, string> | undefined, warn: Warn): JsonObject | undefined {
  if (metadata === undefined) return undefined;
  const sound = Object.entries(metadata).filter(
    ([name, value]) => name !== '' && METADATA_TEXT.test(name) && METADATA_TEXT.test(value),
  );
  const kept = sound.slice(0, MAX_METADATA);
  if (kept.length < Object.keys(metadata).length) {
    warn(
      'Some metadata was not sent: Bedrock takes 16 entries of letters, digits and common signs, 256 characters each.',
    );
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

const SERVICE_TIERS: Readonly<Record<string, string>> = {
  default: 'default',
  standard: 'default',
  standard_only: 'default',
  flex: 'flex',
  priority: 'priority',
  reserved: 'reserved',
};

/** Writes `serviceTier`; `auto` leaves it to Bedrock. */
export function encodeServiceTier(tier: string | undefined, warn: Warn): JsonObject | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  const type = SERVICE_TIERS[tier];
  if (type === undefined) warn('The service tier was not sent: Bedrock has default, flex, priority and reserved.');
  return type === undefined ? undefined : { type };
}
