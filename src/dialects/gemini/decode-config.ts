import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { DecodeContext } from '../dialect.ts';
import type { NeutralReasoning, NeutralRequest, NeutralResponseFormat } from '../neutral/request.ts';
import { warnOfUnread } from '../neutral/unread-fields.ts';
import { fromOpenApiSchema } from './from-openapi-schema.ts';
import { camelKeys, numberField, objectField, stringField } from './wire.ts';

const EFFORTS: Readonly<Record<string, NonNullable<NeutralReasoning['effort']>>> = {
  MINIMAL: 'minimal',
  LOW: 'low',
  MEDIUM: 'medium',
  HIGH: 'high',
};

const THINKING_FIELDS = ['thinkingBudget', 'thinkingLevel', 'includeThoughts'];

/** `generationConfig` fields that are numbers, and the neutral field of each. */
const NUMBERS = {
  maxOutputTokens: 'maxOutputTokens',
  temperature: 'temperature',
  topP: 'topP',
  topK: 'topK',
  seed: 'seed',
  candidateCount: 'candidateCount',
  presencePenalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
} as const satisfies Record<string, keyof NeutralRequest>;

/**
 * Reads `generationConfig` into the request. Returns the fields without neutral meaning, to travel as
 * an extension. Throws GatewayError `invalid_request` naming the field that is wrong.
 */
export function decodeConfig(value: unknown, request: NeutralRequest, context: DecodeContext): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid('generationConfig', 'must be an object');
  const remaining: JsonObject = { ...camelKeys(value) };
  const take = (name: string): void => {
    delete remaining[name];
  };
  for (const [name, field] of Object.entries(NUMBERS)) {
    const given = remaining[name];
    if (given === undefined || given === null) {
      take(name);
      continue;
    }
    const number = numberField(remaining, name);
    if (number === undefined) throw invalid(`generationConfig.${name}`, 'must be a number');
    request[field] = number;
    take(name);
  }
  const stop = remaining['stopSequences'];
  if (Array.isArray(stop)) {
    request.stop = stop.map((entry, index) => {
      if (typeof entry === 'string') return entry;
      throw invalid(`generationConfig.stopSequences[${index}]`, 'must be a string');
    });
    take('stopSequences');
  }
  if (remaining['responseLogprobs'] === true) {
    const top = numberField(remaining, 'logprobs');
    request.logprobs = top === undefined ? {} : { top };
    take('responseLogprobs');
    take('logprobs');
  }
  const format = decodeFormat(remaining);
  if (format !== undefined) {
    request.responseFormat = format;
    for (const name of ['responseMimeType', 'responseSchema', 'responseJsonSchema']) take(name);
  }
  const thinking = objectField(remaining, 'thinkingConfig');
  if (thinking !== undefined) {
    request.reasoning = decodeThinking(camelKeys(thinking), context);
    take('thinkingConfig');
  }
  return Object.keys(remaining).length === 0 ? undefined : remaining;
}

/** `undefined` for forms without a neutral name, such as `text/x.enum`: these stay Gemini's own. */
function decodeFormat(config: JsonObject): NeutralResponseFormat | undefined {
  const mimeType = stringField(config, 'responseMimeType');
  if (mimeType === 'text/plain') return { type: 'text' };
  if (mimeType !== 'application/json') return undefined;
  const jsonSchema = objectField(config, 'responseJsonSchema');
  if (jsonSchema !== undefined) return { type: 'json-schema', name: 'response', schema: jsonSchema };
  const schema = objectField(config, 'responseSchema');
  if (schema !== undefined) return { type: 'json-schema', name: 'response', schema: fromOpenApiSchema(schema) };
  return { type: 'json' };
}

function decodeThinking(config: JsonObject, { warn }: DecodeContext): NeutralReasoning {
  warnOfUnread(config, THINKING_FIELDS, { at: 'generationConfig.thinkingConfig', warn });
  const reasoning: NeutralReasoning = {};
  const budget = numberField(config, 'thinkingBudget');
  if (budget === 0) reasoning.enabled = false;
  else if (budget === -1) reasoning.adaptive = true;
  else if (budget !== undefined) reasoning.budgetTokens = budget;
  const level = stringField(config, 'thinkingLevel')?.toUpperCase() ?? '';
  const effort = Object.hasOwn(EFFORTS, level) ? EFFORTS[level] : undefined;
  if (effort !== undefined) reasoning.effort = effort;
  else if (level !== '' && level !== 'THINKING_LEVEL_UNSPECIFIED') {
    warn?.("The field 'generationConfig.thinkingConfig.thinkingLevel' was left out: its value is not known here.");
  }
  if (config['includeThoughts'] === true) {
    reasoning.summary = 'auto';
    reasoning.enabled ??= true;
  }
  return reasoning;
}

function invalid(where: string, what: string): GatewayError {
  return new GatewayError('invalid_request', `${where} ${what}.`, { param: where });
}
