import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralReasoning, NeutralRequest } from '../neutral/request.ts';
import { refuseField } from './refuse-field.ts';
import { asNumber, asObject, asString, omit } from './wire.ts';

type InferenceFields = Pick<NeutralRequest, 'maxOutputTokens' | 'temperature' | 'topP' | 'stop'>;

/** Reads `inferenceConfig`; `rest` holds fields it does not know. */
export function decodeInferenceConfig(value: JsonValue | undefined): { fields: InferenceFields; rest?: JsonObject } {
  if (value === undefined || value === null) return { fields: {} };
  if (!isObject(value)) return refuseField('inferenceConfig', 'an object');
  const maxOutputTokens = numberField(value, 'maxTokens');
  const temperature = numberField(value, 'temperature');
  const topP = numberField(value, 'topP');
  const stop = stopField(value['stopSequences']);
  const rest = omit(value, ['maxTokens', 'temperature', 'topP', 'stopSequences']);
  return {
    fields: {
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { topP }),
      ...(stop === undefined ? {} : { stop }),
    },
    ...(Object.keys(rest).length === 0 ? {} : { rest }),
  };
}

function numberField(config: JsonObject, name: string): number | undefined {
  const value = config[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' ? value : refuseField(`inferenceConfig.${name}`, 'a number');
}

function stopField(value: JsonValue | undefined): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return refuseField('inferenceConfig.stopSequences', 'a list of strings');
  return value.map((stop) => asString(stop) ?? refuseField('inferenceConfig.stopSequences', 'a list of strings'));
}

/** Reads `outputConfig.textFormat` (API_runtime_OutputFormat); its schema is JSON text. */
export function decodeOutputConfig(outputConfig: JsonObject): Pick<NeutralRequest, 'responseFormat'> {
  const format = asObject(outputConfig['textFormat']);
  if (format === undefined) return {};
  const path = 'outputConfig.textFormat.structure.jsonSchema';
  const definition = asObject(asObject(format['structure'])?.['jsonSchema']) ?? refuseField(path, 'an object');
  const schema = parseSchema(definition['schema']) ?? refuseField(`${path}.schema`, 'a JSON Schema object as a string');
  const description = asString(definition['description']);
  return {
    responseFormat: {
      type: 'json-schema',
      name: asString(definition['name']) ?? '',
      schema,
      ...(description === undefined ? {} : { description }),
    },
  };
}

function parseSchema(value: JsonValue | undefined): JsonObject | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const schema: unknown = JSON.parse(value);
    return isObject(schema) ? schema : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads what `additionalModelRequestFields` and `outputConfig.effort` say of thinking, in any maker's spelling: Claude's
 * `thinking` and `output_config.effort`, Nova's `reasoningConfig`, `reasoning_effort`, OpenAI's `reasoning.effort`.
 */
export function decodeReasoningFields(
  additional: JsonObject,
  outputConfig: JsonObject,
): Pick<NeutralRequest, 'reasoning'> {
  const reasoning: NeutralReasoning = {};
  const thinking = asObject(additional['thinking']) ?? asObject(additional['reasoning_config']);
  if (thinking !== undefined) {
    if (thinking['type'] === 'adaptive') reasoning.adaptive = true;
    else reasoning.enabled = thinking['type'] !== 'disabled';
    const budgetTokens = asNumber(thinking['budget_tokens']);
    if (budgetTokens !== undefined) reasoning.budgetTokens = budgetTokens;
  }
  const nova = asObject(additional['reasoningConfig']);
  if (nova !== undefined) reasoning.enabled = nova['type'] !== 'disabled';
  const effort = asEffort(
    asObject(additional['output_config'])?.['effort'] ??
      outputConfig['effort'] ??
      nova?.['maxReasoningEffort'] ??
      additional['reasoning_effort'] ??
      asObject(additional['reasoning'])?.['effort'] ??
      additional['reasoning_config'],
  );
  if (effort !== undefined) reasoning.effort = effort;
  return Object.keys(reasoning).length === 0 ? {} : { reasoning };
}

/** Reads Claude's own `tool_choice` in `additionalModelRequestFields`; Converse's, where there is one, says which tool. */
export function decodeClaudeToolChoice(
  additional: JsonObject,
): Pick<NeutralRequest, 'toolChoice' | 'parallelToolCalls'> {
  const choice = asObject(additional['tool_choice']);
  const name = asString(choice?.['name']);
  return {
    ...(choice?.['type'] === 'any' ? { toolChoice: { type: 'required' } } : {}),
    ...(choice?.['type'] === 'tool' && name !== undefined ? { toolChoice: { type: 'tool', name } } : {}),
    ...(choice?.['disable_parallel_tool_use'] === true ? { parallelToolCalls: false } : {}),
  };
}

function asEffort(value: JsonValue | undefined): NonNullable<NeutralReasoning['effort']> | undefined {
  switch (value) {
    case 'none':
    case 'minimal':
    case 'low':
    case 'medium':
    case 'high':
    case 'xhigh':
    case 'max':
      return value;
    default:
      return undefined;
  }
}
